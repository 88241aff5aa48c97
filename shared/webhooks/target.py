"""Where a callback may go: to public addresses, and to those that the settings name.

Without this check anybody who may send a job could make the workers send requests to services that
only the workers can reach (server-side request forgery).
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from shared.errors.input import BadCallback

MAX_URL_CHARS = 2048

_PORTS = {"http": 80, "https": 443}

#: IPv6 addresses that hold an IPv4 address (RFC 6052), to which a gateway forwards.
_NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Target:
    """Where a request goes.

    It must be sent to one of these addresses: a second name lookup may give an unchecked one.
    """

    scheme: str
    host: str
    authority: str  #: The host and, if the URL names it, the port.
    port: int
    path: str  #: The path and the query.
    addresses: tuple[str, ...]  #: The addresses of the host; each was checked.


class Allowed:
    """The addresses that are not public and may be reached all the same."""

    def __init__(self, listed: str) -> None:
        """Take networks, addresses and host names, separated by commas."""
        self._hosts, self._networks = set(), []
        for item in filter(None, (part.strip().lower() for part in listed.split(","))):
            try:
                self._networks.append(ip_network(item, strict=False))
            except ValueError:
                self._hosts.add(item)

    def admits(self, host: str, address: Address) -> bool:
        """Whether a request to this host may go to this address, one of the host's."""
        if host in self._hosts or any(address in network for network in self._networks):
            return True
        return all(
            one.is_global and not one.is_multicast and not one.is_reserved
            for one in (address, *_inside(address))
        )


def _inside(address: Address) -> list[IPv4Address]:
    """The IPv4 addresses inside an IPv6 address."""
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]


def find_target(url: str, allowed: Allowed) -> Target:
    """Resolve and check the URL of a callback.

    Raises:
        shared.errors.input.BadCallback: it is not a URL for a callback, its host is not known, or
            one of the host's addresses may not be reached.
    """
    if len(url) > MAX_URL_CHARS:
        raise BadCallback(reason=f"it is longer than {MAX_URL_CHARS:,} characters")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise BadCallback(reason="it has characters that must be percent-encoded")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadCallback(reason="it is not a URL") from None
    if parts.scheme not in _PORTS or not host:
        raise BadCallback(reason="it must be http://HOST/... or https://HOST/...")
    if "@" in parts.netloc:
        raise BadCallback(reason="it has a user's name in it; the signature says who calls")
    port = port or _PORTS[parts.scheme]
    addresses = _resolve(host, port)
    if not all(allowed.admits(host, ip_address(address)) for address in addresses):
        raise BadCallback(
            reason="it leads into a private network; if that is meant, have the network or the "
            "host named in SCORELANE_CALLBACK_ALLOW"
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, parts.netloc, port, path, addresses)


def _resolve(host: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadCallback(reason="its host is not known") from None
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
