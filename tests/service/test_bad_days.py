"""What dies, dies in mid-job; what was accepted is finished all the same."""

import os
import signal
import subprocess
import sys

import pandas as pd
import psutil
import pytest
from programs import ROOT, Programs, check_rows, kill, many_rows
from waiting import wait_for

pytestmark = pytest.mark.stack


def a_running_job(fragile: Programs) -> tuple[str, pd.DataFrame]:
    """Submit a job when a worker is ready, and wait until some of its rows are done."""
    fragile.wait_ready()
    content, sent = many_rows(600_000)
    location = fragile.submit(content)
    fragile.wait_for_rows(location, 1)
    return location, sent


def check_job(fragile: Programs, location: str, sent: pd.DataFrame) -> None:
    """Wait for the end of a job, and check its counts and every row of it."""
    job = fragile.wait_for_end(location)
    assert job["rows"] == {"total": len(sent), "completed": len(sent), "failed": 0}
    check_rows(fragile.results(location), sent)


def test_a_killed_process_loses_no_row(fragile: Programs) -> None:
    """Kill -9 of a worker's child: its part is scored by another, and each row comes back once."""
    worker = fragile.start_worker()
    location, sent = a_running_job(fragile)
    victim = psutil.Process(worker.pid).children()[0]
    victim.kill()
    check_job(fragile, location, sent)


def test_a_killed_worker_loses_no_row(fragile: Programs) -> None:
    """Kill -9 of the only worker, main process and children; one that starts later goes on."""
    worker = fragile.start_worker()
    location, sent = a_running_job(fragile)
    kill(worker)
    wait_for(lambda: "No worker serves" in fragile.job(location)["detail"])
    fragile.start_worker()
    check_job(fragile, location, sent)


def test_a_worker_that_is_stopped_ends_its_part_first(fragile: Programs) -> None:
    """SIGTERM lets a worker end what it has begun; the next one goes on from there."""
    worker = fragile.start_worker()
    location, sent = a_running_job(fragile)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert fragile.job(location)["state"] == "running"
    fragile.start_worker()
    check_job(fragile, location, sent)


def test_jobs_wait_for_the_first_worker(fragile: Programs) -> None:
    """Before any worker there is nothing to ask for; a job of one that left waits for the next."""
    answer = fragile.client.post("/jobs", json={"text": ["good"]})
    assert answer.status_code == 503
    assert "No worker has announced a model yet" in answer.json()["detail"]
    worker = fragile.start_worker()
    fragile.wait_ready()
    worker.send_signal(signal.SIGTERM)
    worker.wait(60)
    content, sent = many_rows(100)
    bulk = fragile.submit(content)
    small = fragile.client.post("/jobs", json={"text": ["good"]}).headers["Location"]
    assert "No worker serves" in wait_for(lambda: fragile.job(bulk)["detail"])
    fragile.start_worker()
    assert fragile.wait_for_end(small)["state"] == "succeeded"
    check_job(fragile, bulk, sent)


def test_redis_away_and_back(fragile: Programs) -> None:
    """Without Redis requests get a 503 and no hang; when it is back all goes on by itself."""
    redis = fragile.redis
    fragile.start_worker()
    location, sent = a_running_job(fragile)
    redis.send_signal(signal.SIGTERM)
    redis.wait(30)
    fragile.client.timeout = 15
    for answer in (
        fragile.client.post("/sentiment", json={"text": ["good"]}),
        fragile.client.post("/jobs", json={"text": ["good"]}),
        fragile.client.post(
            "/jobs", content=many_rows(10)[0], headers={"Content-Type": "text/csv"}
        ),
        fragile.client.get(location),
        fragile.client.get("/readyz"),
    ):
        assert answer.status_code == 503, answer.text
        assert answer.json()["type"] == "urn:scorelane:problem:store-unavailable"
        assert answer.headers["Retry-After"]
    assert fragile.status("/livez") == 200
    fragile.start_redis()
    check_job(fragile, location, sent)
    assert fragile.client.post("/sentiment", json={"text": ["good"]}).status_code == 200


def test_the_api_does_not_open_itself_to_others(fragile: Programs) -> None:
    """On an address of the network, without keys, it does not start, and says what to do."""
    fragile.api.terminate()
    fragile.api.wait(30)
    command = [sys.executable, "-m", "gunicorn", "--config", "python:api.gunicorn_conf"]
    # A port of all addresses, of which nothing is ever asked: it ends before it serves.
    command += ["--bind", f"0.0.0.0:{fragile.port}", "api.wsgi:app"]
    ended = subprocess.run(
        command, cwd=ROOT, env=fragile.env, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == os.EX_CONFIG
    assert "SCORELANE_WITHOUT_KEYS=true" in ended.stderr
    assert "Traceback" not in ended.stderr
