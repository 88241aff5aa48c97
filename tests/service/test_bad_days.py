"""Programs die during a job; accepted jobs are finished nevertheless."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from support.faulty import Faulty, SentJob
from support.programs import ROOT, Programs, kill, many_rows
from support.waiting import wait_for

pytestmark = pytest.mark.stack


#: Three seconds of work for two processes: enough time to break something.
ROWS = 30_000


def a_running_job(slow: Faulty) -> SentJob:
    """Submit a job when a worker is ready, and wait until some rows are completed."""
    slow.wait_ready()
    job = slow.submit_rows(ROWS)
    slow.wait_for_rows(job.location, 1)
    return job


def test_a_killed_process_loses_no_row(slow: Faulty) -> None:
    """After kill -9 of a worker's child, another scores its part, and each row comes back once."""
    worker = slow.start_worker()
    job = a_running_job(slow)
    victim = psutil.Process(worker.pid).children()[0]
    victim.kill()
    slow.check(job)


def test_a_killed_worker_loses_no_row(slow: Faulty) -> None:
    """After kill -9 of the only worker with its children, a new worker finishes the job."""
    worker = slow.start_worker()
    job = a_running_job(slow)
    kill(worker)
    wait_for(lambda: "No worker serves" in slow.job(job.location)["detail"])
    slow.start_worker()
    slow.check(job)


def test_a_worker_that_is_stopped_ends_its_part_first(slow: Faulty) -> None:
    """On SIGTERM a worker finishes its current parts; the next worker continues the job."""
    worker = slow.start_worker()
    job = a_running_job(slow)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert slow.job(job.location)["state"] == "running"
    slow.start_worker()
    slow.check(job)


def test_jobs_wait_for_the_first_worker(slow: Faulty) -> None:
    """Before the first worker jobs are refused; after the last one they wait for the next."""
    answer = slow.client.post("/jobs", json={"text": ["good"]})
    assert answer.status_code == 503
    assert "No worker has announced a model yet" in answer.json()["detail"]
    worker = slow.start_worker()
    slow.wait_ready()
    worker.send_signal(signal.SIGTERM)
    worker.wait(60)
    bulk = slow.submit_rows(100)
    small = slow.client.post("/jobs", json={"text": ["good"]}).headers["Location"]
    assert "No worker serves" in wait_for(lambda: slow.job(bulk.location)["detail"])
    slow.start_worker()
    assert slow.wait_for_end(small)["state"] == "succeeded"
    slow.check(bulk)


def test_redis_away_and_back(slow: Faulty) -> None:
    """Without Redis requests get a 503 at once; when Redis is back, everything continues."""
    redis = slow.redis
    slow.start_worker()
    job = a_running_job(slow)
    redis.send_signal(signal.SIGTERM)
    redis.wait(30)
    slow.client.timeout = 15
    for answer in (
        slow.client.post("/sentiment", json={"text": ["good"]}),
        slow.client.post("/jobs", json={"text": ["good"]}),
        slow.client.post("/jobs", content=many_rows(10)[0], headers={"Content-Type": "text/csv"}),
        slow.client.get(job.location),
        slow.client.get("/readyz"),
    ):
        assert answer.status_code == 503, answer.text
        assert answer.json()["type"] == "urn:scorelane:problem:store-unavailable"
        assert answer.headers["Retry-After"]
    assert slow.status("/livez") == 200
    slow.start_redis()
    slow.check(job)
    assert slow.client.post("/sentiment", json={"text": ["good"]}).status_code == 200


def test_the_api_does_not_open_itself_to_others(fragile: Programs) -> None:
    """On a network address without keys the API does not start, and says what to do."""
    fragile.api.terminate()
    fragile.api.wait(30)
    command = [sys.executable, "-m", "gunicorn", "--config", "python:api.gunicorn_conf"]
    # All addresses; the API ends before it serves, so the port does not matter.
    command += ["--bind", f"0.0.0.0:{fragile.port}", "api.wsgi:app"]
    ended = subprocess.run(
        command, cwd=ROOT, env=fragile.env, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == os.EX_CONFIG
    assert "SCORELANE_WITHOUT_KEYS=true" in ended.stderr
    assert "Traceback" not in ended.stderr
