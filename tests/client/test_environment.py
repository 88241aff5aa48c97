"""A client finds its way by the environment: proxies, exceptions from them, and certificates."""

import copy
import pickle
from pathlib import Path
from typing import Any

import httpx
import pytest

from scorelane import AsyncClient, Client
from scorelane.client.environment import environment_options
from scorelane.client.errors import ClientError

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set variables; none is set at the start."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)

    def use(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name.lower() if "PROXY" in name else name, value)

    return use


def proxy_of(url: str) -> str | None:
    proxy = environment_options(httpx.URL(url))["proxy"]
    return None if proxy is None else str(proxy.url)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HTTP_PROXY": PROXY}, PROXY),
        ({"HTTP_PROXY": "proxy.example:3128"}, PROXY),
        ({"ALL_PROXY": PROXY}, PROXY),
        ({"HTTP_PROXY": PROXY, "ALL_PROXY": "socks5://socks.example"}, PROXY),
        ({"HTTPS_PROXY": PROXY}, None),
        ({}, None),
    ],
)
def test_a_proxy_is_used(environment: Any, variables: dict[str, str], expected: str) -> None:
    """The proxy of the address's scheme, or that of all schemes, is on the way."""
    environment(**variables)
    assert proxy_of("http://scores.example:5005") == expected


@pytest.mark.parametrize(
    ("url", "excepted"),
    [
        ("http://scores.example", True),
        ("http://a.scores.example:5005", True),
        ("http://other.example", False),
        ("http://10.1.2.3:5005", True),
        ("http://11.1.2.3:5005", False),
        ("http://[fe80::1]:5005", True),
        ("http://[fc00::1]:5005", False),
        ("http://127.0.0.2:5005", True),
        ("http://[::1]:5005", True),
        ("http://LOCALHOST:5005", True),
    ],
)
def test_exceptions_from_the_proxy(environment: Any, url: str, *, excepted: bool) -> None:
    """NO_PROXY has hosts, domains and networks, also of IPv6; this machine needs no proxy."""
    environment(HTTP_PROXY=PROXY, NO_PROXY="scores.example, 10.0.0.0/8,[::1],fe80::/10")
    assert proxy_of(url) == (None if excepted else PROXY)
    assert Client(url).url == url
    assert AsyncClient(url).url == url


@pytest.mark.parametrize("proxy", ["socks4://me:secret@proxy.example", "ftp://proxy.example"])
def test_a_proxy_that_cannot_be_used(environment: Any, proxy: str) -> None:
    """The message says which settings are meant, and does not quote a password."""
    environment(ALL_PROXY=proxy)
    for kind in (Client, AsyncClient):
        with pytest.raises(ClientError, match=r"HTTP_PROXY.*NO_PROXY") as caught:
            kind("http://scores.example")
        assert "secret" not in str(caught.value)


def test_certificates_that_cannot_be_read(environment: Any, tmp_path: Path) -> None:
    """The message names the setting and its file."""
    environment(SSL_CERT_FILE=str(tmp_path / "none.pem"))
    with pytest.raises(ClientError, match=r"SSL_CERT_FILE=.*none\.pem"):
        Client("https://scores.example")
    assert Client("http://scores.example").url == "http://scores.example"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("again", [lambda one: pickle.loads(pickle.dumps(one)), copy.deepcopy])  # noqa: S301  our own
def test_a_client_can_be_copied(kind: Any, again: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of a pool gets a client with the same options, and connections of its own."""
    monkeypatch.delenv("SCORELANE_API_KEY", raising=False)
    client = kind("http://scores.example:5005", timeout=7.0, api_key="k")
    copied = again(client)
    assert type(copied) is kind
    assert (copied.url, copied.retries) == (client.url, client.retries)
    http = copied._connections.current()
    assert http is not client._connections.current()
    assert http.headers["Authorization"] == "Bearer k"
    assert http.timeout == httpx.Timeout(7.0)


def test_a_key_of_the_environment_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickled client holds no key that it was not given; the other process has its own."""
    monkeypatch.setenv("SCORELANE_API_KEY", "of-the-environment")
    assert b"of-the-environment" not in pickle.dumps(Client())


def test_a_client_with_a_transport_of_its_own_is_not_copied() -> None:
    """What a transport holds belongs to its process."""
    client = Client(transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    with pytest.raises(TypeError, match="transport of its own"):
        pickle.dumps(client)
