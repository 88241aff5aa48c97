"""Redis restarts, dies, stalls, drops connections or loses all data: jobs go on."""

import signal
import time
from collections.abc import Callable

import pytest
from redis import Redis
from support.faulty import ROWS, Faulty, SentJob
from support.object_storage import ON_BOTH_APART
from support.waiting import wait_for

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]


def under_way(start: Start) -> tuple[Faulty, SentJob]:
    """Start a service with two workers, and run a job until a quarter is done."""
    service = start(sweep_seconds="5")
    service.start_worker()
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows()
    wait_for(lambda: service.rows_done(job) > ROWS // 4, 120)
    return service, job


def wait_until_it_goes_on(service: Faulty, job: SentJob) -> float:
    """Wait until more rows are done; return the seconds that it took."""
    began, done = time.monotonic(), 0

    def more() -> bool:
        nonlocal done
        if service.status(job.location) != 200:
            return False
        before, done = done, service.rows_done(job)
        return 0 < before < done

    wait_for(more)
    return time.monotonic() - began


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_redis_restarts(start: Start, measured: Measured, how: signal.Signals) -> None:
    """Redis, with its append-only file, is restarted during a job: by SIGTERM or kill -9."""
    service, job = under_way(start)
    service.redis.send_signal(how)
    service.redis.wait(30)
    service.start_redis()
    seconds = wait_until_it_goes_on(service, job)
    service.check(job)
    measured(f"{how.name}: {seconds:.1f} s, 0 rows")


def test_redis_is_silent_for_half_a_minute(start: Start, measured: Measured) -> None:
    """Redis answers nothing for 30 seconds: requests get a 503, and then the job goes on."""
    service, job = under_way(start)
    service.redis.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    while time.monotonic() - began < 30:
        assert service.status(job.location) == 503
    service.redis.send_signal(signal.SIGCONT)
    seconds = wait_until_it_goes_on(service, job)
    service.check(job)
    measured(f"{seconds:.1f} s after it, 0 rows")


def test_connections_to_redis_are_cut(start: Start, measured: Measured) -> None:
    """All connections to Redis are cut ten times during a job; the programs reconnect."""
    service, job = under_way(start)
    with Redis.from_url(service.env["SCORELANE_REDIS_URL"]) as redis:
        for cut in range(1, 11):
            redis.client_kill_filter(_type="normal", skipme=True)
            wait_for(lambda cut=cut: service.rows_done(job) > ROWS // 4 + cut * ROWS // 20, 120)
    service.check(job)
    measured("10 cuts, 0 rows lost")


@ON_BOTH_APART
def test_redis_forgets_everything(start: Start, measured: Measured) -> None:
    """Redis is wiped during a job: bulk jobs are restored, with the parts that were done.

    A small job is in Redis only, so it answers 410 `job-lost`. A question is scored again.
    """
    service, job = under_way(start)
    ended = service.submit_rows(1000)
    service.check(ended)
    with Redis.from_url(service.env["SCORELANE_REDIS_URL"]) as redis:
        wait_for(lambda: redis.get("scorelane:since"))
        answer = service.client.post("/jobs", json={"text": ["text"] * 1000})
        redis.flushall()
    done = service.blob_count(f"jobs/{job.id}/results/")
    began = time.monotonic()
    wait_for(lambda: service.status(job.location) == 200)
    seconds = time.monotonic() - began
    lost = service.client.get(answer.headers["Location"])
    assert (lost.status_code, lost.json()["type"]) == (410, "urn:scorelane:problem:job-lost")
    assert service.client.post("/sentiment", json={"text": ["good"]}).status_code == 200
    service.check(job)
    service.check(ended)
    assert done > 1
    measured(f"restored in {seconds:.1f} s, 0 rows")
