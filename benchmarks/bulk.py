"""Bulk, end to end: a CSV sent over HTTP to its last scored row, against what a script takes."""

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

from benchmarks.reference_servers import ROOT, started
from benchmarks.report import Options, Row, Table, faster, figure, interleave
from benchmarks.reviews import save
from benchmarks.service import Running, service
from benchmarks.transfer import Transfer, look, remove, transfer
from shared.config.settings import BUNDLED_MODELS
from shared.dispatch import broker_url
from shared.model import SCORE

#: Scorelane's worker processes, and the references' processes.
PROCESSES = "2"

TASK_PER_ROW = "benchmarks.references.task_per_row"

#: Looks at a job by which the Redis commands of one are told.
LOOKS = 20


@dataclass(frozen=True)
class Contest:
    """One model's benchmark.

    Attributes:
        model: its name.
        script: the reference's module.
        given: what the script is given as the model.
        rows: how many are scored.
        floor: the least of our rate over the two-process script's.
        tolerance: how far a score may be from the script's.
    """

    model: str
    script: str
    given: Path
    rows: int
    floor: float
    tolerance: float


FAST = Contest(
    "fast",
    "benchmarks.references.pandas_script",
    BUNDLED_MODELS / "fast" / "model.pkl",
    rows=1_000_000,
    floor=4.0,
    tolerance=1e-9,
)
DEEP = Contest(
    "deep",
    "benchmarks.references.keras_script",
    BUNDLED_MODELS / "deep",
    rows=100_000,
    floor=6.0,
    tolerance=1e-5,
)


def run(options: Options) -> list[Table]:
    """Run the contests of both bundled models, then the slower references."""
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder, service() as running:
        tables = [_contest(each, running, options, Path(folder)) for each in (FAST, DEEP)]
        return [*tables, _references(running, options, Path(folder))]


def differences(found: Path, expected: Path, contest: Contest) -> list[str]:
    """What is wrong with a result CSV, row by row, where the script's is right."""
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
    # Written so that a score that is no number is wrong, too.
    return [] if off[row] <= contest.tolerance else [f"row {1 + row} is off by {off[row]:.1e}"]


def numbers(found: pd.DataFrame, contest: Contest) -> npt.NDArray[np.float64]:
    """A script's scores; those that it wrote in single precision are made the numbers they were."""
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
        # The references write over their results, too: what is on the disk does not grow.
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
    # In more rounds: these two are close together.
    costs = interleave({"ours": send, "bare": run_bare}, 3 * rounds)
    before = _commands(running)
    last = transfer(running, source, ours, contest.model)
    commands = _commands(running) - before - last.looks * _commands_of_a_look(running, last.job_id)
    title = f"Bulk with `{contest.model}`: {rows:,} rows, by HTTP, CSV to CSV"
    table = Table(title, ("ours, against", "ours", "reference"))
    table.notes = [
        f"{rounds} interleaved rounds with the script, {3 * rounds} with the bare processes.",
        f"{PROCESSES} processes each, models loaded.",
    ]
    table.rows = [
        faster("the script, in two processes", rates["ours"], rates["script"], floor=contest.floor),
        faster("our runtime, in bare processes", costs["ours"], costs["bare"], floor=0.8),
        *_breakdown(running, transfers, last, commands),
    ]
    for name, found in (("the service", ours), ("bare processes", bare)):
        for what in differences(found, theirs, contest):
            table.check(holds=False, otherwise=f"{contest.model}, {name}: {what}")
    return table


def _breakdown(
    running: Running, transfers: list[Transfer], last: Transfer, commands: float
) -> list[Row]:
    """Where the time of our runs went, and what a part costs Redis."""
    parts = running.parts(last.job_id)
    return [
        figure("upload", [each.upload for each in transfers], unit="s"),
        figure("scoring", [each.scoring for each in transfers], unit="s"),
        figure("download", [each.download for each in transfers], unit="s"),
        figure("parts", parts, unit=""),
        figure("Redis commands a part", commands / parts, unit="", note="the client's looks apart"),
    ]


def _commands(running: Running) -> int:
    """The commands that Redis has run so far, those inside its scripts too."""
    with running.redis() as redis:
        stats: dict[str, dict[str, int]] = redis.info("commandstats")
    return sum(each["calls"] for each in stats.values())


def _commands_of_a_look(running: Running, job_id: str) -> float:
    before = _commands(running)
    for _ in range(LOOKS):
        look(running, job_id)
    return (_commands(running) - before) / LOOKS


def _references(running: Running, options: Options, folder: Path) -> Table:
    """Slower references, on fewer rows, as a share of the two-process script."""
    some, few, rounds = (10_000, 300, 1) if options.quick else (100_000, 2_000, 3)
    source, short = folder / "some.csv", folder / "few.csv"
    some, few = save(options, source, some), save(options, short, few)
    alone, both, each = (folder / f"{name}-scores.csv" for name in ("alone", "both", "each"))
    redis = {"ROWS_REDIS": f"{broker_url(running.redis_url)}?virtual_host=1"}
    worker = ["celery", "--app", TASK_PER_ROW, "worker", "--concurrency", PROCESSES]
    with started(worker, {**redis, "ROWS_MODEL": str(FAST.given)}, ready="celery@"):
        rates = interleave(
            {
                "both": program(some, FAST.script, source, both, FAST.given, PROCESSES),
                "alone": program(some, FAST.script, source, alone, FAST.given, "1"),
                "each": program(few, TASK_PER_ROW, short, each, env=redis),
            },
            rounds,
        )
    table = Table("Other references, with `fast`", ("", "reference", "script, two processes"))
    table.notes = [f"{rounds} interleaved rounds, of {some:,} rows; of tasks a row, {few:,}."]
    table.rows = [
        faster("the script, in one process", rates["alone"], rates["both"]),
        faster("one Celery task a row", rates["each"], rates["both"]),
    ]
    program(few, FAST.script, short, alone, FAST.given, "1")()
    for what in differences(each, alone, FAST):
        table.check(holds=False, otherwise=f"one Celery task a row: {what}")
    return table


def program(
    rows: int, module: str, *args: Path | str, env: dict[str, str] | None = None
) -> Callable[[], float]:
    """A run of a program that scores so many rows and prints its seconds; gives rows per second."""
    command = [sys.executable, "-m", module, *map(str, args)]

    def run_it() -> float:
        said = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return rows / float(said.stdout.split()[-1])

    return run_it
