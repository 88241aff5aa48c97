"""Cuts an upload into parts, and reads the rows of one part."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from shared.job import Layout, Part
from shared.tables.csv_records import csv_records

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
    for end in _record_ends(file, layout, begin, first_row, max_record_bytes):
        rows += 1
        if rows >= rows_per_part or end - begin >= most_bytes:
            yield Part(offset=begin, length=end - begin, first_row=first_row, rows=rows)
            begin, first_row, rows = end, first_row + rows, 0
    if rows:
        yield Part(offset=begin, length=end - begin, first_row=first_row, rows=rows)


def _record_ends(
    file: BinaryIO, layout: Layout, offset: int, row: int, max_record_bytes: int
) -> Iterator[int]:
    if layout.format == "ndjson":
        for line in file:
            offset += len(line)
            yield offset
        return
    for record in csv_records(file, offset=offset, row=row, max_bytes=max_record_bytes):
        yield record.end


@dataclass
class Rows:
    """Rows as they were sent, three lists of one length; `errors[i]` says why row i is bad."""

    refs: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)

    def add(self, ref: str, text: object, max_text_chars: int, error: str | None = None) -> None:
        """Add a row; a text that cannot be scored becomes the row's error."""
        error = error or text_error(text, max_text_chars)
        self.refs.append(ref)
        self.texts.append("" if error else str(text))
        self.errors.append(error)

    def extend(self, other: "Rows") -> None:
        """Add all rows of another."""
        self.refs += other.refs
        self.texts += other.texts
        self.errors += other.errors

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
    rows = Rows()
    if layout.format == "ndjson":
        for number, line in enumerate(content.splitlines(), first_row + 1):
            ref, text = json.loads(line)
            rows.add(str(number) if ref is None else ref, text, max_text_chars)
        return rows
    records = csv_records(
        io.BytesIO(content), offset=offset, row=first_row, max_bytes=max_record_bytes
    )
    for number, record in enumerate(records, first_row + 1):
        cells, error = record.fields, record.error
        if not error and len(cells) != layout.width:
            error = f"the row has {len(cells)} cells; the header has {layout.width}"
        ref = str(number)
        if layout.ref is not None and layout.ref < len(cells):
            ref = cells[layout.ref]
        rows.add(ref, None if error else cells[layout.text], max_text_chars, error)
    return rows


def write_rows(rows: list[tuple[Any, Any]]) -> bytes:
    """JSON rows, pairs of ref and text, as they are stored: a line `["ref", "text"]` for each."""
    lines = [
        json.dumps([None if ref is None else ref_text(ref), text], ensure_ascii=True)
        for ref, text in rows
    ]
    return "".join(line + "\n" for line in lines).encode()


def ref_text(ref: object) -> str:
    """A ref as it is kept: as typed."""
    return ref if isinstance(ref, str) else json.dumps(ref, ensure_ascii=False)
