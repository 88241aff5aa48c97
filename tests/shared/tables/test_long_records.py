"""A record of a CSV that is too long gets an error; all other rows are read as if it were short."""

import io
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.csv_contents import LOOKS, blocks_of, contents, delimiters, with_delimiter

from shared.errors.input import OpenQuote
from shared.tables import csv_lines, parts
from shared.tables.csv_layout import CsvLayout
from shared.tables.csv_lines import Lines
from shared.tables.csv_records import Record, csv_records
from shared.tables.rows import ReadOptions, Rows

LIMIT = 1000
TOO_LONG = "the row has more than 1,000 bytes"
IN_LINES = f"{TOO_LONG}, in several lines: is a quote not closed?"

LONG = "x, " * 1000


def records_of(
    content: bytes, limit: int, delimiter: str = ","
) -> tuple[list[Record], OpenQuote | None]:
    """The records, and the error that ended them."""
    found: list[Record] = []
    lines = Lines(io.BytesIO(content))
    try:
        found.extend(csv_records(lines, offset=0, row=0, max_bytes=limit, delimiter=delimiter))
    except OpenQuote as error:
        return found, error
    return found, None


@given(
    contents, st.sampled_from([1, 2, 3, 5, 8, 13, 30]), st.sampled_from([1, 2, 7, 1000]), delimiters
)
def test_a_limit_moves_no_border(content: bytes, limit: int, block: int, delimiter: str) -> None:
    """A record over the limit has an error and ends where it would end without a limit, whatever
    its quotes; only if they seem to be those of several rows, or never close, the reading ends.
    """
    content = with_delimiter(content, delimiter)
    expected, unclosed = records_of(content, 10**6, delimiter)
    with mock.patch.object(csv_lines, "BLOCK_BYTES", block):
        found, error = records_of(content, limit, delimiter)
    begin = 0
    for one, other in zip(found, expected, strict=False):
        fields, problem, end = one
        if problem and problem.startswith("the row has more than"):
            assert end == other[2]
            assert end - begin > limit
            assert not fields
        else:
            assert one == other
        begin = end
    if error is None:
        assert unclosed is None
        assert len(found) == len(expected)
    elif len(found) < len(expected):
        end = expected[len(found)][2]
        assert end - begin > limit
        assert b"\n" in content[begin : end - 1]


def cut(content: bytes, rows_per_part: int = 2, limit: int = LIMIT) -> list[parts.Part]:
    """The parts of a content without a header; both ways of looking find the same."""
    cuts = []
    for look in LOOKS:
        layout = CsvLayout()
        found = layout.cut(
            io.BytesIO(content),
            rows_per_part=rows_per_part,
            after=None,
            max_record_bytes=limit,
            look=look,
        )
        cuts.append(list(found))
    assert cuts[0] == cuts[1]
    return cuts[0]


def read(content: bytes, found: list[parts.Part], limit: int = LIMIT) -> Rows:
    """The rows of all parts, each read from as many of its bytes as a worker reads."""
    rows = Rows()
    for part in found:
        end = part.offset + part.readable_bytes(limit)
        one = CsvLayout().read(
            content[part.offset : end],
            offset=part.offset,
            first_row=part.first_row,
            options=ReadOptions(100_000, limit),
        )
        assert len(one) == part.rows
        rows.extend(one)
    return rows


@pytest.mark.parametrize("block", [64, 1500, 65536])
@pytest.mark.parametrize("ended", [b"\n", b"\r\n"])
@pytest.mark.parametrize("part_bytes", [200, 8 * 2**20])
@pytest.mark.parametrize(
    ("long", "error"),
    [
        (f"a,{LONG}", TOO_LONG),
        (f'a,"{LONG}"', TOO_LONG),
        (f'a,"{LONG}""{LONG}"', TOO_LONG),
        (f'a,{LONG}"{LONG}', TOO_LONG),
        (f'a,"{LONG}"x{LONG}', TOO_LONG),
        (f'a,"{LONG}\n{LONG}\r\n{LONG}"', IN_LINES),
        (f'a,"line\n{LONG}""\n"', IN_LINES),
        (f'a,"{LONG}\n","{LONG}\n"', IN_LINES),
        ("a," + '"' + '""' * 999 + '"', TOO_LONG),
        (f'a,{LONG}\rb,"{LONG}', TOO_LONG),
        ("\u20ac" * 400, TOO_LONG),
    ],
)
def test_a_row_that_is_too_long_is_one_error(
    long: str, error: str, block: int, ended: bytes, part_bytes: int
) -> None:
    """Rows before and after it keep their numbers, their order and their texts, wherever parts and
    blocks end; it takes one row, whose ref is its number.
    """
    lines = [b"r1,one", b'r2,"two\nlines"', long.encode(), b"r4,four", long.encode(), b"r6,six"]
    content = b"".join(line + ended for line in lines)
    # Parts are full by bytes too; a limit below the bytes of a part leaves such rows within parts.
    with blocks_of(block), mock.patch.object(parts, "MAX_PART_BYTES", part_bytes):
        found = cut(content, rows_per_part=4)
        rows = read(content, found)
    assert sum(part.length for part in found) == len(content)
    assert rows.refs == ["r1", "r2", "3", "r4", "5", "r6"]
    assert rows.inputs[0] == ["one", "two\nlines", "", "four", "", "six"]
    errors = [one or "" for one in rows.errors]
    assert [bool(one) for one in errors] == [False, False, True, False, True, False]
    # Of a row at the end of a part only the beginning is read, which may be a single line.
    assert {errors[2], errors[4]} <= {error, TOO_LONG}


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_the_last_row_may_be_too_long(end: bytes) -> None:
    """It is a row with or without a line end."""
    for last in (b"b," + LONG.encode(), b'b,"' + LONG.encode() + b'"'):
        content = b"a,one\n" + last + end
        assert read(content, cut(content)).errors == [None, TOO_LONG]


def test_a_row_may_have_just_as_many_bytes_as_the_limit() -> None:
    """The bytes of a row include its line end."""
    content = b"a," + b"x" * 997 + b"\n" + b"b," + b"x" * 998 + b"\n"
    assert read(content, cut(content)).errors == [None, TOO_LONG]


@pytest.mark.parametrize(
    "rest",
    [
        b"2,text\n" * 10_000,
        b"2,text\n" * 1000 + b'3,"quoted"\n',
        b"2,text\n" * 1000 + b'"3","quoted"\n' * 1000,
    ],
)
def test_a_quote_that_takes_in_other_rows_is_refused(rest: bytes) -> None:
    """If a quote is never closed, or by the quote that opens a cell of a later row, the rows in
    between would be lost in one long row.
    """
    with pytest.raises(OpenQuote, match=r"Row 2 \(from byte 6\).*within 1000 bytes"):
        cut(b'1,one\n1,"open\n' + rest)


def test_a_long_row_is_not_held_in_memory() -> None:
    """Where a row is too long, little is read at a time."""

    class Upload(io.BytesIO):
        most = 0

        def _noted(self, found: bytes) -> bytes:
            self.most = max(self.most, len(found))
            return found

        def read(self, size: int | None = -1, /) -> bytes:
            return self._noted(super().read(size))

        def readline(self, size: int | None = -1, /) -> bytes:
            return self._noted(super().readline(size))

    upload = Upload(b"a," + b"x" * 10**7 + b"\nb,short\n")
    with blocks_of(64):
        found = list(CsvLayout().cut(upload, rows_per_part=9, after=None, max_record_bytes=LIMIT))
    assert [part.rows for part in found] == [1, 1]
    assert LIMIT <= upload.most <= csv_lines.BLOCK_BYTES
