"""Result rows: `ref,Sentiment_Score,error` and the carried columns as CSV, and back."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import orjson

from shared.model import SCORE

#: What every result has, before the columns that are carried through.
FIXED = ("ref", SCORE, "error")

#: Rows that are rendered at once. What they become on the way stays in memory that Python has: with
#: all of a part it fetched 10 MB from the kernel and gave them back, which was a third of its time.
RUN = 2048

#: What a spreadsheet takes for a formula (OWASP, "CSV Injection").
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
#: A line whose cell must, or may have to, be escaped.
_TO_ESCAPE = re.compile(r"\n[=+\-@\t\r']")
_TO_QUOTE = re.compile(r'[",\r\n]')


def escape(cell: str) -> str:
    """Put a quote before what a spreadsheet would run as a formula; numbers stay as they are.

    What looks escaped already gets a quote too, so that `unescape` gives back every cell exactly.
    """
    risky = _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return "'" + cell if risky or _ESCAPED.match(cell) else cell


def unescape(cell: str) -> str:
    """The cell that `escape` was given."""
    return cell[1:] if cell[:1] == "'" and _ESCAPED.match(cell) else cell


def header(columns: Sequence[str] = ()) -> bytes:
    """The first line of a result CSV, which names the columns; those carried come last."""
    return (",".join([*FIXED, *_cells(columns)]) + "\n").encode()


def render(
    refs: list[str],
    scores: list[float | None],
    errors: list[str | None],
    extras: Sequence[list[str]] = (),
) -> bytes:
    """The CSV rows of a part, without a header; a float is written so that it reads back equal.

    Args:
        refs: as they were sent.
        scores: finite; None where there is an error.
        errors: None where there is a score.
        extras: the cells of each column that is carried through, as they were sent.

    Raises:
        ValueError: these are not lists of one length.
    """
    columns: list[list[Any]] = [refs, scores, errors, *extras]
    runs = range(0, max(map(len, columns)), RUN)
    return b"".join([_rendered(*[column[at : at + RUN] for column in columns]) for at in runs])


def _rendered(
    refs: list[str], scores: list[float | None], errors: list[str | None], *extras: list[str]
) -> bytes:
    notes = [""] * len(errors)
    if any(errors):
        notes = [_quote(error) if error else "" for error in errors]
    rows = zip(_cells(refs), _spell(scores), notes, *map(_cells, extras), strict=True)
    if extras:
        return "".join([",".join(row) + "\n" for row in rows]).encode()
    return "".join([f"{ref},{score},{note}\n" for ref, score, note in rows]).encode()


def _cells(cells: Sequence[str]) -> Sequence[str]:
    """Cells of a column as they are written."""
    return cells if _are_plain(cells) else [_quote(escape(cell)) for cell in cells]


def _spell(scores: list[float | None]) -> list[str]:
    """The shortest digits that read back equal; orjson finds them ten times as fast as `repr`."""
    digits = orjson.dumps(scores)[1:-1].decode()
    return digits.replace("null", "").split(",") if scores else []


def _are_plain(cells: Sequence[str]) -> bool:
    """Whether none of the cells needs a quote; looks at them all at once."""
    lines = "\n" + "\n".join(cells)
    return (
        lines.count("\n") == len(cells)
        and '"' not in lines
        and "," not in lines
        and "\r" not in lines
        and not _TO_ESCAPE.search(lines)
    )


def cell(text: str) -> str:
    """A cell that somebody has typed, as it is written in a CSV."""
    return _quote(escape(text))


def _quote(cell: str) -> str:
    """The cell as CSV (RFC 4180); a CR is quoted too, or readers end the row at it."""
    return '"' + cell.replace('"', '""') + '"' if _TO_QUOTE.search(cell) else cell


def parse(
    content: bytes, begin: int = 0, end: int | None = None, columns: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The rows that `render` wrote, as records for JSON: all, or those from `begin` to `end`.

    Args:
        content: what it wrote.
        begin: the first row that is wanted, from 0.
        end: the row behind the last one; None: to the end.
        columns: the names of the columns that are carried through; they become further keys.

    Raises:
        ValueError: the rows do not have these columns.
    """
    rows = _read(content, begin, end)
    if columns:
        return [_record(row, columns) for row in rows]
    return [
        {"ref": unescape(ref), SCORE: float(score) if score else None, "error": error or None}
        for ref, score, error in rows
    ]


def bad_rows(content: bytes) -> list[tuple[int, str, str]]:
    """Those of the rows that `render` wrote that have an error: which it is, its ref, its error."""
    return [
        (at, unescape(row[0]), row[2]) for at, row in enumerate(_read(content, 0, None)) if row[2]
    ]


def _read(content: bytes, begin: int, end: int | None) -> Iterable[list[str]]:
    text = content.decode()
    if '"' in text:
        return islice(csv.reader(io.StringIO(text, newline="")), begin, end)
    lines = text.split("\n")
    lines.pop()
    return (line.split(",") for line in lines[begin:end])


def _record(row: list[str], columns: Sequence[str]) -> dict[str, Any]:
    ref, score, error, *extras = row
    return {
        "ref": unescape(ref),
        SCORE: float(score) if score else None,
        "error": error or None,
    } | dict(zip(columns, map(unescape, extras), strict=True))
