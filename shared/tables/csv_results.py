"""Result rows as CSV: `ref`, the outputs, `error` and the carried columns; and back."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import orjson

from shared.signature import Output
from shared.tables.result_columns import PLAIN, ResultColumns

#: The number of rows that are rendered at once. With this many, Python reuses its own memory. With
#: a whole part it took 10 MB from the kernel and gave them back, which was a third of the time.
RUN = 2048

#: What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").
_FORMULA = re.compile(r"[=+\-@\t\r]")
#: What is a number, by the decimal sign of a file.
_NUMBERS = {
    ".": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"),
    ",": re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?"),
}
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
#: A line whose cell must be escaped, or may have to be.
_TO_ESCAPE = re.compile(r"\n[=+\-@\t\r']")
_TO_QUOTE = re.compile(r'["\r\n]')


class Dialect(NamedTuple):
    """How the rows are written; only the first of all dialects can be read back."""

    delimiter: str = ","  #: The character between the cells.
    decimal: str = "."  #: The decimal sign of outputs that are no whole numbers.


COMMAS = Dialect()


def escape(cell: str, decimal: str = ".") -> str:
    """Put a `'` before a cell that a spreadsheet would run as a formula; numbers stay unchanged.

    A cell that looks escaped already gets a `'` too, so that `unescape` restores every cell
    exactly.

    Args:
        cell: the cell as it was sent.
        decimal: the decimal sign of the file: with a comma, `-1,5` is a number too.
    """
    risky = _FORMULA.match(cell) and not _NUMBERS[decimal].fullmatch(cell)
    return "'" + cell if risky or _ESCAPED.match(cell) else cell


def unescape(cell: str) -> str:
    """Undo `escape`."""
    return cell[1:] if cell[:1] == "'" and _ESCAPED.match(cell) else cell


def header(columns: ResultColumns = PLAIN, dialect: Dialect = COMMAS) -> bytes:
    """The first line of a result CSV, which names the columns."""
    return (dialect.delimiter.join(written_cells(columns.names, dialect)) + "\n").encode()


def render(
    refs: Sequence[str],
    outputs: Sequence[Sequence[Any]],
    errors: Sequence[str | None],
    extras: Sequence[Sequence[str]] = (),
    dialect: Dialect = COMMAS,
) -> bytes:
    """Write the rows of a part as CSV, without a header. Numbers read back equal.

    Args:
        refs: the refs, as they were sent.
        outputs: for each output its values: finite numbers, booleans or texts; None for a row with
            an error, or if the output is not required.
        errors: None for a row without one.
        extras: for each carried column its cells, as they were sent.
        dialect: how the cells and numbers are written.

    Raises:
        ValueError: the columns differ in length.
    """
    columns: list[Sequence[Any]] = [refs, errors, *outputs, *extras]
    runs = range(0, max(map(len, columns)), RUN)
    return b"".join(
        [
            _rendered(dialect, len(outputs), *[column[at : at + RUN] for column in columns])
            for at in runs
        ]
    )


def _rendered(
    dialect: Dialect,
    count: int,
    refs: Sequence[str],
    errors: Sequence[str | None],
    *columns: Sequence[Any],
) -> bytes:
    notes: Sequence[str] = [""] * len(errors)
    delimiter = dialect.delimiter
    if any(errors):
        notes = [quote(error, delimiter) if error else "" for error in errors]
    outputs = [_values(column, dialect) for column in columns[:count]]
    extras = [written_cells(column, dialect) for column in columns[count:]]
    rows = zip(written_cells(refs, dialect), *outputs, notes, *extras, strict=True)
    if len(columns) > 1 or dialect != COMMAS:
        return "".join([delimiter.join(row) + "\n" for row in rows]).encode()
    return "".join([f"{ref},{score},{note}\n" for ref, score, note in rows]).encode()


def _values(values: Sequence[Any], dialect: Dialect) -> Sequence[str]:
    """The cells of an output."""
    if str in set(map(type, values)):
        texts = ["" if value is None else value for value in values]
        return written_cells(texts, dialect)
    # The shortest digits that read back equal; orjson is ten times as fast as `repr`.
    digits = orjson.dumps(values)[1:-1].decode()
    cells = digits.replace("null", "").split(",") if values else []
    if dialect.decimal == ".":
        return cells
    return [cell.replace(".", dialect.decimal) for cell in cells]


def written_cells(cells: Sequence[str], dialect: Dialect = COMMAS) -> Sequence[str]:
    """The cells of a column, escaped and quoted."""
    if _are_plain(cells, dialect.delimiter):
        return cells
    return [cell(text, dialect) for text in cells]


def _are_plain(cells: Sequence[str], delimiter: str) -> bool:
    """Whether no cell needs to be quoted or escaped; checks all cells at once."""
    lines = "\n" + "\n".join(cells)
    return (
        lines.count("\n") == len(cells)
        and '"' not in lines
        and delimiter not in lines
        and "\r" not in lines
        and not _TO_ESCAPE.search(lines)
    )


def cell(text: str, dialect: Dialect = COMMAS) -> str:
    """A text as a CSV cell, escaped and quoted."""
    return quote(escape(text, dialect.decimal), dialect.delimiter)


def quote(cell: str, delimiter: str = ",") -> str:
    """Quote a cell by RFC 4180; one with a CR too, because readers would end the row at it."""
    if delimiter in cell or _TO_QUOTE.search(cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def parse(
    content: bytes, begin: int = 0, end: int | None = None, columns: ResultColumns = PLAIN
) -> list[dict[str, Any]]:
    """Read rows that `render` wrote, as records for JSON.

    Args:
        content: the output of `render`.
        begin: the first row to read, from 0.
        end: the row after the last one to read; None: to the end.
        columns: the columns of the rows.

    Raises:
        ValueError: the rows have other columns.
    """
    rows = _read(content, begin, end)
    if columns == PLAIN:
        [score] = columns.outputs
        return [
            {
                "ref": unescape(ref),
                score.name: float(cell) if cell else None,
                "error": error or None,
            }
            for ref, cell, error in rows
        ]
    parsers, error_at = [_parser_of(output) for output in columns.outputs], columns.error_at
    return [_record(row, columns, parsers, error_at) for row in rows]


def bad_rows(content: bytes, columns: ResultColumns = PLAIN) -> list[tuple[int, str, str]]:
    """The rows with an error in the output of `render`: number from 0, ref and error of each."""
    error = columns.error_at
    return [
        (at, unescape(row[0]), row[error])
        for at, row in enumerate(_read(content, 0, None))
        if row[error]
    ]


def ref_bytes(text: str, *, whole: bool) -> bytes:
    """Bytes that every row with this ref has in the output of `render`; others may have them too.

    Args:
        text: the ref, or a part of it.
        whole: whether the text is the whole ref. Then its rows begin with these bytes.
    """
    # A quote in a cell is written as two, as its cell is quoted then.
    return f"{cell(text)},".encode() if whole else text.replace('"', '""').encode()


def _read(content: bytes, begin: int, end: int | None) -> Iterable[list[str]]:
    text = content.decode()
    if '"' in text:
        return islice(csv.reader(io.StringIO(text, newline="")), begin, end)
    lines = text.split("\n")
    lines.pop()
    return (line.split(",") for line in lines[begin:end])


def _record(
    row: list[str], columns: ResultColumns, parsers: list[Callable[[str], Any]], error_at: int
) -> dict[str, Any]:
    error = row[error_at] or None
    outputs = row[1:error_at]
    values = [None if error else parse(cell) for parse, cell in zip(parsers, outputs, strict=True)]
    carried = map(unescape, row[error_at + 1 :])
    return dict(zip(columns.names, (unescape(row[0]), *values, error, *carried), strict=True))


def _parser_of(output: Output) -> Callable[[str], Any]:
    """How the values of an output are read from its cells; an empty cell is None if it may be."""
    parse = _PARSERS[output.type]
    return parse if output.required else lambda cell: parse(cell) if cell else None


#: How the values of an output are read from its cells, by its type.
_PARSERS: dict[str, Callable[[str], Any]] = {
    "double": float,
    "long": int,
    "boolean": "true".__eq__,
    "string": unescape,
}
