"""How far one Redis and one API go: 64, 256 and 1,000 workers that only wait.

One worker is real; `simulated_workers.py` says what is real of the others.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import reviews, runtime_package
from benchmarks.report import Options, Row, Table, figure
from benchmarks.service import Running, service
from benchmarks.simulated_fleet import SimulatedFleet, Usage, used_during
from benchmarks.waiting_model import WaitingModel

MODEL = "waits"

#: The numbers of workers.
COUNTS = (64, 256, 1000)

#: The seconds that a row takes: long, so that a part has few rows, which take little time to read.
SECONDS_PER_ROW = 0.1

#: The seconds for which a full fleet works on the rows of a measurement.
WORK_SECONDS = 20.0

#: The jobs that are sent at once where the cost of many jobs is measured: with the smallest fleet,
#: because short jobs are cut into as many parts as there are processes, and more.
JOBS = 16

#: What operators and load balancers ask for again and again, and how often each is measured.
PATHS = ("/livez", "/readyz", "/models", "/service", "/workers", "/metrics")
REQUESTS = 5

#: Seconds between two looks at the jobs.
POLL_SECONDS = 1.0


def run(options: Options) -> list[Table]:
    """Measure fleets of growing size."""
    counts = COUNTS[:1] if options.quick else COUNTS
    return [_measure(count, options) for count in counts]


def _measure(count: int, options: Options) -> Table:
    table = Table(f"{count} workers that only wait", ("", "measured", ""))
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        env = runtime_package.make(folder / "model", MODEL, WaitingModel, repr(SECONDS_PER_ROW))
        # Otherwise the model's parts would take too long: they have at least 64 rows.
        env["SCORELANE_MIN_PART_ROWS"] = "1"
        running = stack.enter_context(service(1, env=env))
        fleet = stack.enter_context(SimulatedFleet(running, count - 1))
        fleet.wait_until_ready()
        with used_during(running, fleet) as idle:
            time.sleep(5.0 if options.quick else 15.0)
        table.rows += _rows("idle", idle)
        table.rows += _requests(running, 1 if options.quick else REQUESTS)
        rows = round(count * WORK_SECONDS / SECONDS_PER_ROW / (5 if options.quick else 1))
        for jobs in (1,) if options.quick or count > COUNTS[0] else (1, JOBS):
            what = f"{jobs} job{'s' * (jobs > 1)}"
            source = folder / "rows.csv"
            reviews.write_csv(source, rows // jobs, options.seed)
            with used_during(running, fleet) as busy:
                found = _run_jobs(running, source, jobs)
            done = sum(job["rows"]["completed"] for job in found)
            table.check(done == rows // jobs * jobs, f"{what}: {done} rows have a score")
            parts = sum(running.parts(job["id"]) for job in found)
            table.rows += _rows(what, busy, parts)
            seconds = _seconds(found)
            table.rows.append(
                figure(
                    f"{what}: of the fleet's best rate",
                    100 * rows * SECONDS_PER_ROW / count / seconds,
                    unit="%",
                )
            )
            often = ", ".join(
                f"{name} {calls / parts:.1f}" for name, calls in busy.commands.most_common(12)
            )
            table.notes.append(f"{what}: {parts} parts, Redis commands of each: {often}")
    return table


def _rows(what: str, used: Usage, parts: int = 0) -> Iterator[Row]:
    commands = used.commands.total()
    yield figure(f"{what}: Redis commands", commands / used.seconds, unit="1/s")
    yield figure(f"{what}: bytes to Redis", used.received / used.seconds / 1e6, unit="MB/s")
    yield figure(f"{what}: bytes from Redis", used.sent / used.seconds / 1e6, unit="MB/s")
    yield figure(f"{what}: Redis", used.redis / used.seconds, unit="cores")
    yield figure(f"{what}: API", used.api / used.seconds, unit="cores")
    yield figure(f"{what}: the real worker", used.worker / used.seconds, unit="cores")
    yield figure(f"{what}: the simulated workers", used.simulated / used.seconds, unit="cores")
    yield figure(
        f"{what}: reconciling", used.done["reconcile_seconds"] / used.seconds, unit="of the time"
    )
    yield figure(
        f"{what}: runs of a reconciler", used.done["reconciles"] / used.seconds, unit="1/s"
    )
    yield figure(f"{what}: heartbeats", used.done["heartbeats"] / used.seconds, unit="1/s")
    yield figure(f"{what}: connections to Redis", used.connections, unit="")
    if parts:
        yield figure(f"{what}: parts", parts / used.seconds, unit="1/s")
        yield figure(f"{what}: Redis commands of a part", commands / parts, unit="")
        yield figure(f"{what}: Redis for a part", used.redis / parts * 1e3, unit="ms")


def _run_jobs(running: Running, source: Path, count: int) -> list[dict[str, Any]]:
    """Send a CSV as so many jobs at once, and wait until all have ended."""
    headers, body = {"Content-Type": "text/csv"}, source.read_bytes()
    ids = [
        _call(running, "POST", f"/jobs?model={MODEL}", body, headers)["id"] for _ in range(count)
    ]
    jobs: dict[str, dict[str, Any]] = {}
    while len(jobs) < count:
        time.sleep(POLL_SECONDS)
        for job_id in ids:
            if job_id not in jobs:
                job = _call(running, "GET", f"/jobs/{job_id}")
                if job["state"] not in ("queued", "running"):
                    jobs[job_id] = job
    return list(jobs.values())


def _seconds(jobs: list[dict[str, Any]]) -> float:
    """From the start of the first job to the end of the last one."""
    begin, end = (
        [datetime.fromisoformat(job[at]) for job in jobs] for at in ("started_at", "finished_at")
    )
    return (max(end) - min(begin)).total_seconds()


def _requests(running: Running, count: int) -> Iterator[Row]:
    for path in PATHS:
        times = []
        for _ in range(count):
            began = time.perf_counter()
            _call(running, "GET", path)
            times.append((time.perf_counter() - began) * 1000)
            # What the API caches for a second is not there any more.
            time.sleep(1.1)
        yield figure(f"GET {path}", median(times), unit="ms")


def _call(
    running: Running,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    connection = HTTPConnection(running.host, running.port, timeout=120)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:200]!r}")
        found: dict[str, Any] = json.loads(content) if content[:1] == b"{" else {}
        return found
    finally:
        connection.close()
