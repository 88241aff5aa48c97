"""Cuts an upload into parts, and reads the rows of one part."""

import io
from bisect import bisect_left
from collections.abc import Iterator
from functools import partial
from itertools import accumulate
from typing import BinaryIO

from shared.jobs.job import Layout, Part
from shared.tables.csv_blocks import (
    BLOCK_BYTES,
    Block,
    Look,
    RecordEnds,
    by_blocks,
    csv_runs,
    record_cells,
    record_ends,
)
from shared.tables.csv_records import Record
from shared.tables.json_lines import line_ends, read_objects
from shared.tables.rows import Rows, numbers_of, rows_of
from shared.tables.stored_rows import read_stored

#: A part of rows of usual length holds about so many bytes a row; where rows are longer, the part
#: is cut after fewer of them, so that its scoring time and its memory stay what they were.
USUAL_ROW_BYTES = 256

MAX_PART_BYTES = 8 * 1024 * 1024

#: Parts at the end of a job are so many times finer: the last one that a process takes up is what
#: the others wait for.
FINER = 4


def cut(
    file: BinaryIO,
    layout: Layout,
    *,
    rows_per_part: int,
    after: Part | None,
    max_record_bytes: int,
    fine_from: int | None = None,
    look: Look[RecordEnds] = by_blocks(record_ends),  # noqa: B008  it is the same for all
) -> Iterator[Part]:
    """Cut an upload into parts of whole records.

    The same upload, `rows_per_part` and `fine_from` give the same parts, wherever a run begins: a
    split that died goes on after the last part it recorded.

    Args:
        file: the upload, at `after.end`, or at `layout.start`.
        layout: where the rows are.
        rows_per_part: the most rows of a part.
        after: the last part that was cut before; None at the beginning.
        max_record_bytes: a longer record is an error.
        fine_from: from this byte of the upload on, parts are `FINER` times finer.
        look: finds where the records of a CSV end.

    Raises:
        shared.errors.input.OpenQuote: a quote is not closed.
        shared.errors.input.RowTooLong: a line is longer than any record may be.
    """
    begin = after.end if after else layout.start
    first_row = after.first_row + after.rows if after else 0
    most_rows, most_bytes = _most(rows_per_part, begin, fine_from)
    rows, end = 0, begin
    for run in _record_ends(file, layout, begin, first_row, max_record_bytes, look):
        if run and rows + len(run) < most_rows and run.last < begin + most_bytes:
            rows, end = rows + len(run), run.last
            continue
        ends, taken = run.find(), 0
        while taken < len(ends):
            # Up to and with the record that fills the part, by the rows or by the bytes.
            full = min(taken + most_rows - rows, bisect_left(ends, begin + most_bytes, taken) + 1)
            stop = min(full, len(ends))
            rows, end, taken = rows + stop - taken, ends[stop - 1], stop
            if stop == full:
                yield Part(offset=begin, length=end - begin, first_row=first_row, rows=rows)
                begin, first_row, rows = end, first_row + rows, 0
                most_rows, most_bytes = _most(rows_per_part, begin, fine_from)
    if rows:
        yield Part(offset=begin, length=end - begin, first_row=first_row, rows=rows)


def _most(rows_per_part: int, begin: int, fine_from: int | None) -> tuple[int, int]:
    """The rows and the bytes that fill a part which begins here."""
    finer = FINER if fine_from is not None and begin >= fine_from else 1
    return max(rows_per_part // finer, 1), max(most_bytes_of(rows_per_part) // finer, 1)


def most_bytes_of(rows_per_part: int) -> int:
    """With so many bytes a part is full, however few its rows are."""
    return min(rows_per_part * USUAL_ROW_BYTES, MAX_PART_BYTES)


def _record_ends(
    file: BinaryIO,
    layout: Layout,
    offset: int,
    row: int,
    max_record_bytes: int,
    look: Look[RecordEnds],
) -> Iterator[RecordEnds]:
    """Where the records end in the upload, some at a time."""
    if layout.format == "objects":
        yield from line_ends(file, offset)
        return
    if layout.format == "ndjson":
        while lines := file.readlines(BLOCK_BYTES):
            _, *ends = accumulate(map(len, lines), initial=offset)
            offset = ends[-1]
            yield RecordEnds.of(ends)
        return
    yield from csv_runs(
        file,
        offset=offset,
        row=row,
        max_bytes=max_record_bytes,
        delimiter=layout.delimiter,
        look=look,
        exact=_ends_of,
    )


def _ends_of(records: Iterator[Record], _row: int) -> Iterator[RecordEnds]:
    ends: list[int] = []
    try:
        ends.extend(end for _, _, end in records)
    finally:
        # Also where the next record is an error: the parts before it do not hang on the blocks.
        yield RecordEnds.of(ends)


def bytes_to_read(part: Part, layout: Layout, max_record_bytes: int) -> int:
    """How much of a part is read: not all of a last line that is longer than any row may be."""
    if layout.format != "objects":
        return part.length
    return min(part.length, MAX_PART_BYTES + max_record_bytes + 1)


def read_rows(
    content: bytes,
    layout: Layout,
    *,
    offset: int = 0,
    first_row: int = 0,
    max_text_chars: int,
    max_record_bytes: int,
) -> Rows:
    """Read the rows of a part.

    Args:
        content: the bytes of the part.
        layout: where text and ref are in a record.
        offset: where the part begins in the upload.
        first_row: the number of its first row, from 0. A row without a ref column gets its number
            as its ref, counted from 1.
        max_text_chars: a longer text is an error in its row.
        max_record_bytes: as it was when the part was cut.
    """
    if layout.format == "ndjson":
        return read_stored(content, first_row, max_text_chars)
    if layout.format == "objects":
        return read_objects(
            content,
            layout,
            first_row=first_row,
            max_text_chars=max_text_chars,
            max_record_bytes=max_record_bytes,
        )
    rows = Rows()
    for run in csv_runs(
        io.BytesIO(content),
        offset=offset,
        row=first_row,
        max_bytes=max_record_bytes,
        delimiter=layout.delimiter,
        look=by_blocks(partial(_read_block, layout=layout, max_text_chars=max_text_chars)),
        exact=partial(_read_records, layout=layout, max_text_chars=max_text_chars),
    ):
        rows.extend(run)
    return rows


def _read_block(block: Block, *, layout: Layout, max_text_chars: int) -> Rows | None:
    cells = record_cells(block, layout.width, layout.delimiter)
    if cells is None:
        return None
    texts = cells[layout.text :: layout.width]
    if layout.ref is None:
        refs = numbers_of(block.row, len(texts))
    else:
        refs = cells[layout.ref :: layout.width]
    extras = [cells[at :: layout.width] for at in layout.carried]
    return rows_of(refs, texts, max_text_chars, extras)


def _read_records(
    records: Iterator[Record], first_row: int, *, layout: Layout, max_text_chars: int
) -> Iterator[Rows]:
    rows = Rows()
    for number, (cells, problem, _) in enumerate(records, first_row + 1):
        error = problem
        if not error and len(cells) != layout.width:
            error = f"the row has {len(cells)} cells; the header has {layout.width}"
        ref = str(number)
        if layout.ref is not None and layout.ref < len(cells):
            ref = cells[layout.ref]
        extras = [cells[at] if at < len(cells) else "" for at in layout.carried]
        rows.add(ref, None if error else cells[layout.text], max_text_chars, error, extras)
    yield rows
