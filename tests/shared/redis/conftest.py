"""Fixtures for the contract of the job store: each test runs on Redis and in memory."""

from typing import Any

import pytest
from support.doubles.job_store import InMemoryJobStore
from support.stored import MakeStore

from shared.config.settings import Settings
from shared.jobs.job_store import JobStore
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink


@pytest.fixture(params=["memory", "redis"])
def make_store(request: pytest.FixtureRequest, redis_settings: Settings, link: RedisLink) -> Any:
    """Makes a store with other settings, of either kind."""

    def make(**changes: Any) -> JobStore:
        settings = redis_settings.model_copy(update=changes)
        if request.param == "memory":
            return InMemoryJobStore(settings)
        return RedisJobStore(link, settings)

    return make


@pytest.fixture
def store(make_store: MakeStore) -> JobStore:
    return make_store()
