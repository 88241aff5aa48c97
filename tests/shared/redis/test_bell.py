"""The scripts that put a small job or a question into the waiting list ring the doorbell too."""

import pytest
from support.stored import MODEL, a_job, question

from shared.config.settings import Settings
from shared.dispatch import small_queue
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink


@pytest.fixture
def store(link: RedisLink, redis_settings: Settings) -> RedisJobStore:
    """A store with batches of three rows."""
    return RedisJobStore(link, redis_settings.model_copy(update={"batch_rows": 3}))


def bells(link: RedisLink) -> list[str]:
    """The messages that wait, the oldest first."""
    return link.client.lrange(link.key(small_queue(MODEL)), 0, -1)[::-1]


def put(store: RedisJobStore, kind: str, bell: str) -> bool:
    if kind == "question":
        return store.ask(MODEL, question(), bell)
    return store.create(a_job("small", total=1), b'["1", "text"]\n', bell=bell)


@pytest.mark.parametrize("kind", ["job", "question"])
def test_the_script_rings(store: RedisJobStore, link: RedisLink, kind: str) -> None:
    """It rings for the first that waits and for each batch; the caller has nothing to do."""
    assert not any(put(store, kind, f"bell {place}") for place in range(7))
    assert bells(link) == ["bell 0", "bell 2", "bell 5"]


@pytest.mark.parametrize("kind", ["job", "question"])
def test_the_caller_rings(store: RedisJobStore, link: RedisLink, kind: str) -> None:
    """Without a message it is told when."""
    rung = [put(store, kind, "") for _ in range(7)]
    assert rung == [True, False, True, False, False, True, False]
    assert bells(link) == []


def test_a_job_that_is_recorded_twice(store: RedisJobStore, link: RedisLink) -> None:
    """Its first answer was lost: it waits once, and the doorbell rings again."""
    job = a_job("small", total=1)
    for number in range(2):
        assert not store.create(job, b'["1", "text"]\n', bell=f"bell {number}")
    assert store.waiting_small(MODEL) == 1
    assert bells(link) == ["bell 0", "bell 1"]
