"""Takes in what a job brings: checks it as it passes, stores it, has it recorded."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Request

from api.requests.body import chunks_of
from api.requests.content import RequestContent, content_of
from api.requests.limits import BULK_ADVICE, check_columns, check_length, check_rows
from api.requests.options import JobOptions
from api.requests.terms import Terms, terms_of
from api.security.access import check_room
from api.services import Services
from api.submission.idempotency import Claim
from api.submission.recording import Content, new_folder, record_bulk, record_small
from api.submission.write_behind import behind
from api.uploads.carried import carried_columns
from api.uploads.formats import Format
from api.uploads.json_rows import json_columns, json_rows, parse_json
from api.uploads.readers import reader_of
from shared.errors.input import BadOption
from shared.errors.service import TooLarge
from shared.fleet import Served
from shared.jobs.job import Job, upload_key_of
from shared.tables.layouts import NDJSON
from shared.tables.stored_rows import write_rows

#: A job whose rows take longer, of a slow model, is no small one: it would be scored in one go.
SMALL_SECONDS = 10.0


def take_job(services: Services, request: Request, claim: Claim | None = None) -> Job:
    """Take in a `POST /jobs`, and dispatch its first step.

    Args:
        services: where to.
        request: the rows and the options.
        claim: on the key of the request, if it has one.

    Raises:
        shared.errors.service.ScorelaneError: it cannot be used; nothing of it is kept.
    """
    sent = content_of(request)
    if claim:
        sent = claim.watching(sent)
    if sent.kind.format is Format.JSON:
        return _take_json(services, sent, request.content_length)
    check_length(services, request.content_length)
    # Before it is read: no byte is stored of what there is no room for.
    check_room(services, 0)
    if not sent.is_form:
        # A form's fields may come behind its file.
        services.model(sent.begun.model)
        terms_of(sent.begun, services.settings)
    with new_folder(services) as job_id:
        served, content, terms = _store(services, sent, upload_key_of(job_id))
        check_room(services, content.rows)
        return record_bulk(services, served, job_id, content, terms)


def read_json(services: Services, request: Request) -> Any:
    """The parsed JSON body.

    Raises:
        shared.errors.service.TooLarge: it is over the limit for JSON.
        shared.errors.input.NotJson: it is not JSON.
    """
    return read_chunks(services, chunks_of(request), request.content_length)


def read_chunks(services: Services, chunks: Iterator[bytes], announced: int | None) -> Any:
    """The parsed JSON of a body, or of a file in a form, of so many bytes; see `read_json`."""
    limit = services.settings.max_json_bytes
    body, size = [], announced or 0
    if size <= limit:
        size = 0
        for chunk in chunks:
            body.append(chunk)
            size += len(chunk)
            if size > limit:
                break
    if size > limit:
        raise TooLarge(what="JSON body", limit=f"{limit:,}", unit="bytes", advice=BULK_ADVICE)
    return parse_json(b"".join(body))


def _take_json(services: Services, sent: RequestContent, announced: int | None) -> Job:
    if not sent.is_form:
        services.model(sent.begun.model)
    value = read_chunks(services, sent.chunks, announced)
    options = sent.options()
    _check_validate(options)
    served = services.model(options.model)
    terms = terms_of(options, services.settings) | sent.terms(sent)
    if options.columns != ():
        columns = carried_columns(options.columns, json_columns(value), options.ref_column)
        check_columns(services, len(columns))
        terms["columns"] = columns
    rows = json_rows(
        value,
        text_column=options.text_column,
        ref_column=options.ref_column,
        carried=terms.get("columns", ()),
    )
    if len(rows) <= min(services.settings.small_rows, served.rate * SMALL_SECONDS):
        return record_small(services, served, rows, terms)
    check_rows(services, len(rows))
    check_room(services, len(rows))
    lines = write_rows(rows)
    with new_folder(services) as job_id:
        services.blobs.put(upload_key_of(job_id), lines)
        content = Content(NDJSON, len(lines), len(rows))
        return record_bulk(services, served, job_id, content, terms)


def _store(services: Services, sent: RequestContent, key: str) -> tuple[Served, Content, Terms]:
    """Store a file as it comes, and look at it; give what its job is recorded with."""
    upload = reader_of(sent, services.settings, partial(services.blobs.open, key))
    with services.blobs.writing(key) as file, behind(file) as write:
        for chunk in sent.chunks:
            upload.feed(chunk)
            check_length(services, upload.size)
            write(chunk)
    options = sent.options()
    _check_validate(options)
    served = services.model(options.model)
    terms = terms_of(options, services.settings) | sent.terms(sent)
    columns = carried_columns(options.columns, upload.finish(), options.ref_column)
    layout = upload.layout(options.text_column, options.ref_column, columns)
    check_columns(services, layout.width)
    if sent.kind.format is Format.PARQUET:
        # Of others it is known only when they are split.
        check_rows(services, upload.about_rows)
    content = Content(layout, upload.size, upload.about_rows)
    return served, content, terms | {"columns": columns}


def _check_validate(options: JobOptions) -> None:
    """See that nobody who asks for a dry run gets a job: in a form it may be known too late."""
    if options.validate == "true":
        raise BadOption(option="validate", value="true", reason="send it in the query")
