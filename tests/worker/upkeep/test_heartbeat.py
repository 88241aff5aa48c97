"""The heartbeat goes on through all failures; a worker that takes no work is ended."""

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
from worker.upkeep.stall_detector import LOADING, MAX_GAP_SECONDS, MAX_WAIT_SECONDS, StallDetector

LIMITS = {"score": 60.0, "finish": 400.0}


class Fleet:
    """Counts heartbeats, and raises at the first."""

    def __init__(self, error: Exception) -> None:
        self.beats = 0
        self._error = error

    def beat(self, node: str, full_names: list[str], leaving: list[str]) -> int:
        self.beats += 1
        if self.beats == 1:
            raise self._error
        return 2

    def forget_removed(self, names: set[str]) -> None:
        pass

    def leave(self, node: str) -> None:
        self.left = node


class Models:
    """The models of a worker, of which a process could not load one."""

    known_names = frozenset({"fast", "bad"})
    ready = 0

    def names(self) -> list[str]:
        return ["fast@1"]

    def consumed(self) -> list[str]:
        return self.names()

    def leaving(self) -> list[str]:
        return []

    def note_told(self, full_names: list[str]) -> None:
        self.told = full_names

    def refused(self) -> list[str]:
        return ["bad@1"]

    def note_ready(self, processes: int) -> None:
        self.ready = processes


class Store:
    """A job store in which work always waits, and every turn is due."""

    def waits(self, full_names: list[str]) -> bool:
        return True

    def due(self, what: str, seconds: float) -> bool:
        return True


class OneTurn(Store):
    """A job store for which everything is due once."""

    def __init__(self) -> None:
        self.done: set[str] = set()

    def due(self, what: str, seconds: float) -> bool:
        is_due = what not in self.done
        self.done.add(what)
        return is_due


class Reconciler:
    """Counts its runs, and fails in each."""

    def __init__(self) -> None:
        self.turns = 0

    def reconcile(self, full_names: list[str]) -> None:
        self.turns += 1
        raise OSError("the disk is full")


def make_heartbeat(
    fleet: Any,
    reconciler: Any,
    stall_detector: StallDetector,
    describe: Any = lambda: None,
    drop_queues: Any = len,
    store: Any = None,
    models: Any = None,
) -> Heartbeat:
    store = store or Store()
    models = models or Models()
    return Heartbeat(
        "here-1",
        models,
        fleet,
        reconciler,
        store=store,
        stall_detector=stall_detector,
        drop_queues=drop_queues,
        heartbeat_seconds=0.01,
        reconcile_seconds=0.01,
        publish=(describe,),
    )


@pytest.mark.parametrize("error", [RedisAway("away"), RuntimeError("a bug")])
def test_the_heartbeat_goes_on(error: Exception) -> None:
    """Neither an outage of Redis, nor a bug, nor a failing reconciler ends the heartbeat."""
    fleet, reconciler = Fleet(error), Reconciler()
    heartbeat = make_heartbeat(fleet, reconciler, StallDetector(LIMITS))
    heartbeat.start()
    wait_for(lambda: fleet.beats > 3 and reconciler.turns > 2)
    heartbeat.stop()
    heartbeat.join()
    assert fleet.left == "here-1"


def test_workers_of_the_same_models_reconcile_in_turn() -> None:
    """Of many, one reconciles in a period; those of other models have turns of their own."""
    others = Models()
    others.names = lambda: ["deep@1"]  # type: ignore[method-assign]
    store, turns = OneTurn(), {}
    for name, models in (("one", None), ("two", None), ("other", others)):
        fleet, turns[name] = Fleet(RedisAway("away")), Reconciler()
        heartbeat = make_heartbeat(
            fleet, turns[name], StallDetector(LIMITS), store=store, models=models
        )
        heartbeat.start()
        wait_for(lambda fleet=fleet: fleet.beats > 5)
        heartbeat.stop()
    assert {name: one.turns for name, one in turns.items()} == {"one": 1, "two": 0, "other": 1}


def test_no_work_is_taken_for_a_model_that_a_process_could_not_load() -> None:
    """The queues of the model are dropped, once; the work in them waits for another worker."""
    dropped: list[str] = []
    fleet = Fleet(RedisAway("away"))
    heartbeat = make_heartbeat(
        fleet, Reconciler(), StallDetector(LIMITS), drop_queues=dropped.append
    )
    heartbeat.start()
    wait_for(lambda: fleet.beats > 5)
    heartbeat.stop()
    assert dropped == ["bad@1"]


class Clock:
    """A clock that advances by a second at each reading."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


def checks(stall_detector: StallDetector, *, waits: bool = True, busy_with: str = "") -> int:
    """The number of checks until the worker counts as stalled, up to 1,000."""
    times, tasks = 0, busy_with.split()
    while times < 1000 and not stall_detector.is_stalled(work_waits=waits, busy_with=tasks):
        times += 1
    return times


def test_a_worker_that_takes_no_work_is_stalled() -> None:
    """It is stalled when work has waited for a while; for longer, if all its processes are busy."""
    assert checks(StallDetector(LIMITS, Clock())) == MAX_WAIT_SECONDS
    for tasks, longest in (("score", 60), ("score finish", 400)):
        busy = StallDetector(LIMITS, Clock())
        assert checks(busy, busy_with=tasks) == MAX_WAIT_SECONDS + longest
    assert checks(StallDetector(LIMITS, Clock()), waits=False) == 1000


def test_a_task_or_an_outage_restarts_the_wait() -> None:
    """The wait is measured from the last task taken, and from the end of an outage of Redis."""
    clock = Clock()
    stall_detector = StallDetector(LIMITS, clock)
    for _ in range(100):
        assert takes_work(stall_detector)
        stall_detector.note_task()
    for _ in range(3):
        assert takes_work(stall_detector)
        clock.seconds += MAX_GAP_SECONDS + MAX_WAIT_SECONDS


def test_a_process_that_has_just_become_free_is_not_stalled() -> None:
    """After a task of minutes a worker has time to take the next one; then it is stalled."""
    detector = StallDetector(LIMITS, Clock())
    assert not any(detector.is_stalled(work_waits=True, busy_with=("finish",)) for _ in range(300))
    assert checks(detector) == MAX_WAIT_SECONDS + 1


def test_loading_again_and_again_is_no_work() -> None:
    """A worker whose processes end as soon as they are ready is stalled after the same time."""
    detector = StallDetector(LIMITS | {LOADING: 0.0}, Clock())
    times = 0
    while not detector.is_stalled(work_waits=True, busy_with=(LOADING,) if times % 2 else ()):
        times += 1
    assert times == MAX_WAIT_SECONDS


def takes_work(stall_detector: StallDetector) -> bool:
    return not any(stall_detector.is_stalled(work_waits=True, busy_with=()) for _ in range(20))


def test_a_worker_whose_processes_load_is_not_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work may wait as long as the models may take to load, and no longer."""
    clock = Clock()
    detector = StallDetector(LIMITS | {LOADING: 300.0}, clock)
    heartbeat = make_heartbeat(Fleet(RedisAway("away")), Reconciler(), detector)
    monkeypatch.setattr(heartbeat_module, "active_requests", [])
    stalled = [heartbeat._is_stalled(0, []) for _ in range(400)]
    assert stalled.index(True) >= 300
    assert heartbeat._is_stalled(2, [])


def test_a_stalled_worker_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets SIGTERM, and its exit status will be that of an error, so that it is restarted."""
    signals: list[int] = []
    monkeypatch.setattr(heartbeat_module.os, "kill", lambda _, number: signals.append(number))
    fleet, stall_detector = Fleet(RedisAway("away")), StallDetector(LIMITS, Clock())
    heartbeat = make_heartbeat(fleet, Reconciler(), stall_detector)
    heartbeat.start()
    wait_for(lambda: signals)
    heartbeat.stop()
    heartbeat.join()
    assert signals == [signal.SIGTERM]
    assert heartbeat.stalled.is_set()


def test_a_port_in_use_ends_no_worker(caplog: pytest.LogCaptureFixture) -> None:
    """The worker goes on without metrics, and logs the name of the setting to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status: Any = SimpleNamespace(metrics=list)
        bootstrap.MainProcess().serve_metrics(taken.getsockname(), status)
    assert "SCORELANE_METRICS_PORT" in caplog.text


def test_a_worker_describes_itself_last() -> None:
    """The reconciler runs even if describing the worker fails."""
    fleet, reconciler = Fleet(RuntimeError("a bug")), Reconciler()
    described: list[int] = []

    def describe() -> None:
        described.append(reconciler.turns)
        raise ValueError("no description")

    heartbeat = make_heartbeat(fleet, reconciler, StallDetector(LIMITS), describe)
    reconciler.reconcile = lambda _: setattr(reconciler, "turns", reconciler.turns + 1)  # type: ignore[method-assign]
    heartbeat.start()
    wait_for(lambda: len(described) > 2)
    heartbeat.stop()
    heartbeat.join()
    assert described[0] >= 1
