"""The fleet on a real Redis: heartbeats and announcements."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from support.fleet_cards import CARD, KEPT, OTHER, current, describe, served
from support.redis_commands import commands_during
from support.refusing import full_disk, full_memory

from shared.config.settings import Settings
from shared.drift.reference import Reference, Watched
from shared.fleet import PartRate, Served
from shared.no_waiting import no_waiting
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink


@pytest.fixture
def fleet(link: RedisLink, redis_settings: Settings) -> RedisFleet:
    return RedisFleet(link, redis_settings)


def test_a_process_that_announces_itself_during_a_beat_is_counted(
    fleet: RedisFleet, link: RedisLink, redis_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heartbeat keeps an announcement that arrives between its reading and its writing."""
    other, at_once = RedisFleet(link, redis_settings), link.at_once

    def meanwhile(*commands: Any) -> Any:
        monkeypatch.setattr(link, "at_once", at_once)
        other.announce("node", [Served(card=CARD, rate=1.0)])
        return at_once(*commands)

    monkeypatch.setattr(link, "at_once", meanwhile)
    fleet.beat("node", [CARD.full_name])
    assert fleet.beat("node", [CARD.full_name]) == 1
    assert fleet.serving() == {CARD.full_name: 1}


def test_a_dead_process_is_dropped_and_a_lost_announcement_repeated(
    fleet: RedisFleet, link: RedisLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heartbeat repeats what Redis has lost, and removes processes that have died."""
    fleet.announce("node", [Served(card=CARD, rate=1.0)])
    assert fleet.beat("node", [CARD.full_name]) == 1
    link.client.delete(link.key("worker", "node"), link.key("models"))
    assert fleet.beat("node", [CARD.full_name]) == 1
    assert fleet.serving() == {CARD.full_name: 1}
    dead = os.getpid()

    def kill(pid: int, signal: int) -> None:
        raise ProcessLookupError(pid if pid == dead else signal)

    monkeypatch.setattr(os, "kill", kill)
    assert fleet.beat("node", [CARD.full_name]) == 0
    assert fleet.serving() == {}


def test_that_nobody_serves_a_model_is_not_cached(
    fleet: RedisFleet, link: RedisLink, redis_settings: Settings
) -> None:
    """A worker that starts is seen at once, also where a moment before there was none.

    The models of an earlier run are still known then, with no process that serves them.
    """
    worker = RedisFleet(link, redis_settings)
    worker.announce("earlier", [Served(card=CARD, rate=1.0)])
    worker.leave("earlier")
    assert fleet.processes(CARD.full_name) == 0
    worker.announce("node", [Served(card=CARD, rate=1.0)])
    assert fleet.processes(CARD.full_name) == 1


def test_a_refresh_spares_the_next_request_the_wait(
    fleet: RedisFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After it the models, their versions and their processes are known without asking Redis."""
    monkeypatch.setattr("shared.redis.fleet.CACHE_SECONDS", 3600.0)
    fleet.announce("node", served(CARD))
    fleet.beat("node", [CARD.full_name])
    fleet.refresh()
    with no_waiting():
        assert list(fleet.models()) == ["mine"]
        assert list(fleet.versions()) == [CARD.full_name]
        assert fleet.processes(CARD.full_name) == 1


def test_new_jobs_get_a_version_that_is_served(fleet: RedisFleet) -> None:
    """They get the version announced last while it is served, then another one that is.

    A process that replaces one of its worker changes nothing. If no version is served, jobs wait
    for the one announced last.
    """
    fleet.announce("old", served(CARD))
    fleet.announce("new", served(OTHER))
    assert current(fleet) == {"mine": OTHER.version}
    fleet.announce("old", served(CARD), replaces=True)
    assert current(fleet) == {"mine": OTHER.version}
    fleet.leave("new")
    assert current(fleet) == {"mine": CARD.version}
    fleet.leave("old")
    assert current(fleet) == {"mine": OTHER.version}


def test_a_worker_announces_nothing_that_it_does_not_serve(fleet: RedisFleet) -> None:
    """What a process has loaded, and another process of its worker has not, is withdrawn."""
    fleet.announce("node", served(CARD, KEPT))
    assert fleet.beat("node", [KEPT.full_name]) == 1
    assert fleet.serving() == {KEPT.full_name: 1}


def test_a_model_that_nobody_has_served_for_long_is_forgotten(fleet: RedisFleet) -> None:
    """The time passes only while other models are served, and not while a worker has the model."""
    fleet.announce("gone", served(CARD))
    fleet.leave("gone")
    fleet.forget_unserved(0.0)
    assert current(fleet).keys() == {"mine"}
    fleet.announce("node", served(KEPT))
    describe(fleet, "loading", CARD)
    fleet.forget_unserved(0.0)
    assert current(fleet).keys() == {"kept", "mine"}
    fleet.leave("loading")
    fleet.forget_unserved(60.0)
    assert current(fleet).keys() == {"kept", "mine"}
    fleet.forget_unserved(0.0)
    assert current(fleet).keys() == {"kept"}


def test_a_removed_model_takes_no_new_jobs(fleet: RedisFleet) -> None:
    """A worker that starts without its folder forgets a model, unless another worker has it."""
    fleet.announce("other", served(CARD))
    fleet.announce("node", served(KEPT))
    fleet.forget_removed({"kept"})
    assert current(fleet).keys() == {"kept", "mine"}
    fleet.leave("other")
    fleet.forget_removed({"kept", "mine"})
    assert current(fleet).keys() == {"kept", "mine"}
    fleet.forget_removed({"kept"})
    assert current(fleet).keys() == {"kept"}


def test_models_that_are_loaded_or_bad_are_known(fleet: RedisFleet) -> None:
    """A worker that has announced nothing yet says what it will serve, and what it cannot serve."""
    fleet.serving()
    describe(fleet, "node", CARD, damaged="it is damaged")
    assert fleet.serving() == {}
    assert fleet.to_serve() == {"mine"}
    assert fleet.failed() == {"damaged": "it is damaged"}
    fleet.leave("node")
    assert (fleet.to_serve(), fleet.failed()) == (set(), {})


def test_a_learned_rate_replaces_the_measured_one(
    fleet: RedisFleet, link: RedisLink, redis_settings: Settings
) -> None:
    """It is that of the version, for every process of the service, and outlives the worker."""
    fleet.announce("node", [Served(card=CARD, rate=1.0)])
    fleet.learn("mine@000000000002", 5.0)
    other = RedisFleet(link, redis_settings)
    assert other.models()[CARD.name].rate == 1.0
    fleet.learn(CARD.full_name, 2.5)
    fleet.announce("node", [Served(card=CARD, rate=1.5)])
    later = RedisFleet(link, redis_settings)
    assert later.models()[CARD.name].rate == 2.5
    assert later.rates() == {CARD.full_name: 2.5, "mine@000000000002": 5.0}


def test_rates_of_versions_that_are_gone_are_forgotten(fleet: RedisFleet) -> None:
    """A rate is kept while its version is served, or is the one that new jobs would get."""
    fleet.announce("node", served(CARD))
    for full_name in (CARD.full_name, OTHER.full_name, "kept@000000000003"):
        fleet.learn(full_name, 2.5)
        fleet.learn_parts(full_name, PartRate(rows=2.0, bytes=90.5))
    fleet.forget_unserved(0.0)
    assert fleet.rates() == {CARD.full_name: 2.5}
    assert fleet.part_rate(CARD.full_name) == PartRate(rows=2.0, bytes=90.5)
    assert fleet.part_rate(OTHER.full_name) is None
    fleet.leave("node")
    fleet.forget_unserved(0.0)
    assert fleet.rates() == {CARD.full_name: 2.5}


def test_a_heartbeat_costs_little_while_nothing_changes(fleet: RedisFleet, link: RedisLink) -> None:
    """It renews everything by one script, and reads or repeats no announcement."""
    fleet.announce("node", served(CARD, KEPT))
    names = [CARD.full_name, KEPT.full_name]
    fleet.beat("node", names)
    for key in ("worker", "serves"):
        link.client.expire(link.key(key, "node"), 1)
    link.client.srem(link.key("nodes"), "node")
    commands = commands_during(link, lambda: fleet.beat("node", names))
    assert commands == {"evalsha": 1, "del": 1, "hgetall": 1, "pexpire": 2, "sadd": 1}
    assert link.client.ttl(link.key("worker", "node")) > 1
    assert link.client.ttl(link.key("serves", "node")) > 1
    assert fleet.serving() == dict.fromkeys(names, 1)


@pytest.mark.parametrize("lost", ["worker", "serves"])
def test_a_heartbeat_repeats_what_redis_has_lost(
    fleet: RedisFleet, link: RedisLink, lost: str
) -> None:
    """Also one of two keys of a worker that otherwise did not change."""
    fleet.announce("node", served(CARD))
    fleet.beat("node", [CARD.full_name])
    fleet.beat("node", [CARD.full_name])
    link.client.delete(link.key(lost, "node"))
    assert fleet.beat("node", [CARD.full_name]) == 1
    for key in ("worker", "serves"):
        assert link.client.hlen(link.key(key, "node")) == 1
        assert link.client.pttl(link.key(key, "node")) > 0


def test_references_that_redis_has_lost_are_stored_again(
    fleet: RedisFleet, link: RedisLink
) -> None:
    """By the main process of a worker, as the processes announce them once; else it costs one look.

    One that is there is not replaced: a process may have announced another one since.
    """
    column = Watched(name="x", role="input", edges=(0.5,), counts=(0, 1, 2))
    first, second = (Reference(rows=rows, columns=(column,)) for rows in (3, 4))
    card, other = (one.model_copy(update={"reference": first}) for one in (CARD, KEPT))
    fleet.announce("node", served(card, other))
    looks = commands_during(link, lambda: fleet.keep_references([card, other, OTHER]))
    assert looks == {"exists": 1}
    link.client.delete(link.key("reference", card.full_name))
    assert fleet.reference(card.full_name) is None
    changed = other.model_copy(update={"reference": second})
    fleet.keep_references([card, changed])
    assert fleet.reference(card.full_name) == first
    assert fleet.reference(other.full_name) == first
    assert link.client.ttl(link.key("reference", card.full_name)) > 0
    assert commands_during(link, lambda: fleet.keep_references([OTHER])) == {}


def test_the_processes_are_counted_once_for_all(
    fleet: RedisFleet, link: RedisLink, redis_settings: Settings
) -> None:
    """However many workers there are, a process that wants to know their number reads one key."""
    for number in range(20):
        RedisFleet(link, redis_settings).announce(f"node-{number}", served(CARD))
    fleet.serving()
    readers = [RedisFleet(link, redis_settings) for _ in range(20)]
    found: list[int] = []
    commands = commands_during(
        link, lambda: found.extend(reader.processes(CARD.full_name) for reader in readers)
    )
    assert found == [20] * 20
    assert commands.total() <= 20 + 2 + 1 + 20 + 1, "each reads a key; one may have to count"
    readers[0].leave("node-7")
    assert fleet.serving() == {CARD.full_name: 19}


def test_processes_of_a_worker_of_an_older_release_count(
    fleet: RedisFleet, link: RedisLink
) -> None:
    """Such a worker writes only its announcements; a worker that is gone leaves the list."""
    fleet.announce("older", served(CARD, KEPT))
    fleet.announce("gone", served(CARD))
    for key in ("worker", "serves"):
        link.client.delete(link.key(key, "gone"))
    link.client.delete(link.key("serves", "older"), link.key("serving"))
    assert fleet.serving() == {CARD.full_name: 1, KEPT.full_name: 1}
    assert link.client.smembers(link.key("nodes")) == {"older"}


@pytest.mark.parametrize("refusing", [full_memory, full_disk])
def test_the_processes_are_counted_while_redis_refuses_to_write(
    fleet: RedisFleet, link: RedisLink, refusing: Callable[[Any], AbstractContextManager[None]]
) -> None:
    """Neither a full memory nor a full disk keeps anybody from asking who serves a model."""
    fleet.announce("node", served(CARD))
    link.client.sadd(link.key("nodes"), "gone")
    link.client.delete(link.key("serving"))
    with refusing(link.client):
        assert fleet.serving() == {CARD.full_name: 1}
