"""What a result CSV holds, read back row by row: counts, histogram, first rows."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scorelane.client.job_state import JobState

#: Rows that are shown.
FIRST = 8

#: Bars of the histogram: the score's ten deciles, 0..0.1 to 0.9..1.
BINS = 10

#: The longest cell that can be read; csv's own limit is below that of an upload.
CELL_CHARS = 64 * 2**20


@dataclass
class Summary:
    """Counts over result rows."""

    scored: int = 0
    failed: int = 0
    total_score: float = 0.0
    bins: list[int] = field(default_factory=lambda: [0] * BINS)
    first: list[list[str]] = field(default_factory=list)  #: of `ref, Sentiment_Score, error`
    first_error: list[str] | None = None

    @property
    def rows(self) -> int:
        """All rows."""
        return self.scored + self.failed

    @property
    def mean(self) -> float | None:
        """The mean score; None where there is none."""
        return self.total_score / self.scored if self.scored else None


def summarise(lines: Iterable[str]) -> Summary:
    """Read a result CSV, in constant memory.

    Args:
        lines: the lines, header first, with their line ends.

    Raises:
        ValueError: it is no result CSV, or is cut off within a row.
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
            # Behind these come columns that were carried through.
            _add(summary, row[:3])
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return summary


def _add(summary: Summary, row: list[str]) -> None:
    if bool(row[1]) == bool(row[2]):
        raise ValueError(f"row {summary.rows + 1} has neither a score nor an error")
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


def lines_of(chunks: Iterable[bytes], passing: Callable[[bytes], object]) -> Iterator[str]:
    """The lines in runs of bytes, each of which is handed to `passing` too."""
    rest = b""
    for chunk in chunks:
        passing(chunk)
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode() + "\n"
    if rest:
        yield rest.decode()


def missing(summary: Summary, job: JobState) -> str | None:
    """Why the results are not all that the job counted; None if they are."""
    if (summary.rows, summary.failed) == (job.total, job.failed) and (
        summary.scored == job.completed
    ):
        return None
    return (
        f"Rows are missing: the job counts {job.total} ({job.completed} scored, {job.failed} with "
        f"an error), and {summary.rows} came back ({summary.scored} scored, {summary.failed} with "
        f"an error). Fetch them again: scorelane results {job.id}"
    )


def first_texts(file: Path, column: str, delimiter: str | None = None) -> list[str]:
    """The texts of the first rows of an upload, to show beside their scores.

    Only to look at: none at all where the file is not a plain CSV.
    """
    if delimiter:
        return []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            return [row.get(column) or "" for row, _ in zip(rows, range(FIRST), strict=False)]
    except (ValueError, csv.Error):
        return []
