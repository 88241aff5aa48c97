"""A worker tries new versions, serves those that pass, and lets go of those that are gone."""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from support.watched_worker import WatchedWorker

from shared.card import Card
from shared.fleet import Served
from worker.models import trials as trials_module
from worker.models.folder_watch import GONE_LOOKS
from worker.models.model_watcher import RETIRES
from worker.models.trial_run import Outcome
from worker.models.trials import AGAIN_SECONDS


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WatchedWorker]:
    """A worker with one version of one model, which has looked at its folder once."""
    worker = WatchedWorker(tmp_path)
    with closing(worker.models):
        worker.turns()
        yield worker


def test_a_new_version_gets_new_jobs_when_one_process_has_it(worker: WatchedWorker) -> None:
    """Its queues are consumed first; the one before leaves, and is unloaded."""
    second = worker.put("mine", "second")
    worker.turns()
    assert worker.models.orders.read()["versions"].keys() == {
        worker.first.full_name,
        second.full_name,
    }
    assert (worker.consumed, worker.for_new_jobs()) == ([], "")
    worker.needed.add(worker.first.full_name)
    worker.load(worker.first, second, processes=1)
    worker.turns(1)
    assert (worker.consumed, worker.for_new_jobs()) == ([second.full_name], second.version)
    assert worker.models.leaving() == [worker.first.full_name]
    assert worker.models.names() == [worker.first.full_name, second.full_name]
    worker.needed.clear()
    worker.turns(1)
    assert worker.models.names() == [second.full_name]


def test_a_version_that_is_kept_in_another_folder_does_not_leave(worker: WatchedWorker) -> None:
    """Both are served, and the folder that is named like the model has that for new jobs."""
    (worker.dir / "mine").rename(worker.dir / worker.first.full_name)
    second = worker.put("mine", "second")
    worker.turns()
    worker.load(worker.first, second)
    worker.turns()
    assert (worker.models.leaving(), worker.for_new_jobs()) == ([], second.version)
    shutil.rmtree(worker.dir / "mine")
    worker.turns(GONE_LOOKS + 1)
    assert (worker.for_new_jobs(), worker.models.leaving()) == (worker.first.version, [])


def test_a_trial_that_fails_changes_nothing(worker: WatchedWorker) -> None:
    """The same content is not tried again, and other content is."""
    worker.outcomes = [Outcome("It raises.")]
    worker.put("mine", "bad")
    worker.turns(10)
    assert worker.models.failed() == {"mine": "It raises."}
    assert (len(worker.tried), worker.models.names()) == (1, [worker.first.full_name])
    assert (worker.models.leaving(), worker.for_new_jobs()) == ([], "")
    worker.put("mine", "good")
    worker.turns()
    assert (len(worker.tried), worker.models.failed()) == (2, {})


def test_a_trial_that_lacked_memory_is_repeated_a_few_times(
    worker: WatchedWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, as somebody may have killed it, then after minutes; and then not any more."""
    seconds = [time.monotonic()]
    monkeypatch.setattr(trials_module.time, "monotonic", lambda: seconds[0])
    monkeypatch.setattr("worker.models.model_watcher.time.monotonic", lambda: seconds[0])
    worker.outcomes = [Outcome("It takes too much.", again=True)] * 10
    worker.put("mine", "large")
    worker.turns(10)
    assert len(worker.tried) == 2
    for pause in AGAIN_SECONDS:
        seconds[0] += pause
        worker.turns(10)
    seconds[0] += 10_000.0
    worker.turns(10)
    assert len(worker.tried) == len(AGAIN_SECONDS) + 1
    assert worker.models.failed() == {"mine": "It takes too much."}


def test_a_version_that_one_process_cannot_load_is_given_up(worker: WatchedWorker) -> None:
    """New jobs get the version before it again, and the others unload it."""
    second = worker.put("mine", "second")
    (worker.dir / worker.first.full_name).mkdir()
    worker.put(worker.first.full_name, "first")
    worker.turns()
    worker.load(worker.first, second, processes=1)
    worker.turns(1)
    assert worker.for_new_jobs() == second.version
    worker.outcomes = [Outcome("Neither can the trial.")]
    worker.load(worker.first, **{second.full_name: "MemoryError: "})
    worker.turns(5)
    assert (worker.for_new_jobs(), worker.consumed) == (worker.first.version, [])
    assert worker.models.names() == [worker.first.full_name]
    assert worker.models.failed() == {"mine": "Neither can the trial."}


def test_a_failure_to_load_counts_once(worker: WatchedWorker) -> None:
    """A version whose next trial passes is loaded again, whatever was said of it before.

    A process that is busy may not have seen yet that the version was given up.
    """
    second = worker.put("mine", "second")
    worker.turns()
    worker.load(worker.first, **{second.full_name: "MemoryError: "})
    worker.turns(5)
    assert len(worker.tried) == 2
    assert second.full_name in worker.models.names()
    worker.load(worker.first, second)
    worker.turns()
    assert (worker.for_new_jobs(), worker.models.failed()) == (second.version, {})


def test_a_model_that_is_gone_gets_no_new_jobs_until_it_is_back(worker: WatchedWorker) -> None:
    """While work needs it, it stays loaded."""
    worker.fleet.prefer(worker.fleet.models().get("mine") or _served(worker.first))
    worker.needed.add(worker.first.full_name)
    away = worker.dir / ".away"
    (worker.dir / "mine").rename(away)
    worker.turns(GONE_LOOKS + 1)
    assert worker.for_new_jobs() == ""
    assert worker.models.orders.read()["versions"][worker.first.full_name]["leaving"]
    assert worker.models.leaving() == worker.models.names() == [worker.first.full_name]
    away.rename(worker.dir / "mine")
    worker.turns(2)
    assert (worker.for_new_jobs(), worker.models.leaving()) == (worker.first.version, [])
    assert not worker.models.orders.read()["versions"][worker.first.full_name]["leaving"]


def test_a_model_that_goes_while_redis_is_away_gets_no_new_jobs(
    worker: WatchedWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long that lasts: only what the fleet was told counts."""
    worker.fleet.prefer(_served(worker.first))
    worker.needed.add(worker.first.full_name)
    retire = worker.fleet.retire

    def fail(_: str) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(worker.fleet, "retire", fail)
    shutil.rmtree(worker.dir / "mine")
    for _ in range(GONE_LOOKS + 2 * RETIRES):
        with suppress(RedisConnectionError):
            worker.turns(1)
    monkeypatch.setattr(worker.fleet, "retire", retire)
    worker.turns(1)
    assert worker.for_new_jobs() == ""


def test_a_version_is_not_let_go_before_the_fleet_was_told(worker: WatchedWorker) -> None:
    """However rare heartbeats are: until then new jobs get it, and need it."""
    worker.fleet.prefer(_served(worker.first))
    worker.beats = False
    shutil.rmtree(worker.dir / "mine")
    worker.turns(GONE_LOOKS + 3 * RETIRES)
    assert worker.models.leaving() == [worker.first.full_name]
    assert worker.for_new_jobs() == worker.first.version
    worker.beats = True
    worker.turns(2)
    assert worker.for_new_jobs() == ""
    assert worker.models.names() == []


def test_a_version_that_a_dead_worker_has_announced_gets_no_new_jobs_later(
    worker: WatchedWorker,
) -> None:
    """Its announcement may outlast the first looks; the fleet is told of the version again."""
    worker.needed.add(worker.first.full_name)
    shutil.rmtree(worker.dir / "mine")
    worker.turns(GONE_LOOKS + 2 * RETIRES)
    worker.fleet.prefer(_served(worker.first))
    worker.turns(RETIRES)
    assert worker.for_new_jobs() == ""


def test_a_version_that_comes_back_is_told_anew(worker: WatchedWorker) -> None:
    """What a heartbeat has said of its first absence does not count for the second."""
    worker.needed.add(worker.first.full_name)
    away = worker.dir / ".away"
    (worker.dir / "mine").rename(away)
    worker.turns(GONE_LOOKS + 1)
    away.rename(worker.dir / "mine")
    worker.turns()
    assert worker.models.leaving() == []
    worker.needed.clear()
    worker.beats = False
    (worker.dir / "mine").rename(away)
    worker.turns(GONE_LOOKS + 1)
    assert worker.models.leaving() == [worker.first.full_name]


def _served(card: Card) -> Any:
    return Served(card=card, rate=5.0)


def test_a_folder_that_is_damaged_in_place_stays_served(worker: WatchedWorker) -> None:
    """The worker holds the files of its start; `failed` names what is there now."""
    (worker.dir / "mine" / "model.pkl").unlink()
    worker.turns(10)
    assert "of no file" in worker.models.failed()["mine"]
    assert (worker.models.leaving(), worker.models.names()) == ([], [worker.first.full_name])


def test_a_version_that_is_left_to_others_is_neither_tried_nor_failed(
    worker: WatchedWorker,
) -> None:
    """New jobs may get it, so what this worker has of the model is not for new jobs any more."""
    worker.declined = "second"
    (worker.dir / "mine").rename(worker.dir / worker.first.full_name)
    second = worker.put("mine", "second")
    worker.turns(10)
    assert (worker.tried, worker.models.failed()) == ([], {})
    assert worker.models.declined() == {second.full_name: "its libraries are others"}
    assert (worker.models.current, worker.models.yielded) == (set(), {"mine"})
    assert worker.models.names() == [worker.first.full_name]
    assert worker.models.leaving() == []


def test_a_version_that_was_replaced_for_others_leaves_once_they_serve_it(
    worker: WatchedWorker,
) -> None:
    """Until then it takes new jobs."""
    worker.declined = "second"
    second = worker.put("mine", "second")
    worker.turns(10)
    assert worker.models.leaving() == []
    worker.needed.add(worker.first.full_name)
    worker.fleet.announce("other", [Served(card=second, rate=1.0)])
    worker.turns()
    assert worker.models.leaving() == [worker.first.full_name]
