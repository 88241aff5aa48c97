"""The fleet on a real Redis: heartbeats and announcements."""

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.config.settings import Settings
from shared.fleet import Served
from shared.model import Card
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink

CARD = Card(
    name="mine",
    version="000000000001",
    format="pkl",
    files={"model.pkl": "0" * 64},
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


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
    fleet.beat("node")
    assert fleet.beat("node") == 1
    assert fleet.serving() == {CARD.full_name: 1}


def test_a_dead_process_is_dropped_and_a_lost_announcement_repeated(
    fleet: RedisFleet, link: RedisLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heartbeat repeats what Redis has lost, and removes processes that have died."""
    fleet.announce("node", [Served(card=CARD, rate=1.0)])
    assert fleet.beat("node") == 1
    link.client.delete(link.key("worker", "node"), link.key("models"))
    assert fleet.beat("node") == 1
    assert fleet.serving() == {CARD.full_name: 1}
    dead = os.getpid()

    def kill(pid: int, signal: int) -> None:
        raise ProcessLookupError(pid if pid == dead else signal)

    monkeypatch.setattr(os, "kill", kill)
    assert fleet.beat("node") == 0
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
