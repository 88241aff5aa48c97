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
