"""The monitor in memory."""

import time

from typing_extensions import override

from shared.monitoring.logged import LoggedError
from shared.monitoring.monitor import Monitor, RedisMemory, ServerState
from shared.monitoring.sample import MOST_SAMPLES, Sample


class InMemoryMonitor(Monitor):
    """A history in a list; no Redis uses any memory."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []
        self._errors: list[LoggedError] = []

    @override
    def now(self) -> float:
        return time.time()

    @override
    def record(self, sample: Sample) -> None:
        self._samples = [*self._samples, sample][-MOST_SAMPLES:]

    @override
    def samples(self) -> list[Sample]:
        return sorted(self._samples, key=lambda sample: sample.at)

    @override
    def note(self, errors: list[LoggedError]) -> None:
        self._errors += errors

    @override
    def errors(self) -> list[LoggedError]:
        return sorted(self._errors, key=lambda error: error.last, reverse=True)

    @override
    def memory(self) -> RedisMemory:
        return RedisMemory(used=0, most=0)

    @override
    def server(self, calls: int) -> ServerState:
        info = {"redis_version": "7.4.0", "aof_enabled": 1, "used_memory": 0, "maxmemory": 0}
        return ServerState(info, call_seconds=0.0001, clock_ahead=0.0, rewrite_refusal=None)
