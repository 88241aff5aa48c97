"""What operators see of the service, on Redis: history, errors, and the state of Redis itself."""

import json
import logging
import time
from dataclasses import replace
from statistics import median
from typing import Any

from redis.exceptions import NoPermissionError
from typing_extensions import override

from shared.config.settings import Settings
from shared.monitoring.error_log import ErrorLog, Send
from shared.monitoring.logged import ERROR_SECONDS, MOST_ERRORS, LoggedError, logged_error_of
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
    def note(self, errors: list[LoggedError]) -> None:
        ahead = time.time() - self._link.now()
        found = [
            (one.id, replace(one, first=one.first - ahead, last=one.last - ahead).fields())
            for one in errors
        ]
        text = json.dumps(found, ensure_ascii=False).encode(errors="replace")
        self._link.run("note_errors", MOST_ERRORS, ERROR_SECONDS, text)

    @override
    def errors(self) -> list[LoggedError]:
        texts = self._link.client.hvals(self._link.key("errors"))
        found = [error for text in texts if (error := logged_error_of(text))]
        since = self._link.now() - ERROR_SECONDS
        recent = [error for error in found if error.last >= since]
        return sorted(recent, key=lambda error: error.last, reverse=True)

    @override
    def memory(self) -> RedisMemory | None:
        info = self._info("memory")
        return None if info is None else RedisMemory.of(info)

    @override
    def server(self, calls: int) -> ServerState:
        info = self._info()
        # Not PING, which a Redis whose disk is full refuses.
        times = [self._time() for _ in range(calls)]
        return ServerState(
            info,
            call_seconds=median(seconds for seconds, _ in times),
            clock_ahead=times[-1][1],
            rewrite_refusal=refusal_of(self._link),
        )

    def _time(self) -> tuple[float, float]:
        """How long a call takes, and how far the clock here is ahead, both in seconds."""
        start, before = time.perf_counter(), time.time()
        seconds, micros = self._link.client.time()
        took = time.perf_counter() - start
        return took, (before + time.time()) / 2 - (seconds + micros / 1e6)

    def _info(self, *sections: str) -> dict[str, Any] | None:
        # A server of somebody else may forbid "dangerous" commands, and INFO is one of these.
        try:
            found: dict[str, Any] = self._link.client.info(*sections)
        except NoPermissionError:
            return None
        return found


def log_errors(settings: Settings, program: str) -> None:
    """From now on, note in Redis what this program logs as WARNING or above.

    Args:
        settings: of the program.
        program: its name.
    """

    def connect() -> Send:
        return RedisMonitor(RedisLink(settings)).note

    logging.getLogger().addHandler(ErrorLog(program, connect))
