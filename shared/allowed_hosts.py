"""Decides which `Host` headers name this service, against DNS rebinding.

With DNS rebinding a web page changes the address of its own name to that of the service. The
browser then takes both for one site, and lets the page read answers. But the page's name is still
in `Host`.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from shared.config.validation import listed


class AllowedHosts:
    """The names and addresses at which a server without keys may be asked."""

    def __init__(self, names: str) -> None:
        """Take the setting `allowed_hosts`: names by comma; `*`: any."""
        self._names = frozenset(listed(names))

    def allow(self, host: str, listens_on: str) -> bool:
        """Whether a `Host` header names this service.

        Names are those that the setting lists, and `localhost`. A page cannot have an address for
        its name without being served from there, so addresses are no rebinding. A server that
        listens on the loopback alone is reached at loopback addresses.

        Args:
            host: the header; empty if there is none.
            listens_on: the address or name at which the server listens.
        """
        # Browsers always send it; some probes do not.
        if not host or "*" in self._names:
            return True
        name, _ = host_and_port(host)
        if name is None:
            return False
        if name == "localhost" or name in self._names:
            return True
        address = _address(name)
        if address is None:
            return False
        return address.is_loopback or not _is_loopback(listens_on)


def host_and_port(authority: str) -> tuple[str | None, int | None]:
    """The host of `HOST:PORT` in lower case, an IPv6 address without brackets, and the port.

    The host is None if the text has another form.
    """
    try:
        parts = urlsplit(f"//{authority}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None, None
    if not name or "@" in authority or parts.path or parts.query or parts.fragment:
        return None, None
    return name.removesuffix("."), port


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _is_loopback(name: str) -> bool:
    address = _address(name)
    return name == "localhost" or (address is not None and address.is_loopback)
