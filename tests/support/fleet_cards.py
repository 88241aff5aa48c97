"""Cards of two versions and of another model, and what a fleet knows of them."""

from datetime import UTC, datetime

from support.doctor import a_worker

from shared.card import Card
from shared.fleet import Served
from shared.redis.fleet import RedisFleet

CARD = Card(
    name="mine",
    version="000000000001",
    format="pkl",
    files={"model.pkl": "0" * 64},
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


OTHER = CARD.model_copy(
    update={"version": "000000000002", "created_at": datetime(2026, 2, 1, tzinfo=UTC)}
)
KEPT = CARD.model_copy(update={"name": "kept"})


def served(*cards: Card) -> list[Served]:
    return [Served(card=card, rate=1.0) for card in cards]


def describe(fleet: RedisFleet, name: str, *cards: Card, **failed: str) -> None:
    full_names = [card.full_name for card in cards]
    fleet.describe(a_worker(name, models=full_names, failed=failed))


def current(fleet: RedisFleet) -> dict[str, str]:
    """The version of each model that new jobs get."""
    fleet.serving()
    return {name: one.card.version for name, one in fleet.models().items()}
