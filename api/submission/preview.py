"""Looks at what was sent, as if it were a job: its columns, its first rows, how many there are."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

from flask import Request

from api.requests.content import RequestContent
from api.requests.limits import check_columns, check_length, check_rows
from api.services import Services
from api.submission.intake import read_chunks
from api.submission.recording import passing_folder
from api.uploads.carried import carried_columns
from api.uploads.formats import Format
from api.uploads.json_rows import json_columns, json_rows
from api.uploads.parquet import ParquetUpload
from api.uploads.readers import reader_of
from shared.errors.input import OpenQuote, RowTooLong
from shared.jobs.job import upload_key_of
from shared.tables.layouts import NDJSON, Layout
from shared.tables.parquet_rows import first_rows_of
from shared.tables.rows import Rows
from shared.tables.stored_rows import write_rows

#: So much of a file is looked at, in bytes, and so many of its rows; JSON and Parquet come whole.
LOOKED_AT_BYTES = 1024 * 1024
LOOKED_AT_ROWS = 1000


@dataclass(frozen=True)
class Preview:
    """What was looked at: so many bytes, in which these columns and rows are.

    Attributes:
        columns: their names.
        rows: the first ones.
        size: bytes that were looked at.
        all: whether that is all there is.
        about_rows: how many rows there are about; None: it cannot be told.
    """

    columns: list[str]
    rows: Rows
    size: int
    all: bool
    about_rows: int | None


def preview_of(services: Services, sent: RequestContent, request: Request) -> Preview:
    """Look at the beginning of what was sent; of JSON and Parquet, at all of it.

    Raises:
        shared.errors.service.ScorelaneError: it could be no job, as a job would say it.
    """
    announced = request.content_length
    if sent.kind.format is Format.JSON:
        return _read_json(services, sent, announced)
    check_length(services, announced)
    if sent.kind.format is Format.PARQUET:
        return _read_parquet(services, sent)
    plain = not sent.is_form and not request.headers.get("Content-Encoding")
    return _read_head(services, sent, announced if plain else None)


class _Counted:
    """Counts the bytes that pass: what is announced of them may be packed, or a form."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.size = 0
        self._chunks = chunks

    def chunks(self) -> Iterator[bytes]:
        """The same."""
        for chunk in self._chunks:
            self.size += len(chunk)
            yield chunk


def _read_json(services: Services, sent: RequestContent, announced: int | None) -> Preview:
    counted = _Counted(sent.chunks)
    value, options = read_chunks(services, counted.chunks(), announced), sent.begun
    columns = json_columns(value)
    carried = carried_columns(options.columns, columns, options.ref_column)
    check_columns(services, len(carried))
    rows = json_rows(
        value,
        text_column=options.text_column,
        ref_column=options.ref_column,
        carried=carried,
    )
    stored = write_rows([row[:2] for row in rows[:LOOKED_AT_ROWS]])
    read = _rows(services, stored, NDJSON)
    return Preview(columns, read, counted.size, len(rows) <= LOOKED_AT_ROWS, len(rows))


def _read_head(services: Services, sent: RequestContent, length: int | None) -> Preview:
    head, is_all = _head(sent.chunks)
    options, upload = sent.begun, reader_of(sent, services.settings, lambda: io.BytesIO(head))
    upload.feed(head)
    columns = upload.finish()
    carried = carried_columns(options.columns, columns, options.ref_column)
    layout = upload.layout(options.text_column, options.ref_column, carried)
    check_columns(services, layout.width)
    rows, about = Rows(), upload.about_rows
    try:
        file = io.BytesIO(head[layout.start :])
        most = services.settings.max_record_bytes
        parts = layout.cut(file, rows_per_part=LOOKED_AT_ROWS, after=None, max_record_bytes=most)
        for part in islice(parts, 1):
            rows = _rows(services, head[part.offset : part.end], layout)
    except (OpenQuote, RowTooLong):
        # Of a whole file it is an error; of a head the row may end behind it.
        if is_all:
            raise
    estimate = about if is_all else length and about * length // len(head)
    seen = is_all and len(rows) < LOOKED_AT_ROWS
    return Preview(columns, rows, len(head), seen, len(rows) if seen else estimate)


def _head(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """The beginning of a file, of whole lines if it has any; and whether it is all of it."""
    head, is_all = b"", True
    for chunk in chunks:
        head += chunk
        if len(head) > LOOKED_AT_BYTES:
            head, is_all = head[:LOOKED_AT_BYTES], False
            break
    if is_all:
        return head, True
    if head.count(b"\n") > 1:
        return head[: head.rindex(b"\n") + 1], False
    # One long row: at least no character of it is cut through.
    while head[-1] & 0xC0 == 0x80:
        head = head[:-1]
    return (head[:-1] if head[-1] >= 0xC0 else head), False


def _rows(services: Services, content: bytes, layout: Layout) -> Rows:
    return layout.read(
        content,
        max_text_chars=services.settings.max_text_chars,
        max_record_bytes=services.settings.max_record_bytes,
    )


def _read_parquet(services: Services, sent: RequestContent) -> Preview:
    """Store a file for as long as it is looked at: what is in it is said at its end."""
    options = sent.begun
    with passing_folder(services) as job_id:
        key = upload_key_of(job_id)
        upload = ParquetUpload(partial(services.blobs.open, key))
        with services.blobs.writing(key) as file:
            for chunk in sent.chunks:
                upload.feed(chunk)
                check_length(services, upload.size)
                file.write(chunk)
        columns = upload.finish()
        carried = carried_columns(options.columns, columns, options.ref_column)
        layout = upload.layout(options.text_column, options.ref_column, carried)
        check_columns(services, layout.width)
        check_rows(services, upload.about_rows)
        with services.blobs.open(key) as stored:
            # The ref and the text, whatever is carried through.
            first = first_rows_of(stored, layout.names[:2], LOOKED_AT_ROWS, LOOKED_AT_BYTES)
    rows = _rows(services, first, NDJSON)
    return Preview(columns, rows, upload.size, len(rows) == upload.about_rows, upload.about_rows)
