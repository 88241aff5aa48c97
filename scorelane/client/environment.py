"""What the environment says about reaching a service: proxies, and certificates.

httpx can read both by itself, but raises for usual values of NO_PROXY, such as `fe80::/10`.
"""

import ipaddress
import os
import urllib.request
from typing import Any

import httpx

from scorelane.client.errors import ClientError


def environment_options(url: httpx.URL) -> dict[str, Any]:
    """Options for a client of httpx that talks to one service.

    Args:
        url: the address of the service.

    Raises:
        ClientError: the environment names a file of certificates that cannot be read.
    """
    options: dict[str, Any] = {"trust_env": False, "proxy": _proxy(url)}
    if url.scheme == "https":
        try:
            options["verify"] = httpx.create_ssl_context()
        except OSError as error:
            given = {name: os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
            where = ", ".join(f"{name}={value}" for name, value in given.items() if value)
            raise ClientError(
                f"The certificates of the environment ({where}) cannot be read: {error}"
            ) from error
    return options


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy on the way to a service; None if there is none.

    Raises:
        ClientError: the environment names a proxy that cannot be used.
    """
    # A proxy cannot reach a service on this machine's loopback.
    if _is_loopback(url.host) or _is_excepted(url):
        return None
    proxies = urllib.request.getproxies()
    address = proxies.get(url.scheme) or proxies.get("all")
    if not address:
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
        # The library for SOCKS is optional, and is imported when a connection is prepared.
        httpx.HTTPTransport(proxy=proxy, verify=False).close()
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        # The address may hold a password, so it is not quoted.
        raise ClientError(
            f"The proxy of the environment (HTTP_PROXY, HTTPS_PROXY or ALL_PROXY) cannot be used: "
            f"{error} If {url.host} needs no proxy, name it in NO_PROXY."
        ) from error
    return proxy


def _is_excepted(url: httpx.URL) -> bool:
    """Whether NO_PROXY names the host, its domain, or a network with its address."""
    host = f"{url.host}:{url.port}" if url.port else url.host
    if urllib.request.proxy_bypass(host):
        return True
    address = _address(url.host)
    if address is None:
        return False
    excepted = urllib.request.getproxies().get("no", "").split(",")
    networks = map(_network, excepted)
    return any(network is not None and address in network for network in networks)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    if address is None:
        # RFC 6761, section 6.3.
        name = host.lower().removesuffix(".")
        return name == "localhost" or name.endswith(".localhost")
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return address.is_loopback or address.is_unspecified


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text.strip().strip("[]"), strict=False)
    except ValueError:
        return None
