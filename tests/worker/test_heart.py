"""The heartbeat of a worker goes on, whatever happens in it."""

from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisAway
from waiting import wait_for

from worker.heart import Heart


class Fleet:
    """Counts heartbeats, and raises at the first."""

    def __init__(self, error: Exception) -> None:
        self.beats = 0
        self._error = error

    def beat(self, node: str) -> int:
        self.beats += 1
        if self.beats == 1:
            raise self._error
        return 2

    def leave(self, node: str) -> None:
        self.left = node


class Reconciler:
    """Counts its turns, and never ends one."""

    def __init__(self) -> None:
        self.turns = 0

    def reconcile(self, full_names: list[str]) -> None:
        self.turns += 1
        raise OSError("the disk is full")


@pytest.mark.parametrize("error", [RedisAway("away"), RuntimeError("a bug")])
def test_the_heart_beats_on(error: Exception) -> None:
    """A Redis that is away, a bug, a reconciler that fails: the worker goes on saying it lives."""
    fleet, reconciler = Fleet(error), Reconciler()
    parts: Any = (fleet, reconciler)
    heart = Heart("here-1", ["fast@1"], *parts, beat_seconds=0.01, reconcile_seconds=0.01)
    heart.start()
    wait_for(lambda: fleet.beats > 3 and reconciler.turns > 2)
    heart.stop()
    heart.join()
    assert fleet.left == "here-1"
