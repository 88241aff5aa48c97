"""Result rows: `ref,Sentiment_Score,error` as CSV, and back."""

import csv
import io
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

import orjson

from shared.model import SCORE

HEADER = f"ref,{SCORE},error\n".encode()

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


def render(refs: list[str], scores: list[float | None], errors: list[str | None]) -> bytes:
    """The CSV rows of a part, without a header; a float is written so that it reads back equal.

    Args:
        refs: as they were sent.
        scores: finite; None where there is an error.
        errors: None where there is a score.
    """
    if not _are_plain(refs):
        refs = [_quote(escape(ref)) for ref in refs]
    notes = [""] * len(errors)
    if any(errors):
        notes = [_quote(error) if error else "" for error in errors]
    rows = zip(refs, _spell(scores), notes, strict=True)
    return "".join([f"{ref},{score},{note}\n" for ref, score, note in rows]).encode()


def _spell(scores: list[float | None]) -> list[str]:
    """The shortest digits that read back equal; orjson finds them ten times as fast as `repr`."""
    digits = orjson.dumps(scores)[1:-1].decode()
    return digits.replace("null", "").split(",") if scores else []


def _are_plain(refs: list[str]) -> bool:
    """Whether none of the refs needs a quote; looks at them all at once."""
    lines = "\n" + "\n".join(refs)
    return (
        lines.count("\n") == len(refs)
        and '"' not in lines
        and "," not in lines
        and "\r" not in lines
        and not _TO_ESCAPE.search(lines)
    )


def _quote(cell: str) -> str:
    """The cell as CSV (RFC 4180); a CR is quoted too, or readers end the row at it."""
    return '"' + cell.replace('"', '""') + '"' if _TO_QUOTE.search(cell) else cell


def parse(content: bytes, begin: int = 0, end: int | None = None) -> list[dict[str, Any]]:
    """The rows that `render` wrote, as records for JSON: all, or those from `begin` to `end`."""
    text = content.decode()
    rows: Iterable[list[str]]
    if '"' in text:
        rows = islice(csv.reader(io.StringIO(text, newline="")), begin, end)
    else:
        lines = text.split("\n")
        lines.pop()
        rows = (line.split(",") for line in lines[begin:end])
    return [
        {"ref": unescape(ref), SCORE: float(score) if score else None, "error": error or None}
        for ref, score, error in rows
    ]
