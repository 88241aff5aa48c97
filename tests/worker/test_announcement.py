"""What scoring processes announce."""

import os
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisAway
from support.doubles.fleet import InMemoryFleet
from support.doubles.length_model import LengthModel

from shared.config.settings import Settings
from shared.fleet import Served
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink
from worker.announcement import announce, node_name, withdraw_predecessor


def test_a_killed_worker_of_the_same_name_does_not_count(
    link: RedisLink, redis_settings: Settings
) -> None:
    """A container that is started again has the same name and numbers of processes."""
    fleet, card = RedisFleet(link, redis_settings), LengthModel().card
    fleet.announce(node_name(os.getpid()), [Served(card=card, rate=1.0)])
    fleet.announce("another-1", [Served(card=card, rate=1.0)])
    assert fleet.serving() == {card.full_name: 2}
    withdraw_predecessor(fleet)
    assert fleet.serving() == {card.full_name: 1}


def test_a_redis_that_is_away_does_not_keep_a_worker_from_starting(
    link: RedisLink,
    redis_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is there runs out by itself."""
    fleet = RedisFleet(link, redis_settings)

    def away(_: str) -> None:
        raise RedisAway("away")

    monkeypatch.setattr(fleet, "leave", away)
    withdraw_predecessor(fleet)
    assert "is not withdrawn (away)" in caplog.text


def test_a_redis_that_is_away_does_not_end_a_process() -> None:
    """The process waits, and announces its models when Redis is back."""
    model = LengthModel()

    class Away(InMemoryFleet):
        refusals = 3

        def announce(self, node: str, served: list[Served], **how: Any) -> None:
            if self.refusals:
                self.refusals -= 1
                raise RedisAway
            super().announce(node, served, **how)

    fleet = Away()
    announce(fleet, [Served(card=model.card, rate=1.0)], pause=0.0)
    assert fleet.models().keys() == {model.card.name}
