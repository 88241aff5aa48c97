"""Taking in the rows of a request: check and store them, then record the job."""

from collections.abc import Callable
from typing import Any

from flask import Request

from api.process.body_memory import Reservation
from api.requests.body import chunks_of
from api.requests.content import RequestContent, content_of
from api.requests.json_body import read_json
from api.requests.terms import Terms
from api.services import Services
from api.submission.admission import Admitted
from api.submission.checks import (
    BlobDestination,
    check_early,
    check_json,
    check_upload,
)
from api.submission.idempotency import Claim
from api.submission.recording import new_folder, record_bulk, record_small
from api.submission.stored_upload import StoredUpload
from api.uploads.formats import Format
from shared.errors.input import NotJson
from shared.jobs.job import Job
from shared.jobs.keys import upload_key_of
from shared.tables.json_values import check_writable
from shared.tables.layouts import NDJSON
from shared.tables.stored_rows import written_rows


def take_job(services: Services, request: Request, claim: Claim | None = None) -> Job:
    """Take in a `POST /jobs`: check it, store it, record the job and dispatch its first step.

    Args:
        services: the store, the blobs, the models and the limits.
        request: the rows and the options.
        claim: on the request's `Idempotency-Key`, if it has one.

    Raises:
        shared.errors.base.ScorelaneError: the request cannot be a job; nothing of it is stored.
    """
    content = content_of(request)
    if claim:
        content = claim.watch(content)

    def binding(admitted: Admitted) -> Terms:
        return {"binding": claim.bind_rows(content.kind, admitted.options)} if claim else {}

    if content.kind.format is Format.JSON:
        with services.body_memory.reserving() as memory:
            return _take_json(services, content, request.content_length, memory, binding)
    early = check_early(services, content, request.content_length)
    with new_folder(services) as job_id:
        destination = BlobDestination(services.blobs, upload_key_of(job_id))
        upload = check_upload(services, content, early, destination)
        terms = upload.terms | binding(upload.admitted)
        return record_bulk(services, upload.admitted.served, job_id, upload.content, terms)


def _take_json(
    services: Services,
    content: RequestContent,
    announced: int | None,
    memory: Reservation,
    binding: Callable[[Admitted], Terms],
) -> Job:
    checked = check_json(services, content, announced, memory)
    terms = checked.terms | binding(checked.admitted)
    served, rows = checked.admitted.served, checked.rows
    if checked.is_small:
        return record_small(services, served, rows, terms)
    with new_folder(services) as job_id:
        size = 0
        with services.blobs.writing(upload_key_of(job_id)) as file:
            for lines in written_rows(rows, len(checked.admitted.inputs.inputs)):
                file.write(lines)
                size += len(lines)
        return record_bulk(services, served, job_id, StoredUpload(NDJSON, size, len(rows)), terms)


def read_json_rows(services: Services, request: Request, memory: Reservation, copies: int) -> Any:
    """Read and parse a JSON body of rows; `json_rows` checks whether an answer can quote them.

    Args:
        services: supply the limits.
        request: with the body.
        memory: of the request; it then holds what the rows need, and the copies.
        copies: as `read_json` takes them.

    Raises:
        shared.errors.service.TooLarge: the body is over a limit for JSON.
        shared.errors.service.BodiesFull: other requests hold the memory for JSON.
        shared.errors.input.NotJson: the body is not JSON.
    """
    chunks = chunks_of(request)
    return read_json(services.settings, chunks, request.content_length, memory, copies)[0]


#: How many times a body is in memory while `check_writable` looks at it, besides its values.
_CHECKED_COPIES = 3


def read_json_body(services: Services, request: Request, memory: Reservation) -> Any:
    """Read and parse a JSON body that an answer must be able to quote.

    Raises:
        shared.errors.base.ScorelaneError: as `read_json_rows`; also if it cannot be quoted.
    """
    value = read_json_rows(services, request, memory, _CHECKED_COPIES)
    try:
        check_writable(value)
    except UnicodeEncodeError:
        raise NotJson(reason="a text in it has half of a character (a lone surrogate)") from None
    return value
