"""The row formats of results, CSV and NDJSON: how the rows of a part are written and read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, Protocol

from shared.tables import csv_results, ndjson_results
from shared.tables.result_columns import PLAIN, ResultColumns
from shared.tables.rows import Rows

#: Result rows as records: `ref`, the outputs, `error`, and the carried columns.
Records = list[dict[str, Any]]

#: The values of each output; None for a row with an error.
Outputs = Sequence[Sequence[Any]]


class Parse(Protocol):
    """Reads the rows of a part from `begin` to before `end`."""

    def __call__(
        self,
        content: bytes,
        begin: int = 0,
        end: int | None = None,
        columns: ResultColumns = PLAIN,
    ) -> Records:
        """See `shared.tables.csv_results.parse`."""


class RefBytes(Protocol):
    """Gives bytes that every row with a ref has."""

    def __call__(self, text: str, *, whole: bool) -> bytes:
        """See `shared.tables.csv_results.ref_bytes`."""


class RenderCsv(Protocol):
    """Writes the rows of a part as CSV."""

    def __call__(
        self,
        refs: Sequence[str],
        outputs: Outputs,
        errors: Sequence[str | None],
        extras: Sequence[Sequence[str]] = (),
    ) -> bytes:
        """See `shared.tables.csv_results.render`."""


@dataclass(frozen=True)
class RowFormat:
    """A format in which a result is a header followed by the parts in a row.

    Attributes:
        header: makes the header.
        render: writes rows and their outputs.
        parse: reads what `render` wrote, as records.
        write: writes such records; what the columns do not name is left out.
        bad_rows: finds the rows with an error in what `render` wrote: number, ref and error of
            each.
        ref_bytes: gives bytes that every row with a ref has, to find rows without reading them.
    """

    header: Callable[[ResultColumns], bytes]
    render: Callable[[Rows, Outputs, ResultColumns], bytes]
    parse: Parse
    write: Callable[[Records, ResultColumns], bytes]
    bad_rows: Callable[[bytes, ResultColumns], list[tuple[int, str, str]]]
    ref_bytes: RefBytes

    def writes_like(self, other: "RowFormat") -> bool:
        """Whether both write the same rows, below their headers, in the same bytes."""
        return self.write is other.write


def _write_csv(
    records: Records, columns: ResultColumns, dialect: csv_results.Dialect = csv_results.COMMAS
) -> bytes:
    refs, *cells = ([record[name] for record in records] for name in columns.names)
    outputs, [errors, *extras] = cells[: len(columns.outputs)], cells[len(columns.outputs) :]
    return csv_results.render(refs, outputs, errors, extras, dialect)


def _render_ndjson(rows: Rows, outputs: Outputs, columns: ResultColumns) -> bytes:
    return ndjson_results.render(rows.refs, outputs, rows.errors, rows.extras, columns)


def _write_ndjson(records: Records, columns: ResultColumns) -> bytes:
    return ndjson_results.lines(projected(records, columns))


def projected(records: Records, columns: ResultColumns) -> Records:
    """The records with these columns alone."""
    names = columns.names
    if not records or len(records[0]) == len(names):
        return records
    return [{name: record[name] for name in names} for record in records]


def csv_format(render: RenderCsv) -> RowFormat:
    """CSV, whose rows `render` writes as `shared.tables.csv_results.render` does."""

    def render_rows(rows: Rows, outputs: Outputs, _columns: ResultColumns) -> bytes:
        return render(rows.refs, outputs, rows.errors, rows.extras)

    return RowFormat(
        csv_results.header,
        render_rows,
        csv_results.parse,
        _write_csv,
        csv_results.bad_rows,
        csv_results.ref_bytes,
    )


CSV = csv_format(csv_results.render)
NDJSON = RowFormat(
    lambda _: b"",
    _render_ndjson,
    ndjson_results.parse,
    _write_ndjson,
    ndjson_results.bad_rows,
    ndjson_results.ref_bytes,
)


def csv_in(dialect: csv_results.Dialect, before: bytes = b"") -> RowFormat:
    """CSV in a dialect, which can be written alone, with some bytes before the header."""
    write = CSV.write if dialect == csv_results.COMMAS else partial(_write_csv, dialect=dialect)
    return replace(
        CSV, header=lambda columns: before + csv_results.header(columns, dialect), write=write
    )


ROW_FORMATS = {"csv": CSV, "ndjson": NDJSON}


class HasPartFormat(Protocol):
    """Names the format of result parts; `shared.jobs.spec.Spec` does."""

    @property
    def part_format(self) -> Literal["csv", "ndjson"]:
        """The format in which the workers write the parts of the job."""


def part_format(spec: HasPartFormat) -> RowFormat:
    """The format in which the workers write the parts of a job."""
    return ROW_FORMATS[spec.part_format]
