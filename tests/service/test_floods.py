"""Floods of one owner next to the job of another, with the real programs.

What is counted is how much of the flood was done when the other's job had ended, and no time.
"""

import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from support.owners import Owner
from support.programs import Programs, many_rows, programs, signal_all
from support.waiting import wait_for

pytestmark = pytest.mark.stack

MANY, ONE = Owner("many"), Owner("one")

#: The rows of the job that the flood must not delay.
ROWS = 20_000


@pytest.fixture
def flooded(tmp_path: Path, sockets: Path) -> Iterator[Programs]:
    """The programs with one worker, and keys of two owners."""
    keys = f"{MANY.line};{ONE.line}"
    limits = {"requests_per_minute": "0", "processes": "2"}
    own = Path(tempfile.mkdtemp(dir=sockets))
    with programs(tmp_path, own, api_keys=keys, **limits) as these:
        these.start_worker()
        these.wait_ready()
        yield these


@contextmanager
def stopped(these: Programs) -> Iterator[None]:
    """Let the worker do nothing during a block, so that all that is submitted in it waits."""
    worker = these.running("worker")[0]
    signal_all(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_all(worker, signal.SIGCONT)


def client_of(these: Programs, owner: Owner) -> httpx.Client:
    return httpx.Client(base_url=these.client.base_url, headers=owner.headers, timeout=60)


def submit(client: httpx.Client, content: bytes) -> str:
    answer = client.post("/jobs", content=content, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 202, answer.text
    return str(answer.headers["Location"])


def has_ended(client: httpx.Client, location: str) -> bool:
    job = client.get(location).json()
    assert job["state"] in ("queued", "running", "succeeded")
    return bool(job["state"] == "succeeded")


def test_a_flood_of_jobs_delays_no_other_owners_job(flooded: Programs) -> None:
    """A job that came last ends before most of another owner's 30 jobs of the same size."""
    content, _ = many_rows(ROWS)
    with client_of(flooded, MANY) as many, client_of(flooded, ONE) as one:
        with stopped(flooded):
            flood = [submit(many, content) for _ in range(30)]
            mine = submit(one, content)
        wait_for(lambda: has_ended(one, mine), 180)
        end = one.get(mine).json()["finished_at"]
        ends = [many.get(location).json()["finished_at"] for location in flood]
    assert sum(other is not None and other <= end for other in ends) < 6


def test_a_flood_of_small_jobs_starves_no_bulk_job(flooded: Programs) -> None:
    """While a bulk job is scored, small jobs of about as many rows are, and not all that wait."""
    content, _ = many_rows(ROWS)
    rows = {"ref": [*range(1000)], "text": ["not so good, really"] * 1000}
    with client_of(flooded, MANY) as many, client_of(flooded, ONE) as one:
        with stopped(flooded), ThreadPoolExecutor(4) as senders:
            answers = list(senders.map(lambda _: many.post("/jobs", json=rows), range(200)))
            assert {answer.status_code for answer in answers} == {202}
            mine = submit(one, content)
        wait_for(lambda: has_ended(one, mine), 180)
        end = one.get(mine).json()["finished_at"]
        ended = many.get("/jobs?state=succeeded&limit=500").json()["jobs"]
    assert sum(job["finished_at"] <= end for job in ended) < 100
