"""`POST /jobs?validate=true`: what would become of a job, without making it."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

from flask import Request
from pydantic import Field
from typing_extensions import TypedDict

from api.access import who
from api.intake import read_chunks
from api.limits import check_columns, check_length
from api.representation import ModelName
from api.services import Services
from api.terms import terms_of
from api.uploads.formats import Format
from api.uploads.readers import Upload
from api.uploads.sent import Sent, sent_by
from shared.input_errors import BadOption, OpenQuote, RowTooLong
from shared.job import NDJSON, Layout
from shared.tables.carried import carried_columns
from shared.tables.csv_upload import CsvUpload
from shared.tables.json_rows import json_columns, json_rows
from shared.tables.ndjson_upload import NdjsonUpload
from shared.tables.parts import cut, read_rows
from shared.tables.rows import Rows
from shared.tables.stored_rows import write_rows

#: So much of a file is looked at, in bytes, and so many of its rows; JSON is read whole.
LOOKED_AT_BYTES = 1024 * 1024
LOOKED_AT_ROWS = 1000

#: So many rows are shown, and so many with an error; so much of each of their texts.
SHOWN = 5
SHOWN_CHARS = 200


class ShownRow(TypedDict):
    """A row as it would be read."""

    row: Annotated[int, Field(ge=1)]
    ref: str
    text: Annotated[str, Field(description="Its beginning; empty where it has an error.")]
    error: str | None


class LookedAt(TypedDict):
    """How much was looked at: of the rest it is not known whether it can be read."""

    bytes: int
    rows: int
    failed: Annotated[int, Field(description="Those with an error.")]
    all: Annotated[bool, Field(description="Whether that is all there is.")]


class Estimate(TypedDict):
    """About what the job would cost; null where it cannot be told."""

    rows: Annotated[int | None, Field(description="Of a file whose length is not known: null.")]
    seconds: Annotated[float | None, Field(description="Of scoring, if nothing else waits.")]
    rows_per_second: Annotated[float, Field(description="Of one process, as measured.")]
    processes: Annotated[int, Field(description="That serve the model now.")]
    share_of_rows: Annotated[float | None, Field(description="Of the rows that a job may have.")]
    share_of_waiting_rows: Annotated[
        float | None, Field(description="Of the rows that you may have waiting, with what waits.")
    ]


class DryRun(TypedDict):
    """What would become of a job; nothing of it was kept."""

    detail: Annotated[str, Field(description="A sentence for people.")]
    format: str
    model: ModelName
    columns: list[str]
    looked_at: LookedAt
    first_rows: list[ShownRow]
    first_errors: list[ShownRow]
    estimate: Estimate


EXAMPLE: DryRun = {
    "detail": "This can be a job. Of the first 1,048,571 bytes 1,000 rows were looked at, no more.",
    "format": "csv",
    "model": {"name": "fast", "version": "e5cff74e16d3"},
    "columns": ["ref", "text"],
    "looked_at": {"bytes": 1_048_571, "rows": 1000, "failed": 1, "all": False},
    "first_rows": [{"row": 1, "ref": "1", "text": "I am well", "error": None}],
    "first_errors": [{"row": 7, "ref": "7", "text": "", "error": "the text is empty"}],
    "estimate": {
        "rows": 1_000_000,
        "seconds": 9.5,
        "rows_per_second": 52_600.0,
        "processes": 2,
        "share_of_rows": 0.02,
        "share_of_waiting_rows": 0.005,
    },
}


@dataclass(frozen=True)
class _Read:
    """What was looked at: so many bytes, in which these columns and rows are."""

    columns: list[str]
    rows: Rows
    size: int
    all: bool
    about_rows: int | None


def dry_run(services: Services, request: Request) -> DryRun:
    """Look at the beginning of what was sent as if it were a job; nothing is stored or queued.

    Args:
        services: have the models and the limits.
        request: the rows and the options.

    Raises:
        shared.errors.ScorelaneError: it could be no job, as a job would say it.
    """
    sent = sent_by(request)
    options = sent.begun
    served = services.model(options.model)
    terms_of(options, services.settings)
    if sent.kind.format is Format.JSON:
        read = _read_json(services, sent, request.content_length)
    else:
        check_length(services, request.content_length)
        plain = not sent.is_form and not request.headers.get("Content-Encoding")
        read = _read_head(services, sent, request.content_length if plain else None)
    rate, processes = served.rate, services.fleet.processes(served.card.full_name)
    rows, settings = read.about_rows, services.settings
    load = services.store.load(who().owner)
    waiting, most = load.rows, settings.max_waiting_rows
    if who().owner:
        waiting, most = load.owner_rows, settings.owner_waiting_rows
    shown = list(_shown(read.rows))
    no_more = f" Of the first {read.size:,} bytes {len(read.rows):,} rows were looked at, no more."
    return {
        "detail": "This can be a job." + ("" if read.all else no_more),
        "format": sent.kind.format,
        "model": {"name": served.card.name, "version": served.card.version},
        "columns": read.columns,
        "looked_at": {
            "bytes": read.size,
            "rows": len(read.rows),
            "failed": sum(row["error"] is not None for row in shown),
            "all": read.all,
        },
        "first_rows": shown[:SHOWN],
        "first_errors": [row for row in shown if row["error"] is not None][:SHOWN],
        "estimate": {
            "rows": rows,
            "seconds": round(rows / rate / processes, 3) if rows and processes else None,
            "rows_per_second": round(rate, 1),
            "processes": processes,
            "share_of_rows": None if rows is None else round(rows / settings.max_rows, 6),
            "share_of_waiting_rows": None if rows is None else round((waiting + rows) / most, 6),
        },
    }


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


def _read_json(services: Services, sent: Sent, announced: int | None) -> _Read:
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
    return _Read(columns, read, counted.size, len(rows) <= LOOKED_AT_ROWS, len(rows))


def _read_head(services: Services, sent: Sent, length: int | None) -> _Read:
    head, is_all = _head(sent.chunks)
    options, upload = sent.begun, _reader(sent, services)
    upload.feed(head)
    columns = upload.finish()
    carried = carried_columns(options.columns, columns, options.ref_column)
    layout = upload.layout(options.text_column, options.ref_column, carried)
    check_columns(services, layout.width)
    rows, about = Rows(), upload.about_rows
    try:
        file = io.BytesIO(head[layout.start :])
        most = services.settings.max_record_bytes
        parts = cut(file, layout, rows_per_part=LOOKED_AT_ROWS, after=None, max_record_bytes=most)
        for part in islice(parts, 1):
            rows = _rows(services, head[part.offset : part.end], layout)
    except (OpenQuote, RowTooLong):
        # Of a whole file it is an error; of a head the row may end behind it.
        if is_all:
            raise
    estimate = about if is_all else length and about * length // len(head)
    seen = is_all and len(rows) < LOOKED_AT_ROWS
    return _Read(columns, rows, len(head), seen, len(rows) if seen else estimate)


def _reader(sent: Sent, services: Services) -> Upload:
    match sent.kind.format:
        case Format.CSV:
            return CsvUpload(sent.delimiter)
        case Format.NDJSON:
            return NdjsonUpload(services.settings.max_record_bytes)
        case other:
            reason = f"a {other} file says at its end what is in it; send it as a job"
            raise BadOption(option="validate", value="true", reason=reason)


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
    return read_rows(
        content,
        layout,
        max_text_chars=services.settings.max_text_chars,
        max_record_bytes=services.settings.max_record_bytes,
    )


def _shown(rows: Rows) -> Iterator[ShownRow]:
    for at, (ref, text, error) in enumerate(
        zip(rows.refs, rows.texts, rows.errors, strict=True), 1
    ):
        yield {"row": at, "ref": ref, "text": text[:SHOWN_CHARS], "error": error}
