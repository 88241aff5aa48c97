"""Where a callback may go: to public addresses, and to those that the settings name.

Without this check anybody who may send a job could make the workers send requests to services that
only the workers can reach (server-side request forgery).
"""

import socket
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

from shared.errors.input import BadCallback
from shared.no_waiting import check_may_wait

MAX_URL_CHARS = 2048

#: Why the address of a host that is not found is refused; it may be found later.
UNKNOWN_HOST = "its host is not known"

_PORTS = {"http": 80, "https": 443}

Address = IPv4Address | IPv6Address

#: IPv6 addresses that hold an IPv4 address (RFC 6052), to which a gateway forwards.
_NAT64 = ip_network("64:ff9b::/96")

#: IPv4 networks that are not of the public Internet: IANA's IPv4 Special-Purpose Address Registry
#: (https://www.iana.org/assignments/iana-ipv4-special-registry), whole, also the few anycast
#: addresses in it that are reachable; multicast; and what a cloud gives its machines. Not by
#: `is_global`, which differs from one Python to the next.
_NOT_PUBLIC_V4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by a provider's customers; 100.100.100.200: metadata (Alibaba)
        "127.0.0.0/8",
        "168.63.129.16/32",  # services of the host (Azure)
        "169.254.0.0/16",  # link-local; 169.254.169.254: metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocols; 192.0.0.192: metadata (Oracle)
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and the broadcast
    )
]

#: All that IANA has given out as global unicast. Loopback, unique local (fd00:ec2::254: metadata),
#: link-local, site-local and multicast addresses are outside.
_UNICAST = IPv6Network("2000::/3")

#: Parts of it that are not of the public Internet: IANA's IPv6 Special-Purpose Address Registry
#: (https://www.iana.org/assignments/iana-ipv6-special-registry), and the network of 6bone.
_NOT_PUBLIC_V6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocols; Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address, which a relay would unpack
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # 6bone, given back
        "3fff::/20",  # documentation
    )
]

#: The first 32 bits of the interface in an ISATAP address (RFC 5214), without the bit that tells
#: whether the IPv4 address after them is unique.
_ISATAP = 0x0000_5EFE


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
        return _is_public(address)


def _is_public(address: Address) -> bool:
    """Whether an address belongs to the public Internet, and so does an IPv4 address inside it."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    # These two stand for the IPv4 address and nothing else: what counts is where that leads.
    if address.ipv4_mapped or address in _NAT64:
        return _is_public(last)
    if (int(address) >> 32) & 0xFDFF_FFFF == _ISATAP and not _is_public(last):
        return False
    return address in _UNICAST and not any(address in network for network in _NOT_PUBLIC_V6)


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
    check_may_wait()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadCallback(reason=UNKNOWN_HOST) from None
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
