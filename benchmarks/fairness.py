"""How long small jobs and single texts wait while a big job runs; floods of another owner."""

import csv
import io
import json
import tempfile
import time
from itertools import cycle
from pathlib import Path

from benchmarks import floods, reviews
from benchmarks.big_jobs import BigJobs
from benchmarks.load import Client, percentile, request, run_clients
from benchmarks.report import Options, Table, figure, within
from benchmarks.service import Running, service

MODEL = "fast"

SMALL_ROWS = 100

#: The maximum seconds of a small job, at the median and at the 99th percentile, and of a text.
JOB_MEDIAN = 2.0
JOB_P99 = 4.0
TEXT_P99 = 1.0

#: Seconds between two polls of a small job.
POLL_SECONDS = 0.02

#: The number of clients that each send one text per second, at different times of the second, so
#: that a slow answer delays no other client.
TEXT_CLIENTS = 5

#: The moment of a request (`time.perf_counter`), and the seconds until its result.
Wait = tuple[float, float]


def run(options: Options) -> list[Table]:
    """Measure waits on an idle service, and then while big jobs run."""
    rows, seconds = (100_000, 6.0) if options.quick else (1_000_000, 90.0)
    big_one = options.csv.name if options.csv else f"a job of {rows:,} rows"
    table = Table(f"While {big_one} runs, {MODEL}", ("", "waits", ""))
    with (
        tempfile.TemporaryDirectory() as folder,
        service(env={"SCORELANE_SERVE": MODEL}) as running,
    ):
        path = options.csv or Path(folder) / "big.csv"
        if not options.csv:
            reviews.write_csv(path, rows, options.seed)
        texts = reviews.chosen(options, SMALL_ROWS)
        idle = _waits(running, texts, seconds / 10, table)
        with BigJobs(running, path) as big:
            busy = _waits(running, texts, seconds, table)
    for what, waits in busy.items():
        during = [waited for sent_at, waited in waits if big.ran_at(sent_at)]
        if during and idle[what]:
            _add_rows(table, what, during, [waited for _, waited in idle[what]])
        else:
            table.notes.append(f"{what}: none was sent while a big job ran")
    table.notes.append(f"{big.ended} big jobs ended in {seconds:g} s")
    table.check(not big.wrong, f"a big job: {big.wrong}")
    return [table, floods.run(options)]


def _add_rows(table: Table, what: str, during: list[float], idle: list[float]) -> None:
    p99 = percentile(during, 99)
    if what == "one text":
        table.rows.append(figure(f"{what}, median", during, unit="s"))
        table.rows.append(within(f"{what}, p99", p99, TEXT_P99, unit="s"))
    else:
        table.rows.append(within(f"{what}, median", during, JOB_MEDIAN, unit="s"))
        table.rows.append(within(f"{what}, p99", p99, JOB_P99, unit="s"))
    table.rows.append(figure(f"{what}, median of the idle service", idle, unit="s"))
    table.notes.append(f"{what}: {len(during)} were sent while a big job ran")


def _waits(
    running: Running, texts: list[str], seconds: float, table: Table
) -> dict[str, list[Wait]]:
    """Send requests of each kind for a time.

    Returns:
        Kind of request -> the waits of its requests.
    """
    as_csv = io.StringIO("ref,text\n")
    as_csv.seek(0, io.SEEK_END)
    csv.writer(as_csv).writerows(enumerate(texts, 1))
    as_json = json.dumps({"ref": list(range(1, len(texts) + 1)), "text": texts})
    job = f"job of {len(texts)} rows as"
    submits = {
        f"{job} JSON": request("POST", "/jobs", as_json.encode()),
        f"{job} CSV": request("POST", "/jobs", as_csv.getvalue().encode(), "text/csv"),
    }
    waits: dict[str, list[Wait]] = {what: [] for what in (*submits, "one text")}
    clients = [_jobs(submit, len(texts), waits[what], table) for what, submit in submits.items()]
    clients += [
        _texts(texts, client / TEXT_CLIENTS, waits["one text"], table)
        for client in range(TEXT_CLIENTS)
    ]
    run_clients(running.url, clients, seconds=seconds)
    return waits


def _jobs(submit: bytes, rows: int, waits: list[Wait], table: Table) -> Client:
    """Submit one job after another, and poll each to its end."""
    while True:
        sent_at = time.perf_counter()
        answer = yield submit
        if answer.status != 202:
            table.wrong.append(f"a small job was refused with {answer.status}")
            return
        job = json.loads(answer.body)
        poll = request("GET", f"/jobs/{job['id']}")
        while job["state"] in ("queued", "running"):
            job = json.loads((yield time.perf_counter() + POLL_SECONDS, poll).body)
        waits.append((sent_at, time.perf_counter() - sent_at))
        table.check(job["rows"]["completed"] == rows, f"a small job: {job['detail']}")


def _texts(texts: list[str], first: float, waits: list[Wait], table: Table) -> Client:
    """Send one text per second, the first after `first` seconds; waits count from the due time."""
    due = time.perf_counter() + first
    for text in cycle(texts):
        body = json.dumps({"ref": [1], "text": [text]}).encode()
        answer = yield due, request("POST", "/sentiment", body)
        waits.append((due, time.perf_counter() - due))
        table.check(answer.status == 200, f"POST /sentiment: {answer.status}")
        due += 1
