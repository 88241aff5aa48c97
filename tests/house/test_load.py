"""The load generator of the benchmarks, against a server with scripted responses."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from benchmarks.load import Answer, Client, percentile, repeat, request, run_clients

ASKED = request("POST", "/sentiment", b'{"text": ["a good day"]}')


def answer(body: bytes, status: str = "200 OK", extra: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


class Server:
    """Answers the n-th request of each connection with the n-th script entry, then closes it."""

    def __init__(self, script: list[list[bytes]]) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            for pieces in self._script:
                if not (received := connection.recv(65536)):
                    return
                self.requests.append(received)
                for piece in pieces:
                    connection.sendall(piece)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts a server with a script: for each request of a connection, the pieces of the answer."""
    servers: list[Server] = []

    def start(*script: list[bytes]) -> Server:
        servers.append(Server(list(script)))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_every_request_is_answered_counted_and_timed(serve: Callable[..., Server]) -> None:
    """All clients together send exactly the requested number of requests."""
    server = serve(*[[answer(b"[]")]] * 20)
    load = run_clients(server.url, [repeat(lambda: ASKED) for _ in range(3)], requests=20)
    assert load.statuses == {200: 20}
    assert len(load.latencies) == 20
    assert server.requests == [ASKED] * 20
    assert server.connections == 3
    assert 0 < load.percentile(50) <= load.percentile(99) <= load.seconds
    assert load.rate == pytest.approx(20 / load.seconds)


def test_a_client_gets_the_answers_to_its_requests(serve: Callable[..., Server]) -> None:
    """A client's next request may depend on the last answer; the run ends when it returns."""
    server = serve([answer(b"7", "202 ACCEPTED")], [answer(b"done")])
    seen: list[Answer] = []

    def client() -> Client:
        seen.append((yield request("POST", "/jobs", b"{}")))
        seen.append((yield request("GET", f"/jobs/{seen[0].body.decode()}")))

    load = run_clients(server.url, [client()])
    assert seen == [Answer(202, b"7"), Answer(200, b"done")]
    assert server.requests[1].startswith(b"GET /jobs/7 HTTP/1.1\r\n")
    assert load.statuses == {202: 1, 200: 1}


def test_an_answer_may_come_in_pieces(serve: Callable[..., Server]) -> None:
    """An answer that arrives in pieces is complete when its Content-Length is reached."""
    body = b"x" * 100_000
    whole = answer(body)
    server = serve([whole[:10], whole[10:25], whole[25:70_000], whole[70_000:]])
    bodies: list[bytes] = []
    run_clients(
        server.url, [repeat(lambda: ASKED, lambda found: bodies.append(found.body))], requests=1
    )
    assert bodies == [body]


def test_a_closed_connection_is_opened_again(serve: Callable[..., Server]) -> None:
    """After "Connection: close" the next request uses a new connection."""
    server = serve([answer(b"[]", extra="Connection: close\r\n")])
    load = run_clients(server.url, [repeat(lambda: ASKED)], requests=3)
    assert load.statuses == {200: 3}
    assert server.connections == 3


def test_an_answer_without_content_is_read(serve: Callable[..., Server]) -> None:
    """A 204 without a Content-Length is a complete answer."""
    server = serve([b"HTTP/1.1 204 NO CONTENT\r\n\r\n"], [answer(b"[]")])
    load = run_clients(server.url, [repeat(lambda: ASKED)], requests=2)
    assert load.statuses == {204: 1, 200: 1}


def test_a_paced_client_sends_all_due_requests(serve: Callable[..., Server]) -> None:
    """A pace limits the rate, and the run ends with the answer to the last request."""
    server = serve(*[[answer(b"[]")]] * 5)
    load = run_clients(server.url, [repeat(lambda: ASKED, per_second=100)], requests=5)
    assert load.statuses == {200: 5}
    assert load.rate <= 5 / (4 / 100)


def test_no_request_begins_after_the_time_is_over(serve: Callable[..., Server]) -> None:
    """A request that is due after the end of the run is not sent."""
    server = serve([answer(b"[]")], [answer(b"[]")])
    load = run_clients(server.url, [repeat(lambda: ASKED, per_second=0.001)], seconds=60)
    assert load.statuses == {200: 1}


def test_a_broken_connection_is_an_error(serve: Callable[..., Server]) -> None:
    """A connection that closes during an answer raises an error."""
    server = serve([b"HTTP/1.1 200 OK\r\n"])
    with pytest.raises(ConnectionError, match="closed a connection"):
        run_clients(server.url, [repeat(lambda: ASKED)], requests=1)


def test_an_answer_of_unknown_length_is_an_error(serve: Callable[..., Server]) -> None:
    """A chunked answer raises an error instead of counting as empty."""
    server = serve([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"])
    with pytest.raises(ValueError, match="without Content-Length"):
        run_clients(server.url, [repeat(lambda: ASKED)], requests=1)


def test_a_percentile_is_one_of_the_values() -> None:
    """By the nearest-rank method, the 50th percentile of four values is the second."""
    assert percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.0
    assert percentile(map(float, range(1, 101)), 99) == 99.0
    assert percentile([5.0], 99) == 5.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
