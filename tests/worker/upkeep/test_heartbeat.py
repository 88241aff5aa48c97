"""The heartbeat of a worker goes on, whatever happens in it; and ends with its work."""

import signal
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisAway
from support.waiting import wait_for

from worker import bootstrap
from worker.upkeep import heartbeat as heartbeat_module
from worker.upkeep.heartbeat import Heartbeat
from worker.upkeep.stall_detector import MAX_GAP_SECONDS, MAX_WAIT_SECONDS, StallDetector

LIMITS = {"score": 60.0, "finish": 400.0}


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


class Store:
    """Always has work that waits."""

    def waits(self, full_names: list[str]) -> bool:
        return True


class Reconciler:
    """Counts its turns, and never ends one."""

    def __init__(self) -> None:
        self.turns = 0

    def reconcile(self, full_names: list[str]) -> None:
        self.turns += 1
        raise OSError("the disk is full")


def a_heart(
    fleet: Any, reconciler: Any, stall_detector: StallDetector, describe: Any = lambda: None
) -> Heartbeat:
    store: Any = Store()
    return Heartbeat(
        "here-1",
        ["fast@1"],
        fleet,
        reconciler,
        store=store,
        stall_detector=stall_detector,
        heartbeat_seconds=0.01,
        reconcile_seconds=0.01,
        describe=describe,
    )


@pytest.mark.parametrize("error", [RedisAway("away"), RuntimeError("a bug")])
def test_the_heart_beats_on(error: Exception) -> None:
    """A Redis that is away, a bug, a reconciler that fails: the worker goes on saying it lives."""
    fleet, reconciler = Fleet(error), Reconciler()
    heart = a_heart(fleet, reconciler, StallDetector(LIMITS))
    heart.start()
    wait_for(lambda: fleet.beats > 3 and reconciler.turns > 2)
    heart.stop()
    heart.join()
    assert fleet.left == "here-1"


class Clock:
    """Goes on by a second each time that it is looked at."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


def looks(stall_detector: StallDetector, *, waits: bool = True, busy_with: str = "") -> int:
    """How often one can look until the worker is silent, up to a thousand times."""
    times, tasks = 0, busy_with.split()
    while times < 1000 and not stall_detector.is_stalled(work_waits=waits, busy_with=tasks):
        times += 1
    return times


def test_a_worker_that_takes_nothing_is_silent() -> None:
    """After a while in which work waited; later where its processes are all busy; else never."""
    assert looks(StallDetector(LIMITS, Clock())) == MAX_WAIT_SECONDS
    for tasks, longest in (("score", 60), ("score finish", 400)):
        busy = StallDetector(LIMITS, Clock())
        assert looks(busy, busy_with=tasks) == MAX_WAIT_SECONDS + longest
    assert looks(StallDetector(LIMITS, Clock()), waits=False) == 1000


def test_who_takes_work_or_was_blind_is_not_silent() -> None:
    """What was taken starts the time anew, and so does a Redis that was away."""
    clock = Clock()
    stall_detector = StallDetector(LIMITS, clock)
    for _ in range(100):
        assert looks_few(stall_detector)
        stall_detector.note_task()
    for _ in range(3):
        assert looks_few(stall_detector)
        clock.seconds += MAX_GAP_SECONDS + MAX_WAIT_SECONDS


def looks_few(stall_detector: StallDetector) -> bool:
    return not any(stall_detector.is_stalled(work_waits=True, busy_with=()) for _ in range(20))


def test_a_silent_worker_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told to stop, as from outside; its status says that it must be started anew."""
    told: list[int] = []
    monkeypatch.setattr(heartbeat_module.os, "kill", lambda _, number: told.append(number))
    fleet, stall_detector = Fleet(RedisAway("away")), StallDetector(LIMITS, Clock())
    heart = a_heart(fleet, Reconciler(), stall_detector)
    heart.start()
    wait_for(lambda: told)
    heart.stop()
    heart.join()
    assert told == [signal.SIGTERM]
    assert heart.stalled.is_set()


def test_a_port_that_is_taken_ends_no_worker(caplog: pytest.LogCaptureFixture) -> None:
    """It goes on without metrics, and says by which setting that is put right."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status: Any = SimpleNamespace(metrics=list)
        bootstrap.MainProcess().serve_metrics(taken.getsockname(), status)
    assert "SCORELANE_METRICS_PORT" in caplog.text


def test_a_worker_describes_itself_last() -> None:
    """Work that got lost is looked for also where the description fails."""
    fleet, reconciler = Fleet(RuntimeError("a bug")), Reconciler()
    described: list[int] = []

    def describe() -> None:
        described.append(reconciler.turns)
        raise ValueError("no description")

    heart = a_heart(fleet, reconciler, StallDetector(LIMITS), describe)
    reconciler.reconcile = lambda _: setattr(reconciler, "turns", reconciler.turns + 1)  # type: ignore[method-assign]
    heart.start()
    wait_for(lambda: len(described) > 2)
    heart.stop()
    heart.join()
    assert described[0] >= 1
