"""The primary of Redis dies in the middle of jobs, and the sentinels choose another one."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from redis.exceptions import RedisError
from support.faulty import Faulty, SentJob
from support.sentinels import Failover, failover
from support.waiting import wait_for

from shared.config.settings import Settings
from shared.redis.link import RedisLink

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]

#: How often the primary is killed. Ten times take two minutes.
KILLS = int(os.environ.get("PRIMARY_KILLS", "2"))

#: The server; by default the newest that is installed.
PROGRAM = os.environ.get("PRIMARY_PROGRAM")

#: The rows of each job: more than are scored during a failover.
ROWS = 40_000


class Elsewhere(Faulty):
    """The programs without a Redis of their own."""

    def start_redis(self, *_: str) -> None:
        pass


@pytest.fixture
def servers(tmp_path: Path) -> Any:
    folder = tmp_path / "redis"
    folder.mkdir()
    with failover(folder, program=PROGRAM) as found:
        yield found


def service_of(start: Start, servers: Failover, **settings: str) -> Faulty:
    """Start the API and two workers, and wait until both serve."""
    service = start(variables={"SCORELANE_REDIS_URL": servers.url}, kind=Elsewhere, **settings)
    service.start_worker()
    service.start_worker()
    wait_for(lambda: service.status("/readyz") == 200 and service.processes() == 2, 180)
    return service


def goes_on(service: Faulty, job: SentJob) -> int:
    """The rows of a job that are done; -1 while the service does not say."""
    return service.rows_done(job) if service.status(job.location) == 200 else -1


def test_the_primary_is_killed_in_the_middle_of_jobs(
    start: Start, servers: Failover, measured: Measured
) -> None:
    """The primary of Redis is killed again and again: each time the job goes on."""
    service = service_of(start, servers)
    link = RedisLink(Settings(redis_url=servers.url))
    jobs, answers, goes = [], [], []
    for number in range(KILLS):
        job = service.submit_rows(ROWS, first=number * ROWS)
        jobs.append(job)
        done = wait_for(lambda job=job: (rows := goes_on(service, job)) > 0 and rows, 120)
        old = servers.primary()
        servers.kill(old)
        killed = time.monotonic()
        wait_for(lambda: _writes(link), 60)
        answers.append(time.monotonic() - killed)
        # What the new primary has of the job may be less than the old one had.
        done = max(done, goes_on(service, job))
        wait_for(lambda job=job, done=done: goes_on(service, job) > done, 120)
        goes.append(time.monotonic() - killed)
        # As the images of Kubernetes do it, it asks for the primary when it starts.
        servers.complete()
    for job in jobs:
        service.check(job)
    assert len(service.running("worker")) == 2
    link.close()
    measured(f"{median(answers):.1f} s, at most {max(answers):.1f} s: written to again")
    measured(f"{median(goes):.1f} s, at most {max(goes):.1f} s: the job goes on")
    measured("0 rows")


def _writes(link: RedisLink) -> bool:
    try:
        link.client.set("any", "text")
    except RedisError:
        return False
    return True
