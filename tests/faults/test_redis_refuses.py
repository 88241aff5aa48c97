"""Redis refuses to write because its memory or its disk is full: nothing ends, and jobs go on."""

from collections.abc import Callable

import pytest
from redis import Redis
from support.faulty import ROWS, Faulty, SentJob
from support.refusing import full_disk_of, full_memory
from support.waiting import wait_for

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]

ROW = {"json": {"text": ["a text"]}}


def under_way(start: Start) -> tuple[Faulty, SentJob]:
    """A service with one worker, and a job of which a quarter is done."""
    service = start()
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows(ROWS // 4)
    wait_for(lambda: service.rows_done(job) > ROWS // 16, 120)
    return service, job


def goes_on(service: Faulty) -> None:
    """Check that the one worker lives, and that new jobs and questions are scored."""
    assert len(service.running("worker")) == 1
    small = service.client.post("/jobs", **ROW).headers["Location"]
    assert service.wait_for_end(small)["state"] == "succeeded"
    assert service.client.post("/sentiment", **ROW).status_code == 200
    service.check(service.submit_rows(100))


def test_the_memory_of_redis_is_full_during_a_job(start: Start, measured: Measured) -> None:
    """The job is scored to its end, others are refused, and all goes on when there is room."""
    service, job = under_way(start)
    with Redis.from_url(service.env["SCORELANE_REDIS_URL"]) as redis, full_memory(redis):
        refused = service.client.post("/jobs", **ROW)
        assert refused.status_code == 503
        assert refused.json()["type"] == "urn:scorelane:problem:store-full"
        service.check(job)
        assert service.client.delete(job.location).status_code == 204
        # A worker that starts meanwhile announces itself.
        service.running("worker")[0].terminate()
        wait_for(lambda: not service.running("worker"))
        service.start_worker()
        service.wait_ready()
    goes_on(service)
    measured("0 rows; the job ends meanwhile")


def test_the_disk_of_redis_is_full_during_a_job(start: Start, measured: Measured) -> None:
    """The job waits, and goes on by itself when there is room; reads are answered meanwhile."""
    service, job = under_way(start)
    log = service.folder / "worker.log"
    url = service.env["SCORELANE_REDIS_URL"]
    with Redis.from_url(url) as redis, full_disk_of(service.redis.pid, redis):
        wait_for(lambda: "Redis refuses to give one out" in log.read_text())
        wait_for(lambda: "no heartbeat" in log.read_text())
        assert service.status(job.location) == 200
        refused = service.client.post("/jobs", **ROW)
        assert refused.json()["type"] == "urn:scorelane:problem:store-full"
    service.check(job)
    goes_on(service)
    measured("0 rows")
