"""The preview of a dry run: the first rows as a job would read them."""

import io
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, cast

from flask import Request

from api.process.body_memory import Reservation
from api.requests.content import RequestContent
from api.services import Services
from api.submission.admission import Admitted
from api.submission.asked_sources import Asked, asked_of
from api.submission.checked_sources import checked_sources, naming
from api.submission.checks import (
    SHORTER_ADVICE,
    BlobDestination,
    CheckedUpload,
    JsonBody,
    check_early,
    check_json,
    check_upload,
    read_body,
)
from api.submission.findings import Findings
from api.submission.found_sources import find_files
from api.submission.guessing import CELLS_COPIES, GUESS_ROWS
from api.submission.head import PREVIEW_BYTES, PREVIEW_ROWS, Head
from api.submission.output import check_free
from api.submission.recording import temporary_folder
from api.submission.room import check_room, check_small_room
from api.uploads.formats import Format
from api.uploads.raw_table import RawTable, csv_table, json_table, ndjson_table, parquet_table
from shared.config.settings import Settings
from shared.errors.input import OpenQuote
from shared.jobs.keys import upload_key_of
from shared.tables.layouts import NDJSON, Layout, ParquetLayout
from shared.tables.parquet_rows import first_rows_of
from shared.tables.rows import ReadOptions, Rows
from shared.tables.stored_rows import ref_text


@dataclass(frozen=True)
class Preview:
    """What a dry run has read of a request that can be a job.

    Attributes:
        admitted: its options, model and terms.
        columns: the names of all columns.
        rows: the first rows.
        size: the bytes that `rows` and `columns` were read from.
        is_all: whether `rows` are all rows of the upload.
        about_rows: about how many rows the upload has; None: unknown.
        upload: what was checked, if it is a text file.
    """

    admitted: Admitted
    columns: list[str]
    rows: Rows
    size: int
    is_all: bool
    about_rows: int | None
    upload: CheckedUpload | None = None


def preview_of(
    services: Services, content: RequestContent, request: Request, findings: Findings
) -> Preview:
    """Check a request as if it were to be a job, and read its first rows.

    JSON and Parquet are read whole, a CSV or NDJSON up to `PREVIEW_BYTES`. A form is always read
    to its end, as its fields may follow the file. `findings` gets what is known, step by step.

    Raises:
        shared.errors.base.ScorelaneError: the request cannot be a job.
    """
    if content.kind.format is Format.JSON:
        with services.body_memory.reserving() as memory:
            body = read_body(services, content, request.content_length, memory)
            if content.is_form or not (asked := asked_of(body, request.mimetype)):
                return _preview_json(services, content, body, findings)
        return _preview_sources(services, asked, request, findings)
    total = content.file.total
    early = check_early(services, content, total or request.content_length)
    if content.kind.format is Format.PARQUET:
        return _preview_parquet(services, content, early, findings)
    is_plain = not content.is_form and not request.headers.get("Content-Encoding")
    announced = request.content_length if is_plain else None
    with services.body_memory.reserving() as memory:
        return _preview_text(services, content, early, announced, memory, findings)


def _preview_json(
    services: Services, content: RequestContent, body: JsonBody, findings: Findings
) -> Preview:
    def review(admitted: Admitted, columns: list[str], value: Any = None) -> Admitted:
        return findings.see(
            admitted, columns, lambda: json_table(value, columns, PREVIEW_ROWS), services
        )

    checked = check_json(services, content, body, review)
    if checked.is_small:
        check_small_room(services, checked.admitted.served)
    count = len(checked.rows)
    first, options = Rows(), _read_options(services.settings, checked.admitted)
    for number, (ref, *values) in enumerate(checked.rows[:PREVIEW_ROWS], 1):
        shown = str(number) if ref is None else ref_text(ref)
        first.add(shown, values[: len(options.inputs)], options)
    return Preview(
        checked.admitted,
        checked.columns,
        first,
        checked.size,
        is_all=count <= PREVIEW_ROWS,
        about_rows=count,
    )


def _preview_sources(
    services: Services, asked: Asked, request: Request, findings: Findings
) -> Preview:
    files = find_files(services, asked, request, findings.guesses)
    if asked.output:
        check_free(services, asked.output)
    content = findings.content = files.content
    early = check_early(services, content, None)
    with services.body_memory.reserving() as memory, naming(files):
        preview = _preview_text(services, content, early, None, memory, findings)
    if preview.upload:
        checked_sources(services, files, preview.upload, preview.about_rows or 0)
    return replace(preview, is_all=preview.is_all and len(files.found) == 1)


def _preview_parquet(
    services: Services, content: RequestContent, early: Admitted | None, findings: Findings
) -> Preview:
    # The description of a Parquet file is at its end, so it has to be stored to be read.
    with temporary_folder(services) as job_id:
        destination = BlobDestination(services.blobs, upload_key_of(job_id))

        def review(admitted: Admitted, columns: list[str], _value: Any = None) -> Admitted:
            def read() -> RawTable:
                with destination.open() as stored:
                    return parquet_table(stored, columns, PREVIEW_ROWS, PREVIEW_BYTES)

            return findings.see(admitted, columns, read, services)

        upload = check_upload(services, content, early, destination, review)
        with destination.open() as stored:
            options = _read_options(services.settings, upload.admitted)
            types = tuple(one.type for one in options.inputs)
            # The ref and the inputs: a preview does not show carried columns.
            names = cast("ParquetLayout", upload.content.layout).names[: len(types) + 1]
            first = first_rows_of(stored, names, types, PREVIEW_ROWS, PREVIEW_BYTES)
    rows = NDJSON.read(first, options)
    is_all = len(rows) == upload.content.rows
    size, about_rows = upload.content.size, upload.content.rows
    return Preview(upload.admitted, upload.columns, rows, size, is_all, about_rows)


def _preview_text(
    services: Services,
    content: RequestContent,
    early: Admitted | None,
    announced: int | None,
    memory: Reservation,
    findings: Findings,
) -> Preview:
    head = Head(content, services.settings, memory)

    def review(admitted: Admitted, columns: list[str], _value: Any = None) -> Admitted:
        def read() -> RawTable | None:
            lines, most = head.whole_lines(), PREVIEW_ROWS
            if findings.guesses:
                most = GUESS_ROWS
                memory.raise_to(CELLS_COPIES * len(lines), SHORTER_ADVICE)
            if content.kind.format is not Format.CSV:
                return ndjson_table(lines, columns, most)
            is_named = content.delimiter_is_named
            return csv_table(lines, content.delimiter, most, is_named=is_named)

        return findings.see(admitted, columns, read, services)

    upload = check_upload(services, head.content, early, head, review)
    lines = head.whole_lines()
    options = _read_options(services.settings, upload.admitted)
    rows = _first_rows(options, lines, upload.content.layout, is_whole=head.is_whole)
    is_all = head.is_whole and len(rows) < PREVIEW_ROWS
    about_rows: int | None = len(rows) if is_all else upload.content.rows
    if not head.is_whole:
        length = head.length or announced
        about_rows = length and upload.content.rows * length // upload.content.size
        if about_rows and (head.length or not content.is_converted):
            # Converted text differs in length from what was announced: UTF-16 is twice as long.
            check_room(services, about_rows)
    return Preview(upload.admitted, upload.columns, rows, len(lines), is_all, about_rows, upload)


def _first_rows(options: ReadOptions, lines: bytes, layout: Layout, *, is_whole: bool) -> Rows:
    file, begin, end = io.BytesIO(lines), layout.start, layout.start
    file.seek(begin)
    limit = options.max_record_bytes
    # A part for each row: a part of many rows is also full by its bytes.
    parts = layout.cut(file, rows_per_part=1, after=None, max_record_bytes=limit)
    try:
        for part in islice(parts, PREVIEW_ROWS):
            end = part.end
    except OpenQuote:
        # In a whole file this is an error. In a head, the row may go on after the head's end; it is
        # shown if it is too long in any case.
        if is_whole:
            raise
        if end == begin and len(lines) - begin > limit:
            end = len(lines)
    return layout.read(lines[begin:end], options)


def _read_options(settings: Settings, admitted: Admitted) -> ReadOptions:
    inputs = admitted.served.card.signature.inputs
    return ReadOptions(settings.max_text_chars, settings.max_record_bytes, inputs)
