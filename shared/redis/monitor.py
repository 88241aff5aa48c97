"""What operators see of the service, on Redis: the history, and the state of Redis itself."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from redis.exceptions import NoPermissionError
from typing_extensions import override

from shared.monitoring.monitor import Monitor, RedisMemory, ServerState
from shared.monitoring.sample import MOST_SAMPLES, Sample, sample_of
from shared.redis.erasure import refusal_of
from shared.redis.link import RedisLink


class RedisMonitor(Monitor):
    """`Monitor` on Redis."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._history = link.key("history")

    @override
    def now(self) -> float:
        return self._link.now()

    @override
    def record(self, sample: Sample) -> None:
        # Also while the memory of Redis is full: an operator wants to see that time most.
        self._link.at_once(
            ("RPUSH", self._history, sample.text()), ("LTRIM", self._history, -MOST_SAMPLES, -1)
        )

    @override
    def samples(self) -> list[Sample]:
        texts = self._link.client.lrange(self._history, 0, -1)
        found = [sample for text in texts if (sample := sample_of(text))]
        # A worker may have been held up between the reading and the writing of its sample.
        return sorted(found, key=lambda sample: sample.at)

    @override
    def memory(self) -> RedisMemory | None:
        info = self._info("memory")
        return None if info is None else RedisMemory.of(info)

    @override
    def server(self, calls: int) -> ServerState:
        client = self._link.client
        info = self._info()
        before = time.time()
        seconds, micros = client.time()
        clock_ahead = (before + time.time()) / 2 - (seconds + micros / 1e6)
        times = [_timed(client.ping) for _ in range(calls)]
        return ServerState(info, median(times), clock_ahead, refusal_of(self._link))

    def _info(self, *sections: str) -> dict[str, Any] | None:
        # A server of somebody else may forbid "dangerous" commands, and INFO is one of these.
        try:
            found: dict[str, Any] = self._link.client.info(*sections)
        except NoPermissionError:
            return None
        return found


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
