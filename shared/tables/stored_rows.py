"""The stored form of rows that were sent as JSON or Parquet: a line of JSON for each row."""

import json
from collections.abc import Iterator
from contextlib import suppress
from math import isfinite
from typing import Any

import orjson

from shared.tables.json_values import Number
from shared.tables.rows import ReadOptions, Rows, numbers_of, rows_of

#: orjson gives each line a buffer of a kilobyte or more: of all lines of 3 MB together, 313 MB.
_ROWS_AT_ONCE = 200


def write_rows(rows: list[tuple[Any, ...]], inputs: int = 1) -> bytes:
    """Write rows in the stored form: a line `["ref", "text", ...]` for each.

    Args:
        rows: tuples of equal length: the ref (None: the row was sent without one), the inputs, and
            the values of the carried columns.
        inputs: the number of inputs.
    """
    return b"".join(written_rows(rows, inputs))


def written_rows(rows: list[tuple[Any, ...]], inputs: int = 1) -> Iterator[bytes]:
    """Write rows as `write_rows` does, some of them at a time."""
    for at in range(0, len(rows), _ROWS_AT_ONCE):
        yield _lines_of(rows[at : at + _ROWS_AT_ONCE], inputs + 1)


def _lines_of(rows: list[tuple[Any, ...]], first_extra: int) -> bytes:
    if rows and len(rows[0]) > first_extra:
        stored = [
            (
                None if row[0] is None else ref_text(row[0]),
                *row[1:first_extra],
                *map(cell_text, row[first_extra:]),
            )
            for row in rows
        ]
    else:
        stored = [(None if ref is None else ref_text(ref), *values) for ref, *values in rows]
    if first_extra > 2 or {type(row[1]) for row in stored} == {str}:
        # A number is read as the same value, whatever it looked like.
        with suppress(orjson.JSONEncodeError):
            return b"".join([orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in stored])
    # orjson refuses half of a surrogate pair, and changes integers of more than 64 bits.
    return b"".join(map(_line_of, stored))


def _line_of(row: tuple[Any, ...]) -> bytes:
    try:
        return f"{json.dumps(row, ensure_ascii=False)}\n".encode()
    except UnicodeEncodeError:
        return f"{json.dumps(row)}\n".encode()


def ref_text(ref: object) -> str:
    """The text of a ref: a string unchanged, another value as JSON."""
    if isinstance(ref, str):
        return ref
    # For a number `json` gives the same text and takes twenty times as long.
    if type(ref) is int or (type(ref) is float and isfinite(ref)):
        return repr(ref)
    return json_text(ref)


class _Written(str):
    """A piece of JSON that is written already."""

    __slots__ = ()


def json_text(value: object, *, item_separator: str = ", ", key_separator: str = ": ") -> str:
    """A value as JSON, with its numbers as they were sent, however deep it is nested.

    Args:
        value: the value, as `shared.tables.json_values` read it.
        item_separator: what stands between two items, as in `json.dumps`.
        key_separator: what stands between a key and its value.
    """
    pieces: list[str] = []
    # A stack and no recursion: a value may be nested deeper than Python's calls may be.
    waiting = [value]
    while waiting:
        match one := waiting.pop():
            case _Written():
                pieces.append(one)
            case Number():
                pieces.append(one.text)
            case dict() | list():
                waiting.extend(reversed(_opened(one, item_separator, key_separator)))
            case _:
                pieces.append(json.dumps(one, ensure_ascii=False))
    return "".join(pieces)


def _opened(
    value: dict[str, object] | list[object], item_separator: str, key_separator: str
) -> list[object]:
    """The items of an object or a list, with what is written around them."""
    is_object = isinstance(value, dict)
    opened: list[object] = [_Written("{" if is_object else "[")]
    for number, item in enumerate(value):
        if number:
            opened.append(_Written(item_separator))
        if isinstance(value, dict):
            name = json.dumps(item, ensure_ascii=False)
            opened += [_Written(f"{name}{key_separator}"), value[str(item)]]
        else:
            opened.append(item)
    return [*opened, _Written("}" if is_object else "]")]


def cell_text(value: object) -> str:
    """The text of a carried value: a string unchanged, null as an empty cell, others as JSON."""
    return "" if value is None else ref_text(value)


def read_stored(content: bytes, first_row: int, options: ReadOptions) -> Rows:
    """Read rows that `write_rows` wrote.

    Args:
        content: complete lines.
        first_row: the number of the first row, from 0. A row without a ref gets its number as its
            ref, counted from 1.
        options: the inputs, and the limits.
    """
    first_extra = len(options.inputs) + 1
    flat = _flat(content)
    width = max(len(flat or ()) // max(content.count(b"\n"), 1), first_extra)
    # orjson rounds integers of more than 64 bits, so `json` reads rows whose text is no string.
    if flat is not None and (not options.only_text or set(map(type, flat[1::width])) <= {str}):
        refs, *cells = (flat[at::width] for at in range(width))
        if None in refs:
            numbers = numbers_of(first_row, len(refs))
            refs = [
                number if ref is None else ref for ref, number in zip(refs, numbers, strict=True)
            ]
        return rows_of(refs, cells[: first_extra - 1], options, cells[first_extra - 1 :])
    rows = Rows()
    for number, line in enumerate(content.splitlines(), first_row + 1):
        ref, *values = json.loads(line)
        ref = str(number) if ref is None else ref
        inputs, extras = values[: first_extra - 1], values[first_extra - 1 :]
        rows.add(ref, inputs, options, extras=extras)
    return rows


def _flat(content: bytes) -> list[Any] | None:
    """The values of all lines, one after the other; None if only `json` can read them."""
    if b"\\u0000" in content:
        return None
    try:
        # Parse all lines as one list: within a line every line break is escaped.
        flat: list[Any] = orjson.loads(content.replace(b"]\n[", b",") or b"[]")
    except orjson.JSONDecodeError:
        # Half of a surrogate pair.
        return None
    return flat
