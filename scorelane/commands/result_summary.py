"""Reads a CSV of results row by row, and gives its counts, its histogram and its first rows."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scorelane.client.job_state import JobState

#: How many rows are shown.
FIRST = 8

#: The bins of the histogram: the ten tenths of the score, from 0..0.1 to 0.9..1.
BINS = 10

#: The longest cell that can be read; csv's own limit is smaller than a cell of an upload may be.
CELL_CHARS = 64 * 2**20


@dataclass
class Summary:
    """What a CSV of results holds.

    Attributes:
        scored: the number of rows with a score.
        failed: the number of rows with an error.
        total_score: the sum of the scores.
        bins: the number of scores in each of `BINS` equal intervals from 0 to 1.
        first: the first `FIRST` rows, each `ref, Sentiment_Score, error`.
        first_error: the first row with an error.
    """

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
    def mean(self) -> float | None:
        """The mean score; None if no row has a score."""
        return self.total_score / self.scored if self.scored else None


def summarise(lines: Iterable[str]) -> Summary:
    """Read a CSV of results, in constant memory.

    Args:
        lines: the lines, header first, with their line ends.

    Raises:
        ValueError: it is no CSV of results, or it ends within a row.
    """
    csv.field_size_limit(CELL_CHARS)
    rows = csv.reader(lines, strict=True)
    header = next(rows, [])
    if header[:3] != ["ref", "Sentiment_Score", "error"]:
        raise ValueError("the header is not that of results")
    summary = Summary()
    try:
        for row in rows:
            if len(row) != len(header):
                raise ValueError(f"row {summary.rows + 1} is cut off")
            # The columns after these were copied from the upload.
            _add(summary, row[:3])
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return summary


def _add(summary: Summary, row: list[str]) -> None:
    if bool(row[1]) == bool(row[2]):
        raise ValueError(f"row {summary.rows + 1} has not exactly one of a score and an error")
    if row[1]:
        score = float(row[1])
        summary.scored += 1
        summary.total_score += score
        summary.bins[min(int(score * BINS), BINS - 1)] += 1
    else:
        summary.failed += 1
        summary.first_error = summary.first_error or row
    if len(summary.first) < FIRST:
        summary.first.append(row)


def lines_of(chunks: Iterable[bytes], write: Callable[[bytes], object]) -> Iterator[str]:
    """Write each chunk, and yield the lines in the chunks, with their line ends."""
    rest = b""
    for chunk in chunks:
        write(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode() + "\n"
    if rest:
        yield rest.decode()


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


def first_texts(file: Path, column: str, delimiter: str | None = None) -> list[str]:
    """The texts of the first rows of an upload, to be shown next to their scores.

    Args:
        file: the upload.
        column: the name of the column with the texts.
        delimiter: the one that the user named, if any.

    Returns:
        At most `FIRST` texts; none if the file is not a plain CSV in UTF-8 with commas.
    """
    if delimiter:
        return []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            return [row.get(column) or "" for row, _ in zip(rows, range(FIRST), strict=False)]
    except (ValueError, csv.Error):
        return []
