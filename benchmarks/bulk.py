"""Bulk jobs end to end: from sending a CSV over HTTP to its last scored row, against a script."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.broker_address import broker_address
from benchmarks.reference_servers import ROOT, started
from benchmarks.report import Options, Row, Table, faster, figure, interleave
from benchmarks.reviews import save
from benchmarks.service import Running, service
from benchmarks.transfer import Transfer, poll, remove, transfer
from shared.config.places import BUNDLED_MODELS
from shared.model import SCORE

#: The number of Scorelane's worker processes, and of the processes of each reference.
PROCESSES = "2"

TASK_PER_ROW = "benchmarks.references.task_per_row"

#: The number of polls of a job that are averaged to find the Redis commands of one poll.
POLLS = 20


@dataclass(frozen=True)
class Contest:
    """The benchmark of one model.

    Attributes:
        model: the name of the model.
        script: the module of the reference script.
        given: the path of the model that the script gets.
        rows: the number of rows to score.
        floor: the minimum ratio of Scorelane's rate to the rate of the script with two processes.
        of_bare: the same, to the rate of Scorelane's runtime in two bare processes.
        tolerance: the maximum difference of a score from the script's.
    """

    model: str
    script: str
    given: Path
    rows: int
    floor: float
    of_bare: float
    tolerance: float


FAST = Contest(
    "fast",
    "benchmarks.references.pandas_script",
    BUNDLED_MODELS / "fast" / "model.pkl",
    rows=1_000_000,
    floor=12.0,
    of_bare=0.9,
    tolerance=1e-9,
)
DEEP = Contest(
    "deep",
    "benchmarks.references.keras_script",
    BUNDLED_MODELS / "deep",
    rows=100_000,
    floor=12.8,
    of_bare=0.96,
    tolerance=1e-5,
)


def run(options: Options) -> list[Table]:
    """Compare both bundled models with their scripts, then the script with slower references."""
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder, service() as running:
        tables = [_contest(each, running, options, Path(folder)) for each in (FAST, DEEP)]
        return [*tables, _references(running, options, Path(folder))]


def differences(found: Path, expected: Path, contest: Contest) -> list[str]:
    """Compare a result CSV with the script's row by row; returns a message, or an empty list."""
    ours, theirs = pd.read_csv(found), pd.read_csv(expected)
    if len(ours) != len(theirs):
        return [f"{len(ours):,} rows came back of {len(theirs):,}"]
    moved = (ours["ref"] != theirs["ref"]).to_numpy()
    if moved.any():
        return [f"row {1 + int(moved.argmax())} is not in its place"]
    failed = ours["error"].notna().to_numpy() if "error" in ours else np.zeros(1, dtype=bool)
    if failed.any():
        return [f"row {1 + int(failed.argmax())} has an error: {ours['error'][failed].iloc[0]}"]
    off = np.abs(ours[SCORE].to_numpy(np.float64) - numbers(theirs, contest))
    row = int(off.argmax())
    # Written so that NaN counts as wrong, too.
    return [] if off[row] <= contest.tolerance else [f"row {1 + row} is off by {off[row]:.1e}"]


def numbers(found: pd.DataFrame, contest: Contest) -> npt.NDArray[np.float64]:
    """A script's scores as float64; single-precision scores are first restored to float32."""
    scores = found[SCORE].to_numpy(np.float64)
    if contest.given.suffix == ".pkl":
        scores = scores.astype(joblib.load(contest.given).predict_proba(["good"]).dtype)
    return scores.astype(np.float64)


def _contest(contest: Contest, running: Running, options: Options, folder: Path) -> Table:
    source = folder / f"{contest.model}.csv"
    rows = save(options, source, contest.rows // (10 if options.quick else 1))
    ours, theirs, bare = (folder / f"{contest.model}-{name}.csv" for name in ("our", "their", "b"))
    transfers: list[Transfer] = []

    def send() -> float:
        # The references overwrite their results too, so the used disk space stays constant.
        if transfers:
            remove(running, transfers[-1].job_id)
        transfers.append(transfer(running, source, ours, contest.model))
        return rows / transfers[-1].seconds

    script = program(rows, contest.script, source, theirs, contest.given, PROCESSES)
    rounds = 1 if options.quick else 3
    rates = interleave({"ours": send, "script": script}, rounds)
    run_bare = program(
        rows, "benchmarks.bare", source, bare, BUNDLED_MODELS / contest.model, PROCESSES
    )
    # More rounds, because these two rates are close together.
    costs = interleave({"ours": send, "bare": run_bare}, 2 * rounds)
    before = commands_of(running)
    last = transfer(running, source, ours, contest.model)
    commands = (
        commands_of(running) - before - last.polls * _commands_of_a_poll(running, last.job_id)
    )
    title = f"Bulk with `{contest.model}`: {rows:,} rows, by HTTP, CSV to CSV"
    table = Table(title, ("ours, against", "ours", "reference"))
    table.notes = [
        f"{rounds} interleaved rounds with the script, {2 * rounds} with the bare processes.",
        f"{PROCESSES} processes each, models loaded.",
    ]
    table.rows = [
        faster("the script, in two processes", rates["ours"], rates["script"], floor=contest.floor),
        faster(
            "our runtime, in bare processes", costs["ours"], costs["bare"], floor=contest.of_bare
        ),
        *_breakdown(running, transfers, last, commands),
    ]
    for name, found in (("the service", ours), ("bare processes", bare)):
        for what in differences(found, theirs, contest):
            table.check(holds=False, otherwise=f"{contest.model}, {name}: {what}")
    return table


def _breakdown(
    running: Running, transfers: list[Transfer], last: Transfer, commands: float
) -> list[Row]:
    """How the time of Scorelane's runs is spent, and the number of Redis commands per part."""
    parts = running.parts(last.job_id)
    return [
        figure("upload", [each.upload for each in transfers], unit="s"),
        figure("scoring", [each.scoring for each in transfers], unit="s"),
        figure("download", [each.download for each in transfers], unit="s"),
        figure("parts", parts, unit=""),
        figure("Redis commands per part", commands / parts, unit="", note="without polls"),
    ]


def commands_of(running: Running) -> int:
    """The number of commands that Redis has run so far, including those inside scripts."""
    with running.redis() as redis:
        stats: dict[str, dict[str, int]] = redis.info("commandstats")
    return sum(each["calls"] for each in stats.values())


def _commands_of_a_poll(running: Running, job_id: str) -> float:
    before = commands_of(running)
    for _ in range(POLLS):
        poll(running, job_id)
    return (commands_of(running) - before) / POLLS


def _references(running: Running, options: Options, folder: Path) -> Table:
    """Compare slower references, on fewer rows, with the script in two processes."""
    some, few, rounds = (10_000, 300, 1) if options.quick else (100_000, 2_000, 3)
    source, short = folder / "some.csv", folder / "few.csv"
    some, few = save(options, source, some), save(options, short, few)
    one_process, two_processes, task_per_row = (
        folder / f"{name}-scores.csv" for name in ("one", "two", "tasks")
    )
    redis = {"ROWS_REDIS": broker_address(running.redis_url, 1)}
    worker = ["celery", "--app", TASK_PER_ROW, "worker", "--concurrency", PROCESSES]
    with started(worker, {**redis, "ROWS_MODEL": str(FAST.given)}, ready="celery@"):
        rates = interleave(
            {
                "two processes": program(
                    some, FAST.script, source, two_processes, FAST.given, PROCESSES
                ),
                "one process": program(some, FAST.script, source, one_process, FAST.given, "1"),
                "task per row": program(few, TASK_PER_ROW, short, task_per_row, env=redis),
            },
            rounds,
        )
    table = Table("Other references, with `fast`", ("", "reference", "script, two processes"))
    table.notes = [
        f"{rounds} interleaved rounds, of {some:,} rows; with one task per row, of {few:,}."
    ]
    table.rows = [
        faster("the script, in one process", rates["one process"], rates["two processes"]),
        faster("one Celery task per row", rates["task per row"], rates["two processes"]),
    ]
    program(few, FAST.script, short, one_process, FAST.given, "1")()
    for what in differences(task_per_row, one_process, FAST):
        table.check(holds=False, otherwise=f"one Celery task per row: {what}")
    return table


def program(
    rows: int, module: str, *args: Path | str, env: dict[str, str] | None = None
) -> Callable[[], float]:
    """Make a function that runs a module as a program and returns its rows per second.

    Args:
        rows: the number of rows that the program scores.
        module: the module to run; it prints the seconds it took as its last word.
        args: the arguments of the program.
        env: environment variables to add.
    """
    command = [sys.executable, "-m", module, *map(str, args)]

    def run_program() -> float:
        finished = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return rows / float(finished.stdout.split()[-1])

    return run_program
