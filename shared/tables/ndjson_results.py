"""Result rows as NDJSON: a line of JSON for each, with every cell as it was sent; and back."""

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
    """The lines of a part; a float is written so that it reads back equal.

    Args:
        refs: as they were sent.
        scores: finite; None where there is an error.
        errors: None where there is a score.
        extras: the cells of each column that is carried through, as they were sent.
        columns: the names of these, which become further keys.

    Raises:
        ValueError: these are not lists of one length.
    """
    rows = zip(refs, scores, errors, *extras, strict=True)
    if not extras:
        return lines({"ref": ref, SCORE: score, "error": error} for ref, score, error in rows)
    names = ("ref", SCORE, "error", *columns)
    return lines(dict(zip(names, row, strict=True)) for row in rows)


def lines(records: Any) -> bytes:
    """Records, each as a line of JSON."""
    return b"".join([orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records])


def parse(
    content: bytes, begin: int = 0, end: int | None = None, columns: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The rows that `render` wrote, as records: all, or those from `begin` to `end`.

    Args:
        content: what it wrote.
        begin: the first row that is wanted, from 0.
        end: the row behind the last one; None: to the end.
        columns: the names of the columns that are carried through.

    Raises:
        ValueError: the rows do not have these columns.
    """
    wanted = content.split(b"\n")[:-1][begin:end]
    # All lines at once: within a line, a line break is always escaped.
    rows: list[dict[str, Any]] = orjson.loads(b"[" + b",".join(wanted) + b"]")
    if any(len(row) != 3 + len(columns) for row in rows[:1]):
        raise ValueError("the rows have other columns")
    return rows


def bad_rows(content: bytes) -> list[tuple[int, str, str]]:
    """Those of the rows that `render` wrote that have an error: which it is, its ref, its error."""
    found = []
    for at, line in enumerate(content.split(b"\n")[:-1]):
        # Within a cell, every quote of these would have a backslash before it.
        if b'"error":null' not in line:
            row = orjson.loads(line)
            found.append((at, row["ref"], row["error"]))
    return found
