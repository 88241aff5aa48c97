"""How costs grow with the number of workers and of parts, with a model that only waits."""

import csv
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks import reviews, runtime_package
from benchmarks.cores import cores_of, described
from benchmarks.load import Client, request, run_clients
from benchmarks.report import Options, Table, faster, figure, quicker
from benchmarks.service import service
from benchmarks.transfer import transfer
from benchmarks.waiting_model import WaitingModel
from shared.model import SCORE

MODEL = "waits"

#: The seconds that a row takes: long enough that the cores can serve 32 processes.
SECONDS_PER_ROW = 1e-3

#: The minimum share of linear growth, as long as no resource is saturated.
LINEAR_FLOOR = 0.9

#: Redis, the worker's main process (one thread each) and all cores together count as saturated
#: above this share of busy time.
FULL = 0.9

#: The minimum ratio of the speed with many parts to the speed with few, where it should be equal.
SAME_FLOOR = 0.8

#: Rows on a page of results.
PAGE = 10


def run(options: Options) -> list[Table]:
    """Measure growth with processes, and with parts."""
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder:
        return [_by_processes(options, Path(folder)), _by_parts(options, Path(folder))]


def _by_processes(options: Options, folder: Path) -> Table:
    """Measure the rate for growing numbers of processes, with equally many rows per process."""
    counts = (1, 2, 4) if options.quick else (1, 2, 4, 8, 16, 32)
    seconds, jobs = (2.0, 1) if options.quick else (10.0, 3)
    env = _waiting(folder / "waiting", SECONDS_PER_ROW)
    first, source, target = (folder / f"{name}.csv" for name in ("first", "rows", "scores"))
    table = Table("Rows per second of a model that only waits", ("processes", "ours", "linear"))
    linear = 0.0
    for processes in counts:
        rows = round(seconds / SECONDS_PER_ROW) * processes
        reviews.write_csv(first, rows // 10, options.seed)
        reviews.write_csv(source, rows, options.seed)
        with service(processes, env=env) as running, running.redis() as redis:
            # Warm-up: every process scores a part, and every API process learns of all of them.
            transfer(running, first, target, MODEL)
            redis.config_resetstat()
            with cores_of(running) as used:
                transfers = [transfer(running, source, target, MODEL) for _ in range(jobs)]
            calls = {name[8:]: stat["calls"] for name, stat in redis.info("commandstats").items()}
            parts = sum(running.parts(job.job_id) for job in transfers)
        table.check(_all_there(target, rows), f"{processes} processes: not every row came back")
        rates = [rows / job.scoring for job in transfers]
        saturated = _saturated(used)
        linear = linear or median(rates)
        table.rows.append(
            faster(
                f"{processes}", rates, processes * linear, floor=None if saturated else LINEAR_FLOOR
            )
        )
        table.notes.append(
            f"{processes}: {parts} parts, {sum(calls.values()) / parts:.1f} Redis commands "
            f"per part; cores used: {described(used)}"
            + (f"; saturated: {', '.join(saturated)}" if saturated else "")
        )
        if processes == 1:
            waited = jobs * rows * SECONDS_PER_ROW
            overhead = (sum(job.scoring for job in transfers) - waited) / parts * 1000
            table.rows.append(figure("1: a part's time beyond its waiting", overhead, unit="ms"))
    often = sorted(calls.items(), key=lambda call: -call[1])[:12]
    each = ", ".join(f"{name} {number / parts:.2f}" for name, number in often)
    table.notes.append(f"Redis commands per part with {counts[-1]} processes: {each}")
    return table


def _waiting(folder: Path, seconds_per_row: float) -> dict[str, str]:
    return runtime_package.make(folder, MODEL, WaitingModel, repr(seconds_per_row))


def _saturated(used: dict[str, float]) -> list[str]:
    """The saturated resources."""
    saturated = [name for name in ("redis", "worker") if used[name] > FULL]
    return saturated + (
        ["cores"] if sum(used.values()) > FULL * len(os.sched_getaffinity(0)) else []
    )


def _all_there(target: Path, rows: int) -> bool:
    """Whether a result has this many rows, in order, each with the model's constant score."""
    with target.open(newline="") as file:
        found = [(row["ref"], row[SCORE]) for row in csv.DictReader(file)]
    return found == [(str(ref), "0.5") for ref in range(1, rows + 1)]


def _by_parts(options: Options, folder: Path) -> Table:
    """Compare requests about a job of few parts with requests about a job of many."""
    many, repeats = (500, 30) if options.quick else (10_000, 300)
    table = Table(
        "Requests about a job, by its number of parts", ("", f"{many:,} parts", f"{PAGE} parts")
    )
    env = _waiting(folder / "quick", SECONDS_PER_ROW / 1000)
    # Scoring a row takes longer than this, so every row becomes a part of its own.
    env["SCORELANE_PART_SECONDS"] = "1e-9"
    env["SCORELANE_MIN_PART_ROWS"] = "1"
    source, target = folder / "rows.csv", folder / "scores.csv"
    with service(2, env=env) as running:
        ids = {}
        for rows in (PAGE, many):
            reviews.write_csv(source, rows, options.seed)
            ids[rows] = transfer(running, source, target, MODEL).job_id
            table.check(_all_there(target, rows), f"{rows} parts: not every row came back")
            found = running.parts(ids[rows])
            table.check(found == rows, f"a job of {rows} rows was cut into {found} parts")
        paths: dict[str, Callable[[int], str]] = {
            "status": lambda rows: f"/jobs/{ids[rows]}",
            # The newest job is the one of many parts; its id is the cursor to the other.
            "list": lambda rows: "/jobs?limit=1" + f"&cursor={ids[many]}" * (rows == PAGE),
            "first page of results": lambda rows: _page(ids[rows], 0),
            "last page of results": lambda rows: _page(ids[rows], rows - PAGE),
        }
        for what, path in paths.items():
            times: dict[int, list[float]] = {PAGE: [], many: []}
            messages = {rows: request("GET", path(rows)) for rows in times}
            run_clients(running.url, [_turns(messages, times, table)], requests=2 * repeats)
            table.rows.append(quicker(what, times[many], times[PAGE], floor=SAME_FLOOR))
    return table


def _page(job_id: str, offset: int) -> str:
    return f"/jobs/{job_id}/results?format=json&offset={offset}&limit={PAGE}"


def _turns(messages: dict[int, bytes], times: dict[int, list[float]], table: Table) -> Client:
    """Send the requests in turn, and append their milliseconds to `times`."""
    while True:
        for rows, message in messages.items():
            began = time.perf_counter()
            answer = yield message
            times[rows].append((time.perf_counter() - began) * 1000)
            body = json.loads(answer.body)
            table.check(answer.status == 200, f"{answer.status}: {body}")
            if "rows" in body and "offset" in body:
                refs = [row["ref"] for row in body["rows"]]
                first = body["offset"] + 1
                table.check(refs == [str(ref) for ref in range(first, first + PAGE)], "a page")
