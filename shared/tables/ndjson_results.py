"""Result rows as NDJSON, one JSON object a line, with every cell as it was sent; and back."""

from collections.abc import Sequence
from typing import Any

import orjson

from shared.model import SCORE


def render(
    refs: list[str],
    scores: list[float | None],
    errors: list[str | None],
    extras: Sequence[list[str]] = (),
    columns: Sequence[str] = (),
) -> bytes:
    """Write the rows of a part as lines. Scores read back equal.

    Args:
        refs: the refs, as they were sent.
        scores: finite numbers; None for a row with an error.
        errors: None for a row with a score.
        extras: for each carried column its cells, as they were sent.
        columns: the names of these columns, which become further keys.

    Raises:
        ValueError: the lists differ in length.
    """
    rows = zip(refs, scores, errors, *extras, strict=True)
    if not extras:
        return lines({"ref": ref, SCORE: score, "error": error} for ref, score, error in rows)
    names = ("ref", SCORE, "error", *columns)
    return lines(dict(zip(names, row, strict=True)) for row in rows)


def lines(records: Any) -> bytes:
    """Write records as lines of JSON."""
    return b"".join([orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records])


def parse(
    content: bytes, begin: int = 0, end: int | None = None, columns: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Read rows that `render` wrote, as records.

    Args:
        content: the output of `render`.
        begin: the first row to read, from 0.
        end: the row after the last one to read; None: to the end.
        columns: the names of the carried columns.

    Raises:
        ValueError: the rows have other columns.
    """
    wanted = content.split(b"\n")[:-1][begin:end]
    # Parse all lines at once: within a line every line break is escaped.
    rows: list[dict[str, Any]] = orjson.loads(b"[" + b",".join(wanted) + b"]")
    if any(len(row) != 3 + len(columns) for row in rows[:1]):
        raise ValueError("the rows have other columns")
    return rows


def bad_rows(content: bytes) -> list[tuple[int, str, str]]:
    """The rows with an error in the output of `render`: number from 0, ref and error of each."""
    found = []
    for at, line in enumerate(content.split(b"\n")[:-1]):
        # A cell cannot contain this: its quotes would have backslashes before them.
        if b'"error":null' not in line:
            row = orjson.loads(line)
            found.append((at, row["ref"], row["error"]))
    return found
