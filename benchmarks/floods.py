"""How much a flood of one owner delays another owner: a job, and single texts."""

import csv
import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, islice, repeat
from typing import Any

import httpx

from api.security.keys import new_key
from benchmarks import reviews
from benchmarks.report import Options, Table, figure, within
from benchmarks.service import Running, service

MODEL = "fast"

#: A flood may delay another owner's job to this many times its time alone.
MOST = 2.0

#: Jobs of a flood of bulk jobs: as many as one owner may have by default.
JOBS = 100

#: How many times as many rows each of them has as the job that is measured.
FLOOD_TIMES = 4

#: Small jobs of a flood that wait at any time, and the rows of each.
SMALL_JOBS, SMALL_ROWS = 300, 100

#: Threads that send a flood, and seconds between two polls of a job.
SENDERS, POLL_SECONDS = 2, 0.02


class _Owner:
    """An owner with a key, who sends jobs and questions."""

    def __init__(self, name: str) -> None:
        self.key, self.line = new_key(name, "submit,read")

    def client(self, running: Running) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=running.url, headers=headers, timeout=120)


def run(options: Options) -> Table:
    """Measure one owner's job and texts, alone and within the floods of another owner."""
    rows, rounds = (20_000, 2) if options.quick else (50_000, 5)
    table = Table(f"Another owner's flood, {MODEL}", ("", "waits", ""))
    one, many = _Owner("one"), _Owner("many")
    texts = reviews.chosen(options, rows)
    content, flood = _csv(texts), _csv(texts * FLOOD_TIMES)
    env = {
        "SCORELANE_SERVE": MODEL,
        "SCORELANE_API_KEYS": f"{one.line};{many.line}",
        "SCORELANE_REQUESTS_PER_MINUTE": "0",
    }
    with service(env=env, key=one.key) as running, one.client(running) as client:
        job: Callable[[], float] = lambda: _job(client, content, table)  # noqa: E731
        ask: Callable[[], float] = lambda: _text(client, texts[0], table)  # noqa: E731
        _job(client, content, table)
        alone = [job() for _ in range(rounds)]
        text_alone = [ask() for _ in range(20 * rounds)]
        with many.client(running) as other, _bulk_flood(other, flood, table):
            beside_bulk = [job() for _ in range(rounds)]
            text_beside_bulk = [ask() for _ in range(20 * rounds)]
        with many.client(running) as other, _small_flood(other, texts, table):
            beside_small = [job() for _ in range(rounds)]
            text_beside_small = [ask() for _ in range(20 * rounds)]
    table.rows.append(figure(f"a job of {rows:,} rows, alone", alone, unit="s"))
    for what, waits in (
        (f"beside {JOBS} larger jobs", beside_bulk),
        (f"beside {SMALL_JOBS} small jobs", beside_small),
    ):
        table.rows.append(figure(what, waits, unit="s"))
        ratio = sorted(waits)[len(waits) // 2] / sorted(alone)[len(alone) // 2]
        table.rows.append(within(f"{what}, times alone", ratio, MOST, unit=""))
    table.rows.append(figure("one text, alone", text_alone, unit="s"))
    table.rows.append(figure(f"one text beside {JOBS} jobs", text_beside_bulk, unit="s"))
    table.rows.append(
        figure(f"one text beside {SMALL_JOBS} small jobs", text_beside_small, unit="s")
    )
    return table


def _csv(texts: list[str]) -> bytes:
    content = io.StringIO()
    writer = csv.writer(content)
    writer.writerow(("ref", "text"))
    writer.writerows(enumerate(texts))
    return content.getvalue().encode()


def _post(client: httpx.Client, content: bytes) -> httpx.Response:
    return client.post("/jobs", content=content, headers={"Content-Type": "text/csv"})


def _job(client: httpx.Client, content: bytes, table: Table) -> float:
    """Seconds from the submission of a job to its end."""
    began = time.perf_counter()
    job: dict[str, Any] = _post(client, content).json()
    while job["state"] in ("queued", "running"):
        time.sleep(POLL_SECONDS)
        job = client.get(f"/jobs/{job['id']}").json()
    table.check(job["state"] == "succeeded", f"a job: {job['detail']}")
    return time.perf_counter() - began


def _text(client: httpx.Client, text: str, table: Table) -> float:
    """Seconds until the score of a text."""
    began = time.perf_counter()
    answer = client.post("/sentiment", json={"ref": [1], "text": [text]})
    table.check(answer.status_code == 200, f"POST /sentiment: {answer.status_code}")
    return time.perf_counter() - began


@contextmanager
def _bulk_flood(client: httpx.Client, content: bytes, table: Table) -> Iterator[None]:
    """Have many jobs under way for a block; they take longer than the block."""
    flood = []
    for _ in range(JOBS):
        answer = _post(client, content)
        table.check(answer.status_code == 202, f"a flood was refused: {answer.status_code}")
        flood.append(answer.json()["id"])
    yield
    states = [client.get(f"/jobs/{job_id}").json()["state"] for job_id in flood]
    table.check(set(states) - {"succeeded"} != set(), "the flood ended before the measurement")
    for job_id in flood:
        client.post(f"/jobs/{job_id}/cancel")


@contextmanager
def _small_flood(client: httpx.Client, texts: list[str], table: Table) -> Iterator[None]:
    """Have many small jobs waiting for a block."""
    stopped, sent = threading.Event(), count()
    numbers = [*range(1, SMALL_ROWS + 1)]
    body = {"ref": numbers, "text": list(islice(texts, SMALL_ROWS))}

    def send() -> None:
        while not stopped.is_set():
            waiting = client.get("/jobs?state=queued&limit=500").json()["jobs"]
            for _ in repeat(None, (SMALL_JOBS - len(waiting)) // SENDERS + 1):
                answer = client.post("/jobs", json=body)
                table.check(answer.status_code in (202, 429), f"{answer.status_code}")
                next(sent)

    with _sending(send, stopped):
        _wait_until(lambda: next(sent) >= SMALL_JOBS)
        yield


@contextmanager
def _sending(send: Callable[[], None], stopped: threading.Event) -> Iterator[None]:
    threads = [threading.Thread(target=send, daemon=True) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def _wait_until(reached: Callable[[], bool]) -> None:
    while not reached():
        time.sleep(POLL_SECONDS)
