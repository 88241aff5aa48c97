"""Result rows: `ref,Sentiment_Score,error` as CSV, and back."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any, Literal

from shared.model import SCORE

HEADER = f"ref,{SCORE},error\n".encode()

#: What a spreadsheet takes for a formula (OWASP, "CSV Injection").
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def escape(cell: str) -> str:
    """Put a quote before what a spreadsheet would run as a formula; numbers stay as they are.

    What looks escaped already gets a quote too, so that `unescape` gives back every cell exactly.
    """
    risky = _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return "'" + cell if risky or _ESCAPED.match(cell) else cell


def unescape(cell: str) -> str:
    """The cell that `escape` was given."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def render(refs: list[str], scores: Iterable[float | None], errors: list[str | None]) -> bytes:
    """The CSV rows of a part, without a header; a float is written so that it reads back equal."""
    text = io.StringIO()
    rows = zip(map(escape, refs), scores, errors, strict=True)
    # With lines that end in LF, the writer sees no need to quote a CR, and readers end a row at it.
    risky = any("\r" in ref for ref in refs)
    quoting: Literal[0, 1] = csv.QUOTE_ALL if risky else csv.QUOTE_MINIMAL
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows(rows)
    return text.getvalue().encode()


def parse(content: bytes) -> list[dict[str, Any]]:
    """The rows that `render` wrote, as records for JSON."""
    reader = csv.reader(io.StringIO(content.decode(), newline=""))
    return [
        {"ref": unescape(ref), SCORE: float(score) if score else None, "error": error or None}
        for ref, score, error in reader
    ]
