"""What scoring processes announce, on a real Redis."""

import os
from datetime import UTC, datetime

import pytest
from redis.exceptions import ConnectionError as RedisAway

from shared.config.settings import Settings
from shared.fleet import Served
from shared.model import Card
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink
from worker.announcement import node_name, withdraw_predecessor

CARD = Card(
    name="mine",
    version="000000000001",
    format="pkl",
    files={"model.pkl": "0" * 64},
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_a_killed_worker_of_the_same_name_does_not_count(
    link: RedisLink, redis_settings: Settings
) -> None:
    """A container that is started again has the same name and numbers of processes."""
    fleet = RedisFleet(link, redis_settings)
    fleet.announce(node_name(os.getpid()), [Served(card=CARD, rate=1.0)])
    fleet.announce("another-1", [Served(card=CARD, rate=1.0)])
    assert fleet.serving() == {CARD.full_name: 2}
    withdraw_predecessor(fleet)
    assert fleet.serving() == {CARD.full_name: 1}


def test_a_redis_that_is_away_does_not_keep_a_worker_from_starting(
    link: RedisLink, redis_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there runs out by itself."""
    fleet = RedisFleet(link, redis_settings)

    def away(_: str) -> None:
        raise RedisAway("away")

    monkeypatch.setattr(fleet, "leave", away)
    withdraw_predecessor(fleet)
