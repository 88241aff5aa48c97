"""A load generator that uses little processor time, because it shares the cores with the service.

It has one thread, one `select` loop and persistent connections. A client is a generator that yields
the bytes of its next request and is sent the answer, so that a request may depend on an answer.
"""

import heapq
import math
import selectors
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from benchmarks.client_connection import Answer, Client, ClientConnection

__all__ = ["Answer", "Client", "Load", "percentile", "repeat", "request", "run_clients"]

#: The load fails after this many seconds without any answer.
PATIENCE = 60.0


@dataclass
class Load:
    """The result of a run; times are in seconds.

    Attributes:
        seconds: the time from the first request to the last answer.
        cpu: the processor time of the generator itself.
        latencies: for each request the time from sending it to the end of its answer. If the
            previous answer came after the request was due, the time counts from when it was due.
        statuses: HTTP status -> number of answers.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        """The latency that `percent` % of the requests did not exceed."""
        return percentile(self.latencies, percent)


def percentile(values: Iterable[float], percent: float) -> float:
    """The percentile by the nearest-rank method: the least value that `percent` % do not exceed.

    Raises:
        ValueError: `values` is empty.
    """
    ranked = sorted(values)
    if not ranked:
        raise ValueError("no values, so no percentile")
    return ranked[max(math.ceil(len(ranked) * percent / 100) - 1, 0)]


def request(
    method: str, path: str, body: bytes = b"", content_type: str = "application/json"
) -> bytes:
    """Build the bytes of a request, so that they can be sent many times."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def repeat(
    next_request: Callable[[], bytes],
    check: Callable[[Answer], None] | None = None,
    *,
    per_second: float = math.inf,
) -> Client:
    """A client that sends one request after another without end.

    Args:
        next_request: returns the bytes of each request.
        check: called with each answer; an exception ends the run.
        per_second: the maximum rate of requests.
    """
    due = time.perf_counter()
    while True:
        wanted = next_request()
        answer = yield wanted if per_second == math.inf else (due, wanted)
        due += 1 / per_second
        if check:
            check(answer)


def run_clients(
    url: str, clients: Iterable[Client], *, seconds: float = math.inf, requests: float = math.inf
) -> Load:
    """Let clients send requests to a server at the same time.

    Args:
        url: scheme, host and port of the server.
        clients: the clients; each has its own connection.
        seconds: no request starts after this time; requests under way are finished.
        requests: the maximum number of requests.

    Returns:
        The figures of the run. It ends when no client has a request left, or at a limit.

    Raises:
        ConnectionError: the server cannot be reached, or closes a connection without an answer.
        TimeoutError: no answer came for `PATIENCE` seconds.
        ValueError: an answer is not HTTP/1.1 with a Content-Length.
    """
    with selectors.DefaultSelector() as selector:
        connections = [ClientConnection(url, client, selector) for client in clients]
        try:
            return _Run(selector, seconds, requests).run(connections)
        finally:
            for connection in connections:
                connection.close()


class _Run:
    """The `select` loop of a run, and its state."""

    def __init__(self, selector: selectors.BaseSelector, seconds: float, requests: float) -> None:
        self._selector = selector
        self._end = time.perf_counter() + seconds
        self._left = requests
        self._unanswered = 0
        self._waits: list[tuple[float, int, ClientConnection, bytes]] = []

    def run(self, connections: list[ClientConnection]) -> Load:
        """Run until no request is left to send, and none is unanswered."""
        load, cpu, began = Load(), time.process_time(), time.perf_counter()
        for connection in connections:
            self._send_next(connection, None)
        while self._unanswered or self._waits:
            for key, _ in self._ready():
                connection = key.data
                answer = connection.receive()
                if answer is not None:
                    self._unanswered -= 1
                    load.latencies.append(time.perf_counter() - connection.began)
                    load.statuses[answer.status] += 1
                    self._send_next(connection, answer)
            while self._waits and self._waits[0][0] <= (now := time.perf_counter()):
                _, _, connection, wanted = heapq.heappop(self._waits)
                # Counted from now: `select` wakes up to 1 ms late, which is not the server's delay.
                self._send(connection, wanted, now)
        load.seconds, load.cpu = time.perf_counter() - began, time.process_time() - cpu
        return load

    def _ready(self) -> list[tuple[selectors.SelectorKey, int]]:
        if self._waits:
            return self._selector.select(max(self._waits[0][0] - time.perf_counter(), 0.0))
        ready = self._selector.select(PATIENCE)
        if not ready:
            raise TimeoutError(f"no answer for {PATIENCE:g} s")
        return ready

    def _send_next(self, connection: ClientConnection, answer: Answer | None) -> None:
        """Get the next request of a client, and send it now or when it is due."""
        wanted, now = connection.next_request(answer), time.perf_counter()
        if wanted is None or self._left <= 0:
            return
        due, wanted = (now, wanted) if isinstance(wanted, bytes) else wanted
        if max(due, now) > self._end:
            return
        self._left -= 1
        if due <= now:
            self._send(connection, wanted, due)
        else:
            heapq.heappush(self._waits, (due, id(connection), connection, wanted))

    def _send(self, connection: ClientConnection, wanted: bytes, began: float) -> None:
        self._unanswered += 1
        connection.send(wanted, began)
