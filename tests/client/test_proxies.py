"""The client and the proxies that the environment names."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from scorelane import AsyncClient, Client
from scorelane.client.errors import ClientError


class Handler(BaseHTTPRequestHandler):
    """Answers every request as `/models` of a service, or as a proxy that forbids it."""

    def do_GET(self) -> None:
        body = b'{"models": []}'
        # What is sent to a proxy names the whole address.
        self.send_response(403 if self.path.startswith("http://") else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server on all of the loopback, which the environment names as the proxy."""
    server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "LOCALHOST", "0.0.0.0"])
def test_a_service_on_this_machine_is_reached_without_a_proxy(port: int, host: str) -> None:
    """Any proxy has a loopback of its own."""
    url = f"http://{host}:{port}"
    with Client(url) as client:
        assert client.models() == []

    async def models() -> list[object]:
        async with AsyncClient(url) as other:
            return list(await other.models())

    assert asyncio.run(models()) == []


def test_other_services_are_reached_by_the_proxy(port: int) -> None:
    """The environment says which; so does a name that only begins like one of the loopback."""
    assert httpx.get(f"http://127.0.0.1:{port}", trust_env=False).status_code == 200
    for host in ("scorelane.invalid", "localhost.invalid", "127.0.0.1.invalid"):
        with Client(f"http://{host}") as client, pytest.raises(ClientError, match="403"):
            client.models()
