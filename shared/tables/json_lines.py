"""Reads rows that were sent as lines of JSON objects (NDJSON)."""

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import accumulate
from typing import Any, BinaryIO

import orjson

from shared.errors.input import NotJson
from shared.tables.csv_blocks import BLOCK_BYTES, RecordEnds
from shared.tables.json_values import are_names_unique, check_writable, kind_of, parse_value
from shared.tables.rows import ReadOptions, Rows, numbers_of, rows_of
from shared.tables.stored_rows import cell_text, ref_text

#: A line of these bytes alone is not a row.
BLANKS = b" \t\r"

#: A number that orjson's value would be written in another way than it was sent: with an exponent,
#: with zeros at its end, or of more than 15 digits. Texts may match too: that costs time alone.
_ODD_NUMBER = re.compile(rb"\d[eE]|\.\d*[1-9]0+(?!\d)|\.00+(?!\d)|0\.0000|[\d.]{17,}")

#: A zero that would lose its sign as an int. The search for `-0` that precedes it is quicker.
_SIGNED_ZERO = re.compile(rb"-0(?![\d.eE])")


def line_ends(file: BinaryIO, offset: int) -> Iterator[RecordEnds]:
    """Find where the rows end, a block at a time; a line of any length takes no more memory.

    Args:
        file: the upload, at the beginning of a line.
        offset: the offset of that line in the upload, in bytes.
    """
    position, has_row = offset, False
    while chunk := file.read(BLOCK_BYTES):
        *lines, rest = chunk.split(b"\n")
        # A line may reach over several blocks; `has_row` remembers whether it holds a row.
        filled = [bool(line.strip(BLANKS)) for line in lines]
        if lines:
            filled[0] = filled[0] or has_row
            has_row = False
        has_row = has_row or bool(rest.strip(BLANKS))
        _, *ends = accumulate([len(line) + 1 for line in lines], initial=position)
        position += len(chunk)
        if not all(filled):
            ends = [end for end, row in zip(ends, filled, strict=True) if row]
        yield RecordEnds.of(ends)
    if has_row:
        yield RecordEnds.of([position])


def parse_line(line: bytes) -> dict[str, Any]:
    """Parse the JSON object in a line.

    Raises:
        ValueError: the line holds something else; the message says what.
    """
    value: Any = None
    with suppress(orjson.JSONDecodeError):
        value = orjson.loads(line)
    if value is None or (
        type(value) is dict
        and not (_are_exact(value.values(), line) and are_names_unique([value], line))
    ):
        # orjson refuses it, may have changed how a number is written, or has dropped a field.
        try:
            value = parse_value(line)
            check_writable(list(value) if isinstance(value, dict) else [])
        except UnicodeEncodeError:
            raise ValueError("the name of a field has half of a character") from None
        except NotJson as error:
            raise ValueError(f"the line is not JSON: {error.fields['reason']}") from None
    if type(value) is not dict:
        raise ValueError(f"the line is not a JSON object but {kind_of(value)}")
    return value


def read_objects(
    content: bytes,
    names: tuple[str, ...],
    options: ReadOptions,
    *,
    first_row: int,
) -> Rows:
    """Read the rows of a part; a line without a row becomes a row with an error.

    Args:
        content: lines; a last line over `max_record_bytes` may be cut off.
        names: the fields of the ref, the inputs, and those that are carried through.
        options: the inputs, and the limits.
        first_row: the number of the first row, from 0.
    """
    count, max_record_bytes = len(options.inputs), options.max_record_bytes
    lines = [line for line in content.split(b"\n") if line.strip(BLANKS)]
    # Try all lines at once first: most uploads have texts wherever texts are expected.
    if max(map(len, lines), default=0) <= max_record_bytes and b"\\u0000" not in content:
        try:
            found = list(map(orjson.loads, lines))
        except orjson.JSONDecodeError:
            found = []
        if (
            set(map(type, found)) == {dict}
            and are_names_unique(found, content)
            and (rows := _ordinary(found, content, names, first_row, options))
        ):
            return rows
    rows = Rows()
    for number, line in enumerate(lines, first_row + 1):
        error, values = None, {}
        if len(line) > max_record_bytes:
            error = f"the line has more than {max_record_bytes:,} bytes"
        else:
            try:
                values = parse_line(line)
            except ValueError as problem:
                error = str(problem)
        ref, *rest = map(values.get, names)
        inputs, extras = rest[:count], rest[count:]
        try:
            check_writable([ref, *extras])
        except UnicodeEncodeError:
            error = "the reference, or a value that is carried through, has half of a character"
            ref, extras = None, [None] * len(extras)
        ref = str(number) if ref is None else ref_text(ref)
        rows.add(ref, inputs, options, error, list(map(cell_text, extras)))
    return rows


def _ordinary(
    found: list[dict[str, Any]],
    content: bytes,
    names: tuple[str, ...],
    first_row: int,
    options: ReadOptions,
) -> Rows | None:
    """The rows of these objects of a content; None if they must be read one by one."""
    columns: list[list[Any]] = [[row.get(name) for row in found] for name in names]
    refs, count = columns[0], len(options.inputs)
    inputs, extras = columns[1 : count + 1], columns[count + 1 :]
    # Whatever is no text is quoted as it was sent in the error of its row.
    if (options.only_text and set(map(type, inputs[0])) != {str}) or not all(
        _are_exact(column, content) for column in [refs, *extras]
    ):
        return None
    if set(map(type, refs)) != {str}:
        numbers = numbers_of(first_row, len(refs))
        refs = [
            number if ref is None else ref_text(ref)
            for ref, number in zip(refs, numbers, strict=True)
        ]
    extras = [
        column if set(map(type, column)) == {str} else list(map(cell_text, column))
        for column in extras
    ]
    return rows_of(refs, inputs, options, extras)


def _are_exact(values: Collection[Any], content: bytes) -> bool:
    """Whether orjson's values of this content are written as they were sent."""
    kinds = set(map(type, values))
    if kinds & {dict, list}:
        return False
    if int in kinds and b"-0" in content and _SIGNED_ZERO.search(content):
        return False
    return float not in kinds or not _ODD_NUMBER.search(content)
