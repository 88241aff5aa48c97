"""Result rows as CSV, `ref,Sentiment_Score,error` and the carried columns; and back."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import orjson

from shared.model import SCORE

#: The columns of every result; columns that are carried through follow.
FIXED = ("ref", SCORE, "error")

#: The number of rows that are rendered at once. With this many, Python reuses its own memory. With
#: a whole part it took 10 MB from the kernel and gave them back, which was a third of the time.
RUN = 2048

#: What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
#: A line whose cell must be escaped, or may have to be.
_TO_ESCAPE = re.compile(r"\n[=+\-@\t\r']")
_TO_QUOTE = re.compile(r'[",\r\n]')


def escape(cell: str) -> str:
    """Put a `'` before a cell that a spreadsheet would run as a formula; numbers stay unchanged.

    A cell that looks escaped already gets a `'` too, so that `unescape` restores every cell
    exactly.
    """
    risky = _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return "'" + cell if risky or _ESCAPED.match(cell) else cell


def unescape(cell: str) -> str:
    """Undo `escape`."""
    return cell[1:] if cell[:1] == "'" and _ESCAPED.match(cell) else cell


def header(columns: Sequence[str] = ()) -> bytes:
    """The first line of a result CSV, which names the columns; the carried columns come last."""
    return (",".join([*FIXED, *_cells(columns)]) + "\n").encode()


def render(
    refs: list[str],
    scores: list[float | None],
    errors: list[str | None],
    extras: Sequence[list[str]] = (),
) -> bytes:
    """Write the rows of a part as CSV, without a header. Scores read back equal.

    Args:
        refs: the refs, as they were sent.
        scores: finite numbers; None for a row with an error.
        errors: None for a row with a score.
        extras: for each carried column its cells, as they were sent.

    Raises:
        ValueError: the lists differ in length.
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
    rows = zip(_cells(refs), _digits(scores), notes, *map(_cells, extras), strict=True)
    if extras:
        return "".join([",".join(row) + "\n" for row in rows]).encode()
    return "".join([f"{ref},{score},{note}\n" for ref, score, note in rows]).encode()


def _cells(cells: Sequence[str]) -> Sequence[str]:
    """The cells of a column, escaped and quoted."""
    return cells if _are_plain(cells) else [_quote(escape(cell)) for cell in cells]


def _digits(scores: list[float | None]) -> list[str]:
    """The shortest digits that read back equal; orjson is ten times as fast as `repr`."""
    digits = orjson.dumps(scores)[1:-1].decode()
    return digits.replace("null", "").split(",") if scores else []


def _are_plain(cells: Sequence[str]) -> bool:
    """Whether no cell needs to be quoted or escaped; checks all cells at once."""
    lines = "\n" + "\n".join(cells)
    return (
        lines.count("\n") == len(cells)
        and '"' not in lines
        and "," not in lines
        and "\r" not in lines
        and not _TO_ESCAPE.search(lines)
    )


def cell(text: str) -> str:
    """A text as a CSV cell, escaped and quoted."""
    return _quote(escape(text))


def _quote(cell: str) -> str:
    """Quote a cell by RFC 4180; one with a CR too, because readers would end the row at it."""
    return '"' + cell.replace('"', '""') + '"' if _TO_QUOTE.search(cell) else cell


def parse(
    content: bytes, begin: int = 0, end: int | None = None, columns: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Read rows that `render` wrote, as records for JSON.

    Args:
        content: the output of `render`.
        begin: the first row to read, from 0.
        end: the row after the last one to read; None: to the end.
        columns: the names of the carried columns, which become further keys.

    Raises:
        ValueError: the rows have other columns.
    """
    rows = _read(content, begin, end)
    if columns:
        return [_record(row, columns) for row in rows]
    return [
        {"ref": unescape(ref), SCORE: float(score) if score else None, "error": error or None}
        for ref, score, error in rows
    ]


def bad_rows(content: bytes) -> list[tuple[int, str, str]]:
    """The rows with an error in the output of `render`: number from 0, ref and error of each."""
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
