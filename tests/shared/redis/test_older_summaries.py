"""Summaries in Redis that an older release has written, in part or as a whole."""

import pytest
from support.stored import parts, running

from shared.config.settings import Settings
from shared.jobs.sketch import Numbers
from shared.jobs.state import State
from shared.jobs.summary import Summary
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.signature import SENTIMENT


@pytest.fixture
def redis_store(link: RedisLink, redis_settings: Settings) -> RedisJobStore:
    return RedisJobStore(link, redis_settings)


def write_older(link: RedisLink, job_id: str) -> None:
    """Write what the last release wrote: scores by bin, their sum and extremes, and errors."""
    fields = {"bin:0": 2, "bin:9": 1, "total": "1.15", "least": "0.05", "most": "1", "error:nul": 4}
    link.client.hset(link.key("job", job_id, "summary"), mapping=fields)


def scores(store: RedisJobStore, job_id: str) -> Numbers:
    (found,) = store.outcome(job_id).summary.outputs
    assert isinstance(found, Numbers)
    return found


def test_a_job_of_an_older_release(redis_store: RedisJobStore, link: RedisLink) -> None:
    """Its ten bins are read, and survive the loss of Redis."""
    job_id, _ = running(redis_store, 1, lanes=1)
    redis_store.complete_part(job_id, 0, completed=3, failed=4, lanes=1)
    write_older(link, job_id)
    found = scores(redis_store, job_id)
    assert found.blocks == {0: (2, 0, 0, 0, 0, 0, 0, 0, 0, 1)}
    assert (found.total, found.least, found.most) == (1.15, 0.05, 1.0)
    before, job = redis_store.outcome(job_id), redis_store.get(job_id)
    assert before.summary.errors == {"nul": 4}
    redis_store.delete(job_id)
    redis_store.restore(job.model_copy(update={"state": State.SUCCEEDED}), parts(1), before)
    assert redis_store.outcome(job_id) == before


def test_a_job_that_was_begun_by_an_older_release(
    redis_store: RedisJobStore, link: RedisLink
) -> None:
    """The scores of both releases count, in ten bins."""
    job_id, _ = running(redis_store, 2, lanes=2)
    write_older(link, job_id)
    new = Summary.of(SENTIMENT.outputs, [[0.07, 0.55, 0.999]], [None] * 3)
    redis_store.complete_part(job_id, 1, completed=3, failed=0, lanes=1, summary=new)
    found = scores(redis_store, job_id)
    assert found.blocks == {0: (3, 0, 0, 0, 0, 1, 0, 0, 0, 2)}
    assert found.total == pytest.approx(1.15 + 0.07 + 0.55 + 0.999)
    assert (found.least, found.most) == (0.05, 1.0)
