"""The processor time of a part of a table, step by step, against a pandas script of one process."""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from benchmarks import customers
from benchmarks.references import table_script
from benchmarks.report import Options, Table, faster, figure, interleave
from benchmarks.tables import FLOORS, KINDS, differences
from shared.model import Model, load_model
from shared.tables.csv_layout import CsvLayout
from shared.tables.rows import ReadOptions
from worker.steps.bisection import score_frame
from worker.steps.frames import frame_of
from worker.steps.score_summary import summary_of
from worker.steps.watching import Watch
from worker.tables.typed_cells import read_csv
from worker.tables.written_rows import render

#: The rows of a part of a long file.
ROWS = 100_000


def run(options: Options) -> list[Table]:
    """Measure each model of the benchmark `tables`, and linear regression."""
    rows, rounds = (5_000, 1) if options.quick else (ROWS, 5)
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as place, threadpool_limits(1):
        folder = Path(place)
        (folder / "models").mkdir()
        customers.write_csv(folder / "customers.csv", rows, options.seed)
        return [measured(name, folder, rows, rounds) for name in ("linear", *FLOORS)]


def measured(name: str, folder: Path, rows: int, rounds: int) -> Table:
    """Measure one model of `customers.PIPELINES` with `customers.csv` of a folder.

    Args:
        name: the name of the pipeline.
        folder: the folder; it also has a folder `models`.
        rows: the rows of the file.
        rounds: how often each contestant runs.
    """
    source, ours, theirs = (folder / f"{one}.csv" for one in ("customers", "ours", "theirs"))
    pickle = customers.fit(name, folder, folder / "models")
    part = _Part(load_model(folder / "models" / name), source)
    script = partial(table_script.main, str(source), str(theirs), str(pickle), 1)
    _rate(script, rows)
    ours.write_bytes(part.result())
    part.seconds.clear()
    rates = interleave(
        {"ours": partial(_rate, part.result, rows), "script": partial(_rate, script, rows)}, rounds
    )
    table = Table(
        f"A part of {rows:,} rows of ten columns, {KINDS[name]}: CSV to CSV, in one process",
        ("", "ours", "the script"),
    )
    table.notes = [f"{rounds} interleaved rounds; rows per second of processor time."]
    table.rows = [faster("in all", rates["ours"], rates["script"])]
    table.rows += [
        figure(step, [1e6 * one / rows for one in seconds], unit="us a row")
        for step, seconds in part.seconds.items()
    ]
    for what in differences(ours, theirs):
        table.check(holds=False, otherwise=f"{name}: {what}")
    return table


class _Part:
    """The steps of `worker.steps.part_scorer.PartScorer` with the bytes of a file.

    Attributes:
        seconds: step -> the processor time of each round.
    """

    def __init__(self, model: Model, source: Path) -> None:
        header, _, self._content = source.read_bytes().partition(b"\n")
        names = header.decode().split(",")
        self._model, self._signature = model, model.card.signature
        first, *more = (names.index(one.name) for one in self._signature.inputs)
        self._layout = CsvLayout(width=len(names), text=first, more=tuple(more), ref=0)
        self._options = ReadOptions(1000, 1 << 20, self._signature.inputs, read_csv=read_csv)
        self._watch = Watch(model.card)
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)

    def result(self) -> bytes:
        """Score the part; returns the result as a CSV with a header."""
        outputs, names = self._signature.outputs, ["ref"]
        read = partial(self._layout.read, self._content, self._options, offset=0, first_row=0)
        rows = self._timed("reading", read)
        frame = self._timed("the DataFrame", frame_of, self._signature.inputs, rows.inputs)
        columns, _ = self._timed("scoring", score_frame, self._model, frame, outputs, "row")
        content = self._timed("rendering", render, rows.refs, columns, rows.errors, rows.extras)
        self._timed("the summary", summary_of, outputs, columns, rows.errors, 0)
        self._timed(
            "counting for drift",
            lambda: self._watch.watched(rows, outputs, columns, []).counts(),
        )
        names += [*(one.name for one in outputs), "error\n"]
        return ",".join(names).encode() + bytes(content)

    def _timed(self, step: str, function: Callable[..., Any], *given: Any) -> Any:
        began = time.process_time()
        found = function(*given)
        self.seconds[step].append(time.process_time() - began)
        return found


def _rate(work: Callable[[], object], rows: int) -> float:
    began = time.process_time()
    work()
    return rows / (time.process_time() - began)
