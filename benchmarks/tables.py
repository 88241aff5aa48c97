"""Tables end to end: a CSV of ten columns by HTTP to a CSV of classes, against a pandas script."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks import customers
from benchmarks.bulk import PROCESSES, program
from benchmarks.memory import FLOORS as LIMITS
from benchmarks.memory import TITLES, peaks
from benchmarks.report import Options, Row, Table, faster, figure, interleave, within
from benchmarks.service import Running, service
from benchmarks.transfer import Transfer, remove, transfer

SCRIPT = "benchmarks.references.table_script"

#: Name of the model -> the minimum ratio of Scorelane's rate to the script's.
FLOORS = {"logistic": 4.0, "ridge": 4.0, "forest": 3.0, "boosting": 3.0, "histograms": 3.0}

#: Name of the model -> what it is.
KINDS = {
    "logistic": "logistic regression",
    "ridge": "ridge regression",
    "linear": "linear regression",
    "forest": "random forest, 100 trees",
    "boosting": "GradientBoosting, 100 trees",
    "histograms": "HistGradientBoosting, 100 trees",
}

#: The maximum difference of a number from the pipeline's own; relative for numbers beyond 1.
TOLERANCE = 1e-12

ROWS = 1_000_000

#: The rows of the shortest file for which memory is measured.
SHORT = 100_000

#: How much larger a program may be after five million rows than after one million, in MB. Parts
#: have the same size in both.
GROWTH = 10.0


def run(options: Options) -> list[Table]:
    """Compare each model with the script, and then the memory after a short and a long file."""
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as place:
        folder = Path(place)
        models = folder / "models"
        models.mkdir()
        pickles = {name: customers.fit(name, folder, models) for name in FLOORS}
        rows = ROWS // (10 if options.quick else 1)
        source = folder / "customers.csv"
        customers.write_csv(source, rows, options.seed)
        with service(models_dir=models) as running:
            tables = [
                _contest(name, pickle, running, options, source, rows)
                for name, pickle in pickles.items()
            ]
        with service(models_dir=models, env={"SCORELANE_SERVE": "logistic"}) as running:
            return [*tables, _memory(running, options, folder)]


def differences(found: Path, expected: Path) -> list[str]:
    """Compare a result CSV with the script's row by row; returns a message, or an empty list."""
    ours, theirs = (pd.read_csv(path) for path in (found, expected))
    if len(ours) != len(theirs):
        return [f"{len(ours):,} rows came back of {len(theirs):,}"]
    names = [str(name) for name in theirs]
    if list(ours) != [*names, "error"]:
        return [f"the columns are {', '.join(map(str, ours))}"]
    failed = ours["error"].notna().to_numpy()
    if failed.any():
        return [f"row {1 + int(failed.argmax())} has an error: {ours['error'][failed].iloc[0]}"]
    for name in names:
        mine, other = ours[name].to_numpy(), theirs[name].to_numpy()
        if name.startswith(("probability_", "prediction")):
            # Written so that NaN counts as wrong, too.
            wrong = ~(np.abs(mine - other) <= TOLERANCE * np.maximum(1, np.abs(other)))
        else:
            wrong = mine != other
        if wrong.any():
            row = int(wrong.argmax())
            return [f"{name} of row {1 + row} is {mine[row]}, and not {other[row]}"]
    return []


def _contest(
    name: str, pickle: Path, running: Running, options: Options, source: Path, rows: int
) -> Table:
    ours, theirs = (source.with_name(f"{name}-{whose}.csv") for whose in ("our", "their"))
    transfers: list[Transfer] = []
    spent: list[float] = []

    def send() -> float:
        # The references overwrite their results too, so the used disk space stays constant.
        if transfers:
            remove(running, transfers[-1].job_id)
        before = _processor_seconds(running)
        transfers.append(transfer(running, source, ours, name))
        spent.append(_processor_seconds(running) - before)
        return rows / transfers[-1].seconds

    # Each process has one core, as those of the service.
    alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    script = program(rows, SCRIPT, source, theirs, pickle, PROCESSES, env=alone)
    rounds = 1 if options.quick else 3
    rates = interleave({"ours": send, "script": script}, rounds)
    table = Table(
        f"Table of ten columns, {KINDS[name]}: {rows:,} rows, by HTTP, CSV to CSV",
        ("ours, against", "ours", "reference"),
    )
    table.notes = [f"{rounds} interleaved rounds; {PROCESSES} processes each, models loaded."]
    table.rows = [
        faster("the script, in two processes", rates["ours"], rates["script"], floor=FLOORS[name]),
        *_breakdown(running, transfers, spent),
    ]
    for what in differences(ours, theirs):
        table.check(holds=False, otherwise=f"{name}: {what}")
    return table


def _breakdown(running: Running, transfers: list[Transfer], spent: list[float]) -> list[Row]:
    return [
        figure("upload", [each.upload for each in transfers], unit="s"),
        figure("scoring", [each.scoring for each in transfers], unit="s"),
        figure("download", [each.download for each in transfers], unit="s"),
        figure("processor time of the service", spent, unit="s"),
        figure("parts", running.parts(transfers[-1].job_id), unit=""),
    ]


def _processor_seconds(running: Running) -> float:
    """The processor time that all processes of the service have taken so far."""
    times = [psutil.Process(pid).cpu_times() for pids in running.pids.values() for pid in pids]
    return float(sum(each.user + each.system for each in times))


def _memory(running: Running, options: Options, folder: Path) -> Table:
    """Send files of growing length; measure the programs after each."""
    sizes = [SHORT, ROWS // 5 if options.quick else ROWS]
    sizes += [5 * ROWS] if options.long else []
    table = Table(f"Peak memory with {KINDS['logistic']}", ("", "peak", "before"))
    table.notes = [
        "Resident memory of the largest process of each program (VmHWM); of Redis, what it has",
        "allocated. One service scored all files, the shortest one first. Its parts are smaller.",
    ]
    source, target = folder / "customers.csv", folder / "scores.csv"
    before: dict[str, float] = {}
    for size in sizes:
        customers.write_csv(source, size, options.seed)
        # Twice, so that the peak does not depend on which process had how many parts.
        for _ in range(2):
            remove(running, transfer(running, source, target, "logistic").job_id)
        after = peaks(running)
        for name, title in TITLES.items():
            what = f"{title}, after {size:,} rows"
            if size > ROWS:
                growth = within(what, after[name], GROWTH, unit="MB", reference=before[name])
                table.rows.append(growth)
            else:
                table.rows.append(within(what, after[name], LIMITS[name], unit="MB"))
        before = after
        with target.open("rb") as file:
            lines = sum(1 for _ in file) - 1
        table.check(lines == size, f"{lines:,} rows came back of {size:,}")
    return table
