"""A load generator that takes little of the cores that it shares with what it measures.

One thread, one `select` loop, kept connections. A client is a generator: it yields the bytes of its
next request and is sent the answer, so what it asks next may depend on what it was told.
"""

import heapq
import math
import selectors
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from benchmarks.lane import Answer, Client, Lane

__all__ = ["Answer", "Client", "Load", "ask", "percentile", "repeat", "request"]

#: Seconds without any answer after which the load is given up.
PATIENCE = 60.0


@dataclass
class Load:
    """What became of the requests of a run; times in seconds.

    Attributes:
        seconds: from the first request to the last answer.
        cpu: processor time that the generator itself took.
        latencies: of each request, from when it was sent to the end of its answer; from when it was
            due, if the answer before it came only then or later.
        statuses: how often each status came.
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
        """The latency that so many percent of the requests did not exceed."""
        return percentile(self.latencies, percent)


def percentile(values: Iterable[float], percent: float) -> float:
    """The least of the values that so many percent of them do not exceed (the nearest rank).

    Raises:
        ValueError: there are no values.
    """
    ranked = sorted(values)
    if not ranked:
        raise ValueError("no values, so no percentile")
    return ranked[max(math.ceil(len(ranked) * percent / 100) - 1, 0)]


def request(
    method: str, path: str, body: bytes = b"", content_type: str = "application/json"
) -> bytes:
    """The bytes of a request, made once and sent often."""
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
    """A client that sends one request after the other for ever.

    Args:
        next_request: gives the bytes of each.
        check: called with each answer; what it raises ends the run.
        per_second: the pace.
    """
    due = time.perf_counter()
    while True:
        wanted = next_request()
        answer = yield wanted if per_second == math.inf else (due, wanted)
        due += 1 / per_second
        if check:
            check(answer)


def ask(
    url: str, clients: Iterable[Client], *, seconds: float = math.inf, requests: float = math.inf
) -> Load:
    """Let the clients ask a server at the same time.

    Args:
        url: scheme, host and port of the server.
        clients: each has a connection of its own.
        seconds: no request begins later than this; those under way are let finish.
        requests: no more than so many begin.

    Returns:
        The figures of this run; it ends when no client has anything left to ask, or at a bound.

    Raises:
        ConnectionError: the server cannot be reached, or breaks a connection.
        TimeoutError: there was no answer for long.
        ValueError: an answer is none of HTTP/1.1 with a Content-Length.
    """
    with selectors.DefaultSelector() as selector:
        lanes = [Lane(url, client, selector) for client in clients]
        try:
            return _Asking(selector, seconds, requests).of(lanes)
        finally:
            for lane in lanes:
                lane.close()


class _Asking:
    """The loop, and how far it is."""

    def __init__(self, selector: selectors.BaseSelector, seconds: float, requests: float) -> None:
        self._selector = selector
        self._end = time.perf_counter() + seconds
        self._left = requests
        self._unanswered = 0
        self._waits: list[tuple[float, int, Lane, bytes]] = []

    def of(self, lanes: list[Lane]) -> Load:
        """Go on until nothing is left to send, and nothing to be answered."""
        load, cpu, began = Load(), time.process_time(), time.perf_counter()
        for lane in lanes:
            self._ask_next(lane, None)
        while self._unanswered or self._waits:
            for key, _ in self._ready():
                lane = key.data
                answer = lane.receive()
                if answer is not None:
                    self._unanswered -= 1
                    load.latencies.append(time.perf_counter() - lane.began)
                    load.statuses[answer.status] += 1
                    self._ask_next(lane, answer)
            while self._waits and self._waits[0][0] <= (now := time.perf_counter()):
                _, _, lane, wanted = heapq.heappop(self._waits)
                # `select` wakes up to a millisecond late, which is no delay of the server's.
                self._send(lane, wanted, now)
        load.seconds, load.cpu = time.perf_counter() - began, time.process_time() - cpu
        return load

    def _ready(self) -> list[tuple[selectors.SelectorKey, int]]:
        if self._waits:
            return self._selector.select(max(self._waits[0][0] - time.perf_counter(), 0.0))
        ready = self._selector.select(PATIENCE)
        if not ready:
            raise TimeoutError(f"no answer for {PATIENCE:g} s")
        return ready

    def _ask_next(self, lane: Lane, answer: Answer | None) -> None:
        """Have a client say what it wants next, and send that, now or when it is due."""
        wanted, now = lane.next_request(answer), time.perf_counter()
        if wanted is None or self._left <= 0:
            return
        due, wanted = (now, wanted) if isinstance(wanted, bytes) else wanted
        if max(due, now) > self._end:
            return
        self._left -= 1
        if due <= now:
            self._send(lane, wanted, due)
        else:
            heapq.heappush(self._waits, (due, id(lane), lane, wanted))

    def _send(self, lane: Lane, wanted: bytes, began: float) -> None:
        self._unanswered += 1
        lane.send(wanted, began)
