"""Cuts an upload into parts, and reads the rows of one part."""

import io
import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Any, BinaryIO

import orjson

from shared.job import Layout, Part
from shared.tables.csv_blocks import (
    BLOCK_BYTES,
    Block,
    RecordEnds,
    csv_runs,
    record_cells,
    record_ends,
)
from shared.tables.csv_records import Record

#: A part of rows of usual length holds about so many bytes a row; where rows are longer, the part
#: is cut after fewer of them, so that its scoring time and its memory stay what they were.
USUAL_ROW_BYTES = 256

MAX_PART_BYTES = 8 * 1024 * 1024


def cut(
    file: BinaryIO, layout: Layout, *, rows_per_part: int, after: Part | None, max_record_bytes: int
) -> Iterator[Part]:
    """Cut an upload into parts of whole records.

    The same upload and `rows_per_part` give the same parts, wherever a run begins: a split that
    died goes on after the last part it recorded.

    Args:
        file: the upload, at `after.end`, or at `layout.start`.
        layout: where the rows are.
        rows_per_part: the most rows of a part.
        after: the last part that was cut before; None at the beginning.
        max_record_bytes: a longer record is an error.

    Raises:
        shared.errors.OpenQuote: a quote is not closed.
        shared.errors.RowTooLong: a line is longer than any record may be.
    """
    begin = after.end if after else layout.start
    first_row = after.first_row + after.rows if after else 0
    most_bytes = min(rows_per_part * USUAL_ROW_BYTES, MAX_PART_BYTES)
    rows, end = 0, begin
    for run in _record_ends(file, layout, begin, first_row, max_record_bytes):
        if run and rows + len(run) < rows_per_part and run.last < begin + most_bytes:
            rows, end = rows + len(run), run.last
            continue
        ends, taken = run.find(), 0
        while taken < len(ends):
            # Up to and with the record that fills the part, by the rows or by the bytes.
            full = min(
                taken + rows_per_part - rows, bisect_left(ends, begin + most_bytes, taken) + 1
            )
            stop = min(full, len(ends))
            rows, end, taken = rows + stop - taken, ends[stop - 1], stop
            if stop == full:
                yield Part(offset=begin, length=end - begin, first_row=first_row, rows=rows)
                begin, first_row, rows = end, first_row + rows, 0
    if rows:
        yield Part(offset=begin, length=end - begin, first_row=first_row, rows=rows)


def _record_ends(
    file: BinaryIO, layout: Layout, offset: int, row: int, max_record_bytes: int
) -> Iterator[RecordEnds]:
    """Where the records end in the upload, some at a time."""
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
        fast=record_ends,
        exact=_ends_of,
    )


def _ends_of(records: Iterator[Record], _row: int) -> Iterator[RecordEnds]:
    ends: list[int] = []
    try:
        ends.extend(end for _, _, end in records)
    finally:
        # Also where the next record is an error: the parts before it do not hang on the blocks.
        yield RecordEnds.of(ends)


@dataclass
class Rows:
    """Rows as they were sent, lists of one length; `errors[i]` says why row i is bad.

    Attributes:
        extras: a list for each column that is carried through, in the order of `Spec.columns`.
    """

    refs: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)
    extras: list[list[str]] = field(default_factory=list)

    def add(
        self,
        ref: str,
        text: object,
        max_text_chars: int,
        error: str | None = None,
        extras: Sequence[str] = (),
    ) -> None:
        """Add a row; a text that cannot be scored becomes the row's error.

        Args:
            ref: as it comes back.
            text: to be scored.
            max_text_chars: a longer text is an error.
            error: why the row cannot be read.
            extras: a cell for each column that is carried through.

        Raises:
            ValueError: the rows before have more such columns, or fewer.
        """
        if extras:
            self._begin(len(extras))
        error = error or text_error(text, max_text_chars)
        self.refs.append(ref)
        self.texts.append("" if error else str(text))
        self.errors.append(error)
        for column, cell in zip(self.extras, extras, strict=True):
            column.append(cell)

    def extend(self, other: "Rows") -> None:
        """Add all rows of another.

        Raises:
            ValueError: one carries more columns than the other.
        """
        if not other.refs:
            return
        if other.extras:
            self._begin(len(other.extras))
        self.refs += other.refs
        self.texts += other.texts
        self.errors += other.errors
        for column, cells in zip(self.extras, other.extras, strict=True):
            column.extend(cells)

    def _begin(self, columns: int) -> None:
        """Take the first rows that come for what all carry."""
        if not (self.refs or self.extras):
            self.extras = [[] for _ in range(columns)]

    def run(self, begin: int, end: int) -> "Rows":
        """The rows from one to before another, by themselves."""
        extras = [column[begin:end] for column in self.extras]
        return Rows(self.refs[begin:end], self.texts[begin:end], self.errors[begin:end], extras)

    def __len__(self) -> int:
        return len(self.refs)


def count_errors(errors: list[str | None]) -> int:
    """How many of these rows have an error."""
    return len(errors) - errors.count(None)


def text_error(text: object, max_text_chars: int) -> str | None:
    """Why this value cannot be scored as a text; None if it can."""
    if text is None:
        return "the text is missing"
    if not isinstance(text, str):
        return f"the text is not a string but {json.dumps(text)[:40]}"
    if len(text) > max_text_chars:
        return f"the text has {len(text):,} characters; at most {max_text_chars:,} are scored"
    if not text or text.isspace():
        return "the text is empty"
    if "\0" in text:
        return f"the text has a NUL character, at position {text.index(chr(0)) + 1}"
    return None


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
        return _read_json(content, first_row, max_text_chars)
    rows = Rows()
    for run in csv_runs(
        io.BytesIO(content),
        offset=offset,
        row=first_row,
        max_bytes=max_record_bytes,
        delimiter=layout.delimiter,
        fast=partial(_read_block, layout=layout, max_text_chars=max_text_chars),
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
        refs = _numbers(block.row, len(texts))
    else:
        refs = cells[layout.ref :: layout.width]
    return _rows_of(refs, texts, max_text_chars)


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
        rows.add(ref, None if error else cells[layout.text], max_text_chars, error)
    yield rows


def _read_json(content: bytes, first_row: int, max_text_chars: int) -> Rows:
    try:
        # All lines as one list: within a line, a line break is always escaped.
        flat = orjson.loads(content.replace(b"]\n[", b",") or b"[]")
    except orjson.JSONDecodeError:
        # It holds what only `json` takes, such as half of a surrogate pair: no text for this way.
        flat = [None, None]
    refs, texts = flat[::2], flat[1::2]
    # orjson rounds integers of more than 64 bits, so what is no text is for `json` to read.
    if set(map(type, texts)) <= {str} and b"\\u0000" not in content:
        if None in refs:
            numbers = _numbers(first_row, len(refs))
            refs = [
                number if ref is None else ref for ref, number in zip(refs, numbers, strict=True)
            ]
        return _rows_of(refs, texts, max_text_chars)
    rows = Rows()
    for number, line in enumerate(content.splitlines(), first_row + 1):
        ref, text = json.loads(line)
        rows.add(str(number) if ref is None else ref, text, max_text_chars)
    return rows


def _numbers(first_row: int, rows: int) -> list[str]:
    """The refs of rows that came without: their numbers, from 1."""
    return list(map(str, range(first_row + 1, first_row + rows + 1)))


def _rows_of(refs: list[str], texts: list[str], max_text_chars: int) -> Rows:
    """Rows of texts without a NUL, which are looked at one by one only if one of them is bad."""
    errors: list[str | None] = [None] * len(texts)
    lengths = set(map(len, texts))
    if 0 in lengths or max(lengths, default=0) > max_text_chars or any(map(str.isspace, texts)):
        errors = [text_error(text, max_text_chars) for text in texts]
        texts = ["" if error else text for text, error in zip(texts, errors, strict=True)]
    return Rows(refs, texts, errors)


def write_rows(rows: list[tuple[Any, Any]]) -> bytes:
    """JSON rows, pairs of ref and text, as they are stored: a line `["ref", "text"]` for each."""
    pairs = [(None if ref is None else ref_text(ref), text) for ref, text in rows]
    if {type(text) for _, text in pairs} == {str}:
        with suppress(orjson.JSONEncodeError):
            return b"".join(
                [orjson.dumps(pair, option=orjson.OPT_APPEND_NEWLINE) for pair in pairs]
            )
    # What orjson refuses or changes: half of a surrogate pair; numbers over 64 bits.
    return "".join([json.dumps(pair) + "\n" for pair in pairs]).encode()


def ref_text(ref: object) -> str:
    """A ref as it is kept: as typed."""
    if isinstance(ref, str):
        return ref
    # `json` takes twenty times as long to say the same of a whole number.
    return str(ref) if type(ref) is int else json.dumps(ref, ensure_ascii=False)
