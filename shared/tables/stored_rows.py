"""Rows that came as JSON, as they are stored: a line for each."""

import json
from contextlib import suppress
from math import isfinite
from typing import Any

import orjson

from shared.tables.json_rows import Number
from shared.tables.rows import Rows, numbers_of, rows_of

#: orjson gives each line a buffer of a kilobyte or more: of all lines of 3 MB together, 313 MB.
_ROWS_AT_ONCE = 200


def write_rows(rows: list[tuple[Any, ...]]) -> bytes:
    """JSON rows as they are stored: a line `["ref", "text"]` for each.

    Args:
        rows: of one length: a ref (None: there is none), a text, and what is carried through.
    """
    return b"".join(
        [_lines_of(rows[at : at + _ROWS_AT_ONCE]) for at in range(0, len(rows), _ROWS_AT_ONCE)]
    )


def _lines_of(rows: list[tuple[Any, ...]]) -> bytes:
    if rows and len(rows[0]) > 2:
        kept = [
            (None if ref is None else ref_text(ref), text, *map(cell_text, extras))
            for ref, text, *extras in rows
        ]
    else:
        kept = [(None if ref is None else ref_text(ref), text) for ref, text in rows]
    if {type(row[1]) for row in kept} == {str}:
        with suppress(orjson.JSONEncodeError):
            return b"".join([orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in kept])
    # What orjson refuses or changes: half of a surrogate pair; numbers over 64 bits.
    return "".join([json.dumps(row) + "\n" for row in kept]).encode()


def ref_text(ref: object) -> str:
    """A ref as it is kept: as typed."""
    if isinstance(ref, str):
        return ref
    # `json` takes twenty times as long to say the same of a number.
    if type(ref) is int or (type(ref) is float and isfinite(ref)):
        return repr(ref)
    return json_text(ref)


def json_text(value: object) -> str:
    """A value as JSON, with its numbers as they were sent."""
    try:
        return _json_text(value)
    except RecursionError:
        return json.dumps(value, ensure_ascii=False)


def _json_text(value: object) -> str:
    match value:
        case Number():
            return value.text
        case dict():
            items = [
                f"{json.dumps(name, ensure_ascii=False)}: {_json_text(one)}"
                for name, one in value.items()
            ]
            return f"{{{', '.join(items)}}}"
        case list():
            return f"[{', '.join(map(_json_text, value))}]"
    return json.dumps(value, ensure_ascii=False)


def cell_text(value: object) -> str:
    """A value of a carried column as it is kept: a string as typed, null as an empty cell."""
    return "" if value is None else ref_text(value)


def read_stored(content: bytes, first_row: int, max_text_chars: int) -> Rows:
    """Read what `write_rows` wrote.

    Args:
        content: whole lines.
        first_row: the number of the first, from 0; a row without a ref gets its number, from 1.
        max_text_chars: a longer text is an error in its row.
    """
    try:
        # All lines as one list: within a line, a line break is always escaped.
        flat = orjson.loads(content.replace(b"]\n[", b",") or b"[]")
    except orjson.JSONDecodeError:
        # It holds what only `json` takes, such as half of a surrogate pair: no text for this way.
        flat = [None, None]
    width = max(len(flat) // max(content.count(b"\n"), 1), 2)
    refs, texts = flat[::width], flat[1::width]
    # orjson rounds integers of more than 64 bits, so what is no text is for `json` to read.
    if set(map(type, texts)) <= {str} and b"\\u0000" not in content:
        if None in refs:
            numbers = numbers_of(first_row, len(refs))
            refs = [
                number if ref is None else ref for ref, number in zip(refs, numbers, strict=True)
            ]
        return rows_of(refs, texts, max_text_chars, [flat[at::width] for at in range(2, width)])
    rows = Rows()
    for number, line in enumerate(content.splitlines(), first_row + 1):
        ref, text, *extras = json.loads(line)
        ref = str(number) if ref is None else ref
        rows.add(ref, text, max_text_chars, extras=extras)
    return rows
