"""The fast ways through a CSV find exactly what reading it record by record finds."""

import io
from collections.abc import Iterable, Iterator
from itertools import product
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.csv_contents import (
    LOOKS,
    ODD,
    ORDINARY,
    blocks_of,
    contents,
    delimiters,
    with_delimiter,
)

from shared.errors.input import OpenQuote
from shared.tables import csv_blocks, parts
from shared.tables.csv_layout import CsvLayout
from shared.tables.csv_lines import Lines
from shared.tables.csv_records import csv_records
from shared.tables.parts import Part
from shared.tables.rows import ReadOptions, Rows

LIMIT = 10**6
PAIRS = CsvLayout()


@st.composite
def layouts(draw: st.DrawFn) -> CsvLayout:
    width = draw(st.sampled_from([2, 1, 3]))
    columns = st.integers(0, width - 1)
    ref = draw(st.none() | columns)
    return CsvLayout(width=width, text=draw(columns), ref=ref)


limits = st.sampled_from([10, 30, LIMIT, LIMIT])
block_sizes = st.sampled_from([1, 9, 40, 1000])


def cut_one_by_one(
    content: bytes,
    rows_per_part: int,
    most_bytes: int,
    limit: int,
    delimiter: str = ",",
    fine_from: int | None = None,
) -> Iterator[Part]:
    """What `CsvLayout.cut` must do, for each record by itself."""
    begin, first_row, rows, end = 0, 0, 0, 0
    records = csv_records(
        Lines(io.BytesIO(content)), offset=0, row=0, max_bytes=limit, delimiter=delimiter
    )
    for _, _, end in records:
        rows += 1
        finer = parts.FINER if fine_from is not None and begin >= fine_from else 1
        most_rows = max(rows_per_part // finer, 1)
        if rows == most_rows or end - begin >= max(most_bytes // finer, 1):
            yield Part(offset=begin, length=end - begin, first_row=first_row, rows=rows)
            begin, first_row, rows = end, first_row + rows, 0
    if rows:
        yield Part(offset=begin, length=end - begin, first_row=first_row, rows=rows)


def read_one_by_one(content: bytes, layout: CsvLayout, chars: int, limit: int) -> Iterator[Rows]:
    """What `CsvLayout.read` must do, for each record by itself."""
    rows = Rows()
    records = csv_records(
        Lines(io.BytesIO(content)),
        offset=100,
        row=7,
        max_bytes=limit,
        delimiter=layout.delimiter,
        may_be_cut=True,
    )
    for number, (cells, problem, _) in enumerate(records, 8):
        error, found = problem, len(cells)
        if not error and found != layout.width:
            error = f"the row has {found} cells; the header has {layout.width}"
        has_ref = layout.ref is not None and layout.ref < found
        ref = cells[layout.ref or 0] if has_ref else str(number)
        rows.add(ref, [None if error else cells[layout.text]], ReadOptions(chars, limit), error)
    yield rows


def read(content: bytes, layout: CsvLayout, chars: int, limit: int) -> Iterator[Rows]:
    where = {"offset": 100, "first_row": 7}
    yield layout.read(content, options=ReadOptions(chars, limit), **where)


def outcome(found: Iterable[object]) -> list[object]:
    """The results, with the error that ended them."""
    seen: list[object] = []
    try:
        seen.extend(found)
    except OpenQuote as error:
        seen.append((type(error), str(error)))
    return seen


@given(
    contents,
    st.integers(1, 9),
    st.integers(1, 30),
    limits,
    block_sizes,
    delimiters,
    st.none() | st.integers(0, 60),
)
def test_cuts_as_record_by_record(
    content: bytes,
    rows_per_part: int,
    row_bytes: int,
    limit: int,
    block: int,
    delimiter: str,
    fine_from: int | None,
) -> None:
    """Parts, and the error that ends them, are those of the csv module, wherever a block or a run
    begins, and whatever the delimiter.
    """
    content = with_delimiter(content, delimiter)
    layout = PAIRS.model_copy(update={"delimiter": delimiter})

    def cut_after(after: Part | None) -> list[object]:
        found = []
        for one in LOOKS:
            file = io.BytesIO(content)
            file.seek(after.end if after else 0)
            found.append(
                outcome(
                    layout.cut(
                        file,
                        rows_per_part=rows_per_part,
                        after=after,
                        max_record_bytes=limit,
                        fine_from=fine_from,
                        look=one,
                    )
                )
            )
        assert found[0] == found[1]
        return found[0]

    most_bytes = rows_per_part * row_bytes
    expected = outcome(
        cut_one_by_one(content, rows_per_part, most_bytes, limit, delimiter, fine_from)
    )
    with blocks_of(block), mock.patch.object(parts, "USUAL_ROW_BYTES", row_bytes):
        assert cut_after(None) == expected
        for at, part in enumerate(expected, 1):
            if isinstance(part, Part):
                assert cut_after(part) == expected[at:]


@given(contents, layouts(), st.sampled_from([1, 5, 1000]), limits, block_sizes, delimiters)
def test_reads_as_record_by_record(
    content: bytes, layout: CsvLayout, chars: int, limit: int, block: int, delimiter: str
) -> None:
    """Refs, texts and errors, and the error that ends the reading, are those of the csv module."""
    content = with_delimiter(content, delimiter)
    layout = layout.model_copy(update={"delimiter": delimiter})
    with blocks_of(block):
        found = outcome(read(content, layout, chars, limit))
    assert found == outcome(read_one_by_one(content, layout, chars, limit))


@pytest.mark.parametrize("in_one_block", [True, False])
def test_an_odd_line_changes_no_other(in_one_block: bool) -> None:
    """Two odd lines among ordinary ones are read as by the csv module, wherever the block ends, and
    even if the quotes of the first seem to be closed in the second.
    """
    for first, second in product(ODD, ORDINARY + ODD):
        content = "".join([ORDINARY[0], first, second, *ORDINARY]).encode()
        size = len(content) if in_one_block else content.index(ORDINARY[0].encode(), 1)
        with blocks_of(size):
            for one in LOOKS:
                file = io.BytesIO(content)
                found = PAIRS.cut(
                    file, rows_per_part=1, after=None, max_record_bytes=LIMIT, look=one
                )
                assert outcome(found) == outcome(cut_one_by_one(content, 1, LIMIT, LIMIT)), content
            rows = outcome(read(content, PAIRS, 9, LIMIT))
        assert rows == outcome(read_one_by_one(content, PAIRS, 9, LIMIT)), content


def test_a_part_ends_with_the_record_that_fills_it() -> None:
    """A part ends with the record that reaches the usual bytes of its rows."""
    content = b"1234,6789\n" * 10
    for row_bytes, rows in ((7, [3, 3, 3, 1]), (6, [3, 3, 3, 1]), (5, [2] * 5), (100, [4, 4, 2])):
        with mock.patch.object(parts, "USUAL_ROW_BYTES", row_bytes):
            found = PAIRS.cut(
                io.BytesIO(content), rows_per_part=4, after=None, max_record_bytes=LIMIT
            )
            assert [part.rows for part in found] == rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_ordinary_lines_take_the_fast_way(delimiter: str) -> None:
    """Quoted cells, line breaks in them and bad texts are not read record by record."""
    content = with_delimiter("".join(ORDINARY * 100).encode(), delimiter)
    layout = PAIRS.model_copy(update={"delimiter": delimiter})
    expected = outcome(read_one_by_one(content, layout, 5, LIMIT))
    slow = mock.patch.object(csv_blocks, "csv_records", side_effect=AssertionError)
    with blocks_of(1000), slow:
        for one in LOOKS:
            found = layout.cut(
                io.BytesIO(content),
                rows_per_part=500,
                after=None,
                max_record_bytes=LIMIT,
                look=one,
            )
            assert [part.rows for part in found] == [500, 500, 500, 100]
        assert outcome(read(content, layout, 5, LIMIT)) == expected


def test_a_record_may_be_longer_than_a_block() -> None:
    """A record of many blocks is cut and read whole, before much of the rest is read."""
    record = b'1,"' + b"long, \n" * 1000 + b'"\n'
    file = io.BytesIO(record + b"2,short\n" * 5000)
    with blocks_of(64):
        part = next(PAIRS.cut(file, rows_per_part=1, after=None, max_record_bytes=LIMIT))
        (rows,) = read(record, PAIRS, LIMIT, LIMIT)
    assert (part.length, part.rows) == (len(record), 1)
    assert file.tell() <= 3 * len(record)
    assert rows.inputs[0] == ["long, \n" * 1000]
