"""Taking in the rows of a request: check and store them, then record the job."""

from typing import Any

from flask import Request

from api.requests.body import chunks_of
from api.requests.content import content_of
from api.requests.limits import check_json_memory
from api.requests.terms import Terms
from api.services import Services
from api.submission.admission import Admitted
from api.submission.checks import (
    BlobDestination,
    CheckedJson,
    check_early,
    check_json,
    check_upload,
    read_limited,
)
from api.submission.idempotency import Claim
from api.submission.recording import new_folder, record_bulk, record_small
from api.submission.stored_upload import StoredUpload
from api.uploads.formats import Format
from api.uploads.json_rows import parse_json
from shared.errors.input import NotJson
from shared.jobs.job import Job, upload_key_of
from shared.tables.json_values import check_writable
from shared.tables.layouts import NDJSON
from shared.tables.stored_rows import write_rows


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
        checked = check_json(services, content, request.content_length)
        return _record_json(services, checked, checked.terms | binding(checked.admitted))
    early = check_early(services, content, request.content_length)
    with new_folder(services) as job_id:
        destination = BlobDestination(services.blobs, upload_key_of(job_id))
        upload = check_upload(services, content, early, destination)
        terms = upload.terms | binding(upload.admitted)
        return record_bulk(services, upload.admitted.served, job_id, upload.content, terms)


def _record_json(services: Services, checked: CheckedJson, terms: Terms) -> Job:
    served, rows = checked.admitted.served, checked.rows
    if checked.is_small:
        return record_small(services, served, rows, terms)
    lines = write_rows(rows)
    with new_folder(services) as job_id:
        services.blobs.put(upload_key_of(job_id), lines)
        upload = StoredUpload(NDJSON, len(lines), len(rows))
        return record_bulk(services, served, job_id, upload, terms)


def read_json(services: Services, request: Request) -> Any:
    """Read and parse a JSON body.

    Raises:
        shared.errors.service.TooLarge: the body is over the limit for JSON.
        shared.errors.input.NotJson: the body is not JSON, or an answer could not quote it.
    """
    value = read_json_rows(services, request)
    try:
        check_writable(value)
    except UnicodeEncodeError:
        raise NotJson(reason="a text in it has half of a character (a lone surrogate)") from None
    return value


def read_json_rows(services: Services, request: Request) -> Any:
    """Read and parse a JSON body of rows; `json_rows` checks whether an answer can quote them.

    Raises:
        shared.errors.service.TooLarge: the body is over the limit for JSON.
        shared.errors.input.NotJson: the body is not JSON.
    """
    body = read_limited(services, chunks_of(request), request.content_length)
    check_json_memory(body)
    return parse_json(body)
