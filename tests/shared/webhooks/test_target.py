"""Where a callback may go, by the addresses of its host."""

import socket
from typing import Any

import pytest

from shared.errors.input import BadCallback
from shared.webhooks.target import Allowed, find_target

NOBODY = Allowed("")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/",
        "http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/",
        "http://10.0.0.7/", "http://172.16.0.1/", "http://192.168.1.1:8080/", "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://[fc00::1]/",
        "http://224.0.0.1/", "http://[ff02::1]/", "http://240.0.0.1/", "http://255.255.255.255/",
        "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://192.0.2.1/",
        "http://[::]/", "http://198.18.0.1/", "http://[::127.0.0.1]/",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(url: str) -> None:
    """Loopback, private, link-local, multicast and reserved addresses are refused in any form."""
    with pytest.raises(BadCallback, match="private network"):
        find_target(url, NOBODY)


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://example.org/", "file:///etc/passwd", "http://", "http:///x", "//example.org/",
     "http://a b/", "http://example.org/\n", "http://example.org:99999/", "http://[::1/",
     "http://user@8.8.8.8/", "http://user:word@8.8.8.8/", "http://@8.8.8.8/", "javascript:alert(1)",
     "http://8.8.8.8/\u00e9", "http://8.8.8.8/" + "a" * 2048, "http://nowhere.invalid/",
     "http://" + "a" * 300 + "/"],
)  # fmt: skip
def test_urls_that_are_not_fit_are_refused(url: str) -> None:
    """A URL that is not fit for a callback is refused with a reason."""
    with pytest.raises(BadCallback):
        find_target(url, NOBODY)


@pytest.mark.parametrize(
    "address",
    [
        # IANA's registry for IPv4: the first and the last address of each network, and one within.
        "0.1.2.3", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.255.255.254",
        "169.254.0.1", "172.31.255.255", "192.0.0.0", "192.0.0.8", "192.0.0.9", "192.0.0.10",
        "192.0.0.170", "192.0.0.171", "192.0.0.255", "192.0.2.255", "192.31.196.1", "192.52.193.1",
        "192.88.99.0", "192.88.99.1", "192.88.99.2", "192.175.48.6", "198.18.0.0",
        "198.19.255.255", "198.51.100.7", "203.0.113.255", "224.0.0.251", "239.255.255.250",
        "240.0.0.0", "255.255.255.254",
        # What clouds give their machines.
        "169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16",
        "[fd00:ec2::254]", "[fd20:ce::254]", "[fe80::a9fe:a9fe]",
        # IANA's registry for IPv6.
        "[::2]", "[::a:b]", "[64:ff9b:1::8.8.8.8]", "[64:ff9b:1:ffff::1]", "[100::1]",
        "[100:0:0:1::1]", "[2001::1]", "[2001:1::1]", "[2001:2::1]", "[2001:3::1]",
        "[2001:4:112::1]", "[2001:10::1]", "[2001:20::1]", "[2001:30::1]", "[2001:db8::1]",
        "[2620:4f:8000::1]", "[3ffe::1]", "[3fff::1]", "[3fff:fff:ffff::1]", "[4000::1]",
        "[5f00::1]", "[fc00::1]", "[fdff::1]", "[fe80::1]", "[febf::1]", "[fec0::1]",
        "[feff::1]", "[ff0e::1]", "[ff05::2]", "[e000::1]",
        # An IPv4 address inside an IPv6 one.
        "[::ffff:10.0.0.7]", "[::ffff:168.63.129.16]", "[::ffff:0:127.0.0.1]", "[::10.0.0.7]",
        "[64:ff9b::169.254.169.254]", "[64:ff9b::168.63.129.16]", "[64:ff9b::192.88.99.1]",
        "[2002:a00:7::1]", "[2002:808:808::1]", "[2001:0:808:808::f5ff:fff8]",
        "[2606:4700::5efe:10.0.0.7]", "[2606:4700::200:5efe:127.0.0.1]",
    ],
)  # fmt: skip
def test_what_no_registry_calls_global_is_refused(address: str) -> None:
    """Special-purpose networks, metadata of clouds, and these inside IPv6 addresses."""
    with pytest.raises(BadCallback, match="private network"):
        find_target(f"http://{address}/", NOBODY)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "168.63.129.15",
     "172.32.0.1", "192.0.1.1", "192.0.3.1", "192.88.98.1", "198.17.255.255", "198.20.0.1",
     "223.255.255.255", "[2001:200::1]", "[2001:4860:4860::8888]", "[2400:cb00::1]",
     "[2620:fe::fe]", "[2a00:1450::1]", "[3fef::1]", "[64:ff9b::8.8.8.8]", "[::ffff:8.8.8.8]",
     "[2606:4700::5efe:8.8.8.8]"],
)  # fmt: skip
def test_public_addresses_next_to_them_are_reached(address: str) -> None:
    """Also an IPv4 address behind the NAT64 of a network without IPv4."""
    assert find_target(f"http://{address}/", NOBODY).port == 80


def test_a_request_goes_to_the_checked_address() -> None:
    """A request goes to the checked address; the host's name is kept for the receiver."""
    target = find_target("https://8.8.8.8:8443/a/b?c=d#e", NOBODY)
    assert target.addresses == ("8.8.8.8",)
    assert (target.host, target.authority, target.port) == ("8.8.8.8", "8.8.8.8:8443", 8443)
    assert target.path == "/a/b?c=d"
    assert find_target("http://[2606:4700::1111]", NOBODY).path == "/"


@pytest.mark.parametrize(
    "allowed", ["127.0.0.0/8", "127.0.0.1", " 10.0.0.0/8,127.0.0.1/32 ", "::1/128, LOCALHOST"]
)
def test_addresses_in_the_settings_are_reached(allowed: str) -> None:
    """A network, an address or a host name in the settings admits exactly what it names."""
    url = "http://localhost:80/" if "LOCAL" in allowed else "http://127.0.0.1/"
    assert find_target(url, Allowed(allowed)).port == 80
    with pytest.raises(BadCallback):
        find_target("http://192.168.1.1/", Allowed(allowed))


def test_a_host_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One private address refuses the host: it could not choose which address is used."""

    def look_up(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
                for one in ("8.8.8.8", "10.0.0.7")]  # fmt: skip

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(BadCallback, match="private network"):
        find_target("http://two-faced.example/", NOBODY)
    assert find_target("http://two-faced.example/", Allowed("10.0.0.0/8")).addresses == (
        "8.8.8.8", "10.0.0.7",
    )  # fmt: skip
