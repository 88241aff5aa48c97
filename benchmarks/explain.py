"""What `explain=3` costs a bulk job of a linear model, against the same job without it."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.bulk import PROCESSES
from benchmarks.report import Options, Table, faster, interleave
from benchmarks.reviews import save
from benchmarks.service import Running, service
from benchmarks.transfer import Transfer, remove, transfer
from shared.jobs.added_outputs import BASE_VALUE, EFFECT, OTHER_EFFECTS
from shared.model import SCORE

ROWS, ROUNDS, TERMS = 500_000, 15, 3

#: The most by which effects may differ in sum from the log-odds of a score of 17 digits, whose own
#: error is largest where it is nearly 0 or 1.
TOLERANCE = 1e-9


def run(options: Options) -> list[Table]:
    """Compare rows per second with and without explanations, in turn."""
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as name, service() as running:
        return [_compare(running, options, Path(name))]


def _compare(running: Running, options: Options, folder: Path) -> Table:
    source = folder / "reviews.csv"
    rows = save(options, source, ROWS // (10 if options.quick else 1))
    plain, explained = folder / "plain.csv", folder / "explained.csv"
    jobs: dict[Path, list[Transfer]] = {plain: [], explained: []}

    def send(target: Path, query: str = "") -> float:
        done = transfer(running, source, target, query=query)
        remove(running, done.job_id)
        jobs[target].append(done)
        return rows / (done.seconds - done.download)

    rounds = 1 if options.quick else ROUNDS
    # The first explained rows of a process load what explains them.
    send(explained, f"&explain={TERMS}")
    rates = interleave(
        {"plain": lambda: send(plain), "explained": lambda: send(explained, f"&explain={TERMS}")},
        rounds,
    )
    table = Table(
        f"`explain={TERMS}` with `fast`: {rows:,} rows, by HTTP, CSV to CSV",
        ("", "explained", "not explained"),
    )
    table.notes = [f"{rounds} interleaved rounds, {PROCESSES} processes, models loaded."]
    scoring = {
        target: [rows / each.scoring for each in done[-rounds:]] for target, done in jobs.items()
    }
    whole = {
        target: [rows / each.seconds for each in done[-rounds:]] for target, done in jobs.items()
    }
    table.rows = [
        faster("from the upload to the end", rates["explained"], rates["plain"], floor=0.8),
        faster("scoring alone", scoring[explained], scoring[plain]),
        faster("with the download", whole[explained], whole[plain]),
    ]
    for what in _wrong(plain, explained):
        table.check(holds=False, otherwise=what)
    return table


def _wrong(plain: Path, explained: Path) -> list[str]:
    """Scores that an explanation has changed, and effects that do not add up to the log-odds."""
    ours, theirs = pd.read_csv(explained), pd.read_csv(plain)
    if not ours[["ref", SCORE]].equals(theirs[["ref", SCORE]]):
        return ["explained rows have other scores"]
    effects = [EFFECT.format(at + 1) for at in range(TERMS)]
    # A row with fewer terms has no effect in the last places.
    found = ours[[*effects, OTHER_EFFECTS, BASE_VALUE]].sum(axis=1).to_numpy()
    scores = ours[SCORE].to_numpy()
    off = np.abs(1 / (1 + np.exp(-found)) - scores)
    row = int(off.argmax())
    return [] if off[row] <= TOLERANCE else [f"effects of row {1 + row} are off by {off[row]:.1e}"]
