"""The row formats of results, CSV and NDJSON: how the rows of a part are written and read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from shared.tables import csv_results, ndjson_results
from shared.tables.rows import Rows

#: Result rows as records: `ref`, `Sentiment_Score`, `error`, and the carried columns.
Records = list[dict[str, Any]]

#: The scores of the model; None for a row with an error.
Scores = list[float | None]


class Parse(Protocol):
    """Reads the rows of a part from `begin` to before `end`."""

    def __call__(
        self, content: bytes, begin: int = 0, end: int | None = None, columns: Sequence[str] = ()
    ) -> Records:
        """See `shared.tables.csv_results.parse`."""


@dataclass(frozen=True)
class RowFormat:
    """A format in which a result is a header followed by the parts in a row.

    Attributes:
        header: makes the header from the names of the carried columns.
        render: writes rows and their scores; it also takes the names of the carried columns.
        parse: reads what `render` wrote, as records.
        write: writes such records; it also takes the names of the carried columns.
        bad_rows: finds the rows with an error in what `render` wrote: number, ref and error of
        each.
    """

    header: Callable[[Sequence[str]], bytes]
    render: Callable[[Rows, Scores, Sequence[str]], bytes]
    parse: Parse
    write: Callable[[Records, Sequence[str]], bytes]
    bad_rows: Callable[[bytes], list[tuple[int, str, str]]]


def _render_csv(rows: Rows, scores: Scores, _columns: Sequence[str]) -> bytes:
    return csv_results.render(rows.refs, scores, rows.errors, rows.extras)


def _write_csv(records: Records, columns: Sequence[str]) -> bytes:
    refs, scores, errors, *extras = (
        [record[name] for record in records] for name in (*csv_results.FIXED, *columns)
    )
    return csv_results.render(refs, scores, errors, extras)


def _render_ndjson(rows: Rows, scores: Scores, columns: Sequence[str]) -> bytes:
    return ndjson_results.render(rows.refs, scores, rows.errors, rows.extras, columns)


def _write_ndjson(records: Records, _columns: Sequence[str]) -> bytes:
    return ndjson_results.lines(records)


CSV = RowFormat(
    csv_results.header, _render_csv, csv_results.parse, _write_csv, csv_results.bad_rows
)
NDJSON = RowFormat(
    lambda _: b"",
    _render_ndjson,
    ndjson_results.parse,
    _write_ndjson,
    ndjson_results.bad_rows,
)

ROW_FORMATS = {"csv": CSV, "ndjson": NDJSON}


class HasPartFormat(Protocol):
    """Names the format of result parts; `shared.jobs.job.Spec` does."""

    @property
    def part_format(self) -> Literal["csv", "ndjson"]:
        """The format in which the workers write the parts of the job."""


def part_format(spec: HasPartFormat) -> RowFormat:
    """The format in which the workers write the parts of a job."""
    return ROW_FORMATS[spec.part_format]
