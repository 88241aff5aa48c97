"""How cost grows with workers and with parts, on a model that only waits."""

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
from benchmarks.load import Client, ask, request
from benchmarks.report import Options, Table, faster, figure, quicker
from benchmarks.service import service
from benchmarks.transfer import transfer
from benchmarks.waiting_model import WaitingModel
from shared.model import SCORE

MODEL = "waits"

#: What a row waits: long enough that the cores can carry the rows of 32 processes.
SECONDS_PER_ROW = 1e-3

#: At least so much of linear growth, as long as nothing is full.
LINEAR_FLOOR = 0.9

#: Redis and the worker's main process, of one thread each, or all cores together: busy for more
#: than this share they are full.
FULL = 0.9

#: At least so much of the speed with few parts, where their number should not matter.
SAME_FLOOR = 0.8

#: Rows on a page of results.
PAGE = 10


def run(options: Options) -> list[Table]:
    """Floor 9."""
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder:
        return [_by_processes(options, Path(folder)), _by_parts(options, Path(folder))]


def _by_processes(options: Options, folder: Path) -> Table:
    """As many rows for each process, and more and more processes."""
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
            # Every process has done a part before it counts, and every API process knows them all.
            transfer(running, first, target, MODEL)
            redis.config_resetstat()
            with cores_of(running) as used:
                done = [transfer(running, source, target, MODEL) for _ in range(jobs)]
            calls = {name[8:]: stat["calls"] for name, stat in redis.info("commandstats").items()}
            parts = sum(running.parts(job.job_id) for job in done)
        table.check(_all_there(target, rows), f"{processes} processes: not every row came back")
        rates = [rows / job.scoring for job in done]
        full = _full(used)
        linear = linear or median(rates)
        table.rows.append(
            faster(f"{processes}", rates, processes * linear, floor=None if full else LINEAR_FLOOR)
        )
        table.notes.append(
            f"{processes}: {parts} parts, {sum(calls.values()) / parts:.1f} Redis commands a part; "
            f"cores used: {described(used)}" + (f"; full: {', '.join(full)}" if full else "")
        )
        if processes == 1:
            waited = jobs * rows * SECONDS_PER_ROW
            overhead = (sum(job.scoring for job in done) - waited) / parts * 1000
            table.rows.append(figure("1: a part's time beyond its waiting", overhead, unit="ms"))
    often = sorted(calls.items(), key=lambda call: -call[1])[:12]
    each = ", ".join(f"{name} {number / parts:.2f}" for name, number in often)
    table.notes.append(f"Redis commands a part with {counts[-1]} processes: {each}")
    return table


def _waiting(folder: Path, seconds_per_row: float) -> dict[str, str]:
    return runtime_package.make(folder, MODEL, WaitingModel, repr(seconds_per_row))


def _full(used: dict[str, float]) -> list[str]:
    """What cannot do more."""
    full = [name for name in ("redis", "worker") if used[name] > FULL]
    return full + (["cores"] if sum(used.values()) > FULL * len(os.sched_getaffinity(0)) else [])


def _all_there(target: Path, rows: int) -> bool:
    """Whether a result has so many rows, in order, each with the score that all have."""
    with target.open(newline="") as file:
        found = [(row["ref"], row[SCORE]) for row in csv.DictReader(file)]
    return found == [(str(ref), "0.5") for ref in range(1, rows + 1)]


def _by_parts(options: Options, folder: Path) -> Table:
    """Questions about a job of few parts, and about one of many."""
    many, asked = (500, 30) if options.quick else (10_000, 300)
    table = Table("Questions about a job, by its parts", ("", f"{many:,} parts", f"{PAGE} parts"))
    env = _waiting(folder / "quick", SECONDS_PER_ROW / 1000)
    # No row is scored in less, so each is a part of its own.
    env["SCORELANE_PART_SECONDS"] = "1e-9"
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
            # The newest job is that of many parts; behind its id comes the other.
            "list": lambda rows: "/jobs?limit=1" + f"&cursor={ids[many]}" * (rows == PAGE),
            "first page of results": lambda rows: _page(ids[rows], 0),
            "last page of results": lambda rows: _page(ids[rows], rows - PAGE),
        }
        for what, path in paths.items():
            times: dict[int, list[float]] = {PAGE: [], many: []}
            wanted = {rows: request("GET", path(rows)) for rows in times}
            ask(running.url, [_turns(wanted, times, table)], requests=2 * asked)
            table.rows.append(quicker(what, times[many], times[PAGE], floor=SAME_FLOOR))
    return table


def _page(job_id: str, offset: int) -> str:
    return f"/jobs/{job_id}/results?format=json&offset={offset}&limit={PAGE}"


def _turns(wanted: dict[int, bytes], times: dict[int, list[float]], table: Table) -> Client:
    """Asks one thing and the other in turn; their milliseconds go to `times`."""
    while True:
        for rows, asked in wanted.items():
            began = time.perf_counter()
            answer = yield asked
            times[rows].append((time.perf_counter() - began) * 1000)
            body = json.loads(answer.body)
            table.check(answer.status == 200, f"{answer.status}: {body}")
            if "rows" in body and "offset" in body:
                refs = [row["ref"] for row in body["rows"]]
                first = body["offset"] + 1
                table.check(refs == [str(ref) for ref in range(first, first + PAGE)], "a page")
