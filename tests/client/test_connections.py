"""A client works in several processes, threads and event loops: none reads another's bytes."""

import asyncio
import gc
import json
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from support.transports import QUICK, Script

from scorelane import AsyncClient, Client
from scorelane.client.errors import ClientError

pytestmark = [
    pytest.mark.process,  # it forks
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
]

#: Results of a job, too long for the buffers of a connection.
ROWS = [{"ref": str(number), "text": f"{number} " * 20_000} for number in range(100)]
RESULTS = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)


class Handler(BaseHTTPRequestHandler):
    """Answers `/models` with the client's port, and anything else with a job's results."""

    protocol_version = "HTTP/1.1"
    etag = '"one"'

    def do_GET(self) -> None:
        if self.path == "/models":
            self._answer(200, json.dumps({"models": [{"port": self.client_address[1]}]}).encode())
            return
        first = int(self.headers.get("Range", "bytes=0-")[len("bytes=") : -1])
        self._answer(206 if first else 200, RESULTS[first:], self.etag)

    def _answer(self, status: int, body: bytes, etag: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class WeakHandler(Handler):
    """Gives results that cannot be read from their middle."""

    etag = 'W/"one"'


class Server(ThreadingHTTPServer):
    """Ignores clients that go away."""

    def handle_error(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(params=[Handler, WeakHandler])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server that keeps connections open."""
    server = Server(("127.0.0.1", 0), request.param)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.socket.close()


@pytest.fixture
def dropped_connections() -> Iterator[None]:
    """Lets Python warn of connections that a closed event loop has left open."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def in_child(function: Callable[[], Any]) -> Any:
    """Fork, and return what the function returns in the child, as JSON carries it."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        try:
            content = json.dumps(function())
        except BaseException as error:  # noqa: BLE001  sent to the parent
            content = json.dumps(repr(error))
        with os.fdopen(write_end, "w") as pipe:
            pipe.write(content)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    return json.loads(content)


def in_threads(function: Callable[[], Any], count: int = 4) -> list[Any]:
    """Run a function in several threads at once; what each returned."""
    found: list[Any] = []
    start = threading.Barrier(count)

    def run() -> None:
        start.wait()
        found.append(function())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def port_of(client: Client) -> int:
    [model] = client.models()
    port: int = model["port"]
    return port


async def port_of_async(client: AsyncClient) -> int:
    [model] = await client.models()
    port: int = model["port"]
    return port


def numbers(rows: Any) -> list[str]:
    """The refs of rows, each of which is whole."""
    assert all(row == ROWS[int(row["ref"])] for row in rows)
    return [row["ref"] for row in rows]


def test_a_new_process_opens_its_own_connections(url: str) -> None:
    """A child, and the child's child, never write to the connection that its parent opened."""
    with Client(url, retries=QUICK) as client:
        parent = port_of(client)

        def in_both() -> list[int]:
            child = port_of(client)
            return [child, in_child(lambda: port_of(client)), port_of(client)]

        child, grandchild, again = in_child(in_both)
        assert child == again
        assert len({parent, child, grandchild}) == 3
        assert port_of(client) == parent


def test_threads_of_a_new_process(url: str) -> None:
    """Threads of a child that use the client at the same time get answers of their own."""
    with Client(url, retries=QUICK) as client:
        parent = port_of(client)
        ports = in_child(lambda: in_threads(lambda: port_of(client)))
        assert len(ports) == 4
        assert parent not in ports


def test_a_child_that_closes_the_client(url: str) -> None:
    """The parent's connection stays open; in the child there are no further requests."""
    with Client(url, retries=QUICK) as client:
        parent = port_of(client)

        def close() -> Any:
            client.close()
            return port_of(client)

        assert "has been closed" in in_child(close)
        assert port_of(client) == parent


def test_rows_that_are_read_on_in_a_new_process(url: str) -> None:
    """Parent and child each get all rows that were not read before the fork, each row once."""
    with Client(url, retries=QUICK) as client:
        rows = client.rows("x")
        assert next(rows)["ref"] == "0"
        rest = [str(number) for number in range(1, 100)]
        assert in_child(lambda: numbers(list(rows))) == rest
        assert numbers(list(rows)) == rest


def test_rows_that_a_new_process_leaves(url: str) -> None:
    """A child that closes the iterator does not cut the parent's download."""
    with Client(url, retries=QUICK) as client:
        rows = client.rows("x")
        next(rows)
        assert in_child(rows.close) is None
        assert len(numbers(list(rows))) == 99


@pytest.mark.usefixtures("dropped_connections")
def test_an_async_client_in_two_event_loops(url: str) -> None:
    """Each loop opens its own connections; those of a closed loop are dropped."""
    client = AsyncClient(url, retries=QUICK)
    first, second = [asyncio.run(port_of_async(client)) for _ in range(2)]
    assert first != second
    ports = in_threads(lambda: asyncio.run(port_of_async(client)))
    assert len({first, second, *ports}) == 6
    assert in_child(lambda: asyncio.run(port_of_async(client))) not in {first, second, *ports}
    asyncio.run(client.close())
    with pytest.raises(RuntimeError, match="has been closed"):
        asyncio.run(client.models())


@pytest.mark.usefixtures("dropped_connections")
def test_an_async_client_in_loops_by_turns(url: str) -> None:
    """Loops that stay open keep their connections."""
    client = AsyncClient(url, retries=QUICK)
    with asyncio.Runner() as one, asyncio.Runner() as two:
        ports = [runner.run(port_of_async(client)) for runner in (one, two, one, two)]
        assert ports[:2] == ports[2:]
        assert ports[0] != ports[1]
        one.run(client.close())


@pytest.mark.usefixtures("dropped_connections")
def test_rows_that_are_read_on_in_another_loop(url: str) -> None:
    """The iterator reconnects, and gives each row once."""
    client = AsyncClient(url, retries=QUICK)
    rows = client.rows("x")

    async def rest() -> list[Any]:
        return [row async for row in rows]

    async def first() -> Any:
        return await anext(rows)

    with asyncio.Runner() as one, asyncio.Runner() as two:
        assert one.run(first())["ref"] == "0"
        assert numbers(two.run(rest())) == [str(number) for number in range(1, 100)]


def test_a_transport_of_its_own_is_not_shared_with_a_child() -> None:
    """The error says what to do; an AsyncClient uses such a transport in all event loops."""
    with Client("http://x", transport=Script(httpx.Response(200, json={"models": []}))) as client:
        assert client.models() == []
        refused = in_child(client.models)
        assert refused.startswith(ClientError.__name__)
        assert "Make another client in this process" in refused
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"models": []}))
    awaited = AsyncClient("http://x", transport=transport)
    assert [asyncio.run(awaited.models()) for _ in range(2)] == [[], []]
