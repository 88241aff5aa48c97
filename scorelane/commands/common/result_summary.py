"""Reads results row by row, and gives their counts, their histogram and their first rows."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from scorelane.client.client import Job
from scorelane.client.job_state import JobState
from scorelane.commands.common.result_form import Form

#: The columns of every result: first `REF`, then the outputs of the model, then `ERROR`. Those that
#: were copied from the upload come after them.
REF, ERROR = "ref", "error"

#: The output of a sentiment model.
SCORE = "Sentiment_Score"

#: How many rows are shown.
FIRST = 8

#: The bins of the histogram: the ten tenths of the score, from 0..0.1 to 0.9..1.
BINS = 10

#: The longest cell that can be read; csv's own limit is smaller than a cell of an upload may be.
CELL_CHARS = 64 * 2**20


@dataclass
class Summary:
    """What results hold.

    Attributes:
        outputs: the names of the outputs.
        scored: the number of rows without an error.
        failed: the number of rows with an error.
        total_score: the sum of the sentiment scores; 0 for other outputs.
        bins: the number of sentiment scores in each of `BINS` equal intervals from 0 to 1.
        first: the first `FIRST` rows, each `ref`, the outputs, `error`.
        first_error: the first row with an error.
    """

    outputs: list[str] = field(default_factory=lambda: [SCORE])
    scored: int = 0
    failed: int = 0
    total_score: float = 0.0
    bins: list[int] = field(default_factory=lambda: [0] * BINS)
    first: list[list[str]] = field(default_factory=list)
    first_error: list[str] | None = None

    @property
    def rows(self) -> int:
        """The number of all rows."""
        return self.scored + self.failed

    @property
    def is_sentiment(self) -> bool:
        """Whether the sentiment score is the only output."""
        return self.outputs == [SCORE]

    @property
    def mean(self) -> float | None:
        """The mean sentiment score; None if no row has one."""
        return self.total_score / self.scored if self.scored and self.is_sentiment else None


def summarise(lines: Iterable[str], form: Form = Form("csv")) -> Summary:  # noqa: B008  it is frozen
    """Read the lines of results, in constant memory.

    Args:
        lines: the lines, with their line ends; of a CSV the header is the first.
        form: their form: CSV, with any delimiter, or NDJSON.

    Raises:
        ValueError: they are no results, or end within a row.
    """
    rows = _ndjson_rows(lines) if form.format == "ndjson" else _csv_rows(lines, form.delimiter)
    return _summary_of(rows)


def summarise_file(path: Path, form: Form) -> Summary:
    """Read a file of results, in constant memory.

    Raises:
        ValueError: the file holds no results, or is not whole.
        ImportError: it is Parquet, and pyarrow is not installed.
    """
    if form.format == "parquet":
        return _summary_of(_parquet_rows(path))
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8", newline="\n")
            if form.gzipped
            else path.open(encoding="utf-8", newline="\n")
        ) as lines:
            return summarise(lines, form)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(str(error)) from error


def summary_by_service(job: Job) -> Summary:
    """What the service says of a job's results."""
    found = job.summary()
    # A service of an older release names no outputs.
    outputs = [one["name"] for one in found.get("outputs", ())] or [SCORE]
    rows, scores = found["rows"], found["scores"]
    first_error = next(iter(job.errors()), None) if rows["failed"] else None
    summary = Summary(
        outputs=outputs,
        scored=rows["completed"],
        failed=rows["failed"],
        first=[_cells(row, outputs) for row in islice(job.rows(), FIRST)],
        first_error=None if first_error is None else _cells(first_error, outputs),
    )
    if summary.is_sentiment:
        summary.total_score = (scores["mean"] or 0.0) * rows["completed"]
        summary.bins = [one["rows"] for one in scores["histogram"]]
    return summary


def _csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """The names of the columns from `REF` to `ERROR`, and then these cells of each row."""
    csv.field_size_limit(CELL_CHARS)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    header = next(rows, [])
    yield (names := _columns(header))
    try:
        for number, row in enumerate(rows, 1):
            if len(row) != len(header):
                raise ValueError(f"row {number} is cut off")
            yield row[: len(names)]
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _ndjson_rows(lines: Iterable[str]) -> Iterator[list[str]]:
    names: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            if not names:
                yield (names := _columns(list(row)))
            yield _cells({name: row[name] for name in names}, names[1:-1])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"row {number} is no row of results") from error


def _parquet_rows(path: Path) -> Iterator[list[str]]:
    from pyarrow import ArrowInvalid, parquet  # noqa: PLC0415  it comes with the services

    try:
        file = parquet.ParquetFile(path)
        yield (names := _columns(file.schema_arrow.names))
        for batch in file.iter_batches(columns=names):
            yield from (_cells(row, names[1:-1]) for row in batch.to_pylist())
    except (ArrowInvalid, OSError) as error:
        raise ValueError(str(error)) from error


def _columns(names: list[str]) -> list[str]:
    """The names from `REF` to `ERROR`; no output has one of these names.

    Raises:
        ValueError: they are not those of results.
    """
    if names[:1] != [REF] or ERROR not in names[2:]:
        raise ValueError("the header is not that of results")
    return names[: names.index(ERROR) + 1]


def _cells(row: Mapping[str, Any], outputs: list[str]) -> list[str]:
    """A row as the cells that a CSV has: empty where there is nothing."""
    return [_cell(row.get(name)) for name in (REF, *outputs, ERROR)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _summary_of(rows: Iterator[list[str]]) -> Summary:
    summary = Summary()
    if names := next(rows, None):
        summary.outputs = names[1:-1]
    for row in rows:
        _add(summary, row)
    return summary


def _add(summary: Summary, row: list[str]) -> None:
    if summary.is_sentiment:
        _add_score(summary, row)
    if row[-1]:
        # A label may be an empty text: that a row without an error has outputs is not checked.
        if any(row[1:-1]):
            raise ValueError(f"row {summary.rows + 1} has both an output and an error")
        summary.failed += 1
        summary.first_error = summary.first_error or row
    else:
        summary.scored += 1
    if len(summary.first) < FIRST:
        summary.first.append(row)


def _add_score(summary: Summary, row: list[str]) -> None:
    if bool(row[1]) == bool(row[2]):
        raise ValueError(f"row {summary.rows + 1} has not exactly one of a score and an error")
    if row[1]:
        score = float(row[1])
        if not 0 <= score <= 1:
            raise ValueError(f"row {summary.rows + 1} has a score that is not from 0 to 1")
        summary.total_score += score
        summary.bins[min(int(score * BINS), BINS - 1)] += 1


def loss_of(summary: Summary, job: JobState) -> str | None:
    """Which rows of the job are missing in the results; None if every row was returned."""
    if (summary.rows, summary.failed) == (job.total, job.failed) and (
        summary.scored == job.completed
    ):
        return None
    return (
        f"Rows are missing: the job has {job.total} ({job.completed} scored, {job.failed} with "
        f"an error), and {summary.rows} were returned ({summary.scored} scored, {summary.failed} "
        f"with an error). Download them again: scorelane results {job.id}"
    )
