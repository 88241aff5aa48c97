"""Result rows as NDJSON, one JSON object a line, with every cell as it was sent; and back."""

from collections.abc import Sequence
from typing import Any

import orjson

from shared.tables.result_columns import PLAIN, ResultColumns


def render(
    refs: Sequence[str],
    outputs: Sequence[Sequence[Any]],
    errors: Sequence[str | None],
    extras: Sequence[Sequence[str]] = (),
    columns: ResultColumns = PLAIN,
) -> bytes:
    """Write the rows of a part as lines. Numbers read back equal.

    Args:
        refs: the refs, as they were sent.
        outputs: for each output its values: finite numbers, booleans or texts; None for a row with
            an error.
        errors: None for a row without one.
        extras: for each carried column its cells, as they were sent.
        columns: the columns of the rows.

    Raises:
        ValueError: the columns differ in length or number.
    """
    names, rows = columns.names, zip(refs, *outputs, errors, *extras, strict=True)
    return lines(dict(zip(names, row, strict=True)) for row in rows)


def lines(records: Any) -> bytes:
    """Write records as lines of JSON."""
    return b"".join([orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records])


def parse(
    content: bytes, begin: int = 0, end: int | None = None, columns: ResultColumns = PLAIN
) -> list[dict[str, Any]]:
    """Read rows that `render` wrote, as records.

    Args:
        content: the output of `render`.
        begin: the first row to read, from 0.
        end: the row after the last one to read; None: to the end.
        columns: the columns of the rows.

    Raises:
        ValueError: the rows have other columns.
    """
    wanted = content.split(b"\n")[:-1][begin:end]
    # Parse all lines at once: within a line every line break is escaped.
    rows: list[dict[str, Any]] = orjson.loads(b"[" + b",".join(wanted) + b"]")
    if any(len(row) != len(columns.names) for row in rows[:1]):
        raise ValueError("the rows have other columns")
    return rows


def ref_bytes(text: str, *, whole: bool) -> bytes:
    """Bytes that every row with this ref has; see `shared.tables.csv_results.ref_bytes`."""
    written = orjson.dumps(text)
    return b'{"ref":' + written + b"," if whole else written[1:-1]


def bad_rows(content: bytes, _columns: ResultColumns = PLAIN) -> list[tuple[int, str, str]]:
    """The rows with an error in the output of `render`: number from 0, ref and error of each."""
    found = []
    for at, line in enumerate(content.split(b"\n")[:-1]):
        # A cell cannot contain this: its quotes would have backslashes before them.
        if b'"error":null' not in line:
            row = orjson.loads(line)
            found.append((at, row["ref"], row["error"]))
    return found
