"""Taking in the rows of a request: check and store them, then record the job."""

from flask import Request

from api.requests.content import RequestContent, content_of
from api.requests.terms import Terms
from api.services import Services
from api.submission.admission import Admitted, admit
from api.submission.asked_sources import Asked, asked_of
from api.submission.checked_sources import check_sources
from api.submission.checks import (
    BlobDestination,
    JsonBody,
    check_early,
    check_json,
    check_upload,
    read_body,
)
from api.submission.found_sources import find_files
from api.submission.given_options import kept_options
from api.submission.idempotency import Claim
from api.submission.recording import new_folder, record_bulk, record_small
from api.submission.stored_upload import StoredUpload
from api.uploads.formats import Format
from shared.jobs.job import Job
from shared.jobs.keys import upload_key_of
from shared.no_waiting import check_may_wait
from shared.places.listing import written_sources
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
    if content.kind.format is Format.JSON:
        taken = take_json(services, content, request.content_length, request.mimetype, claim)
        if isinstance(taken, Job):
            return taken
        check_may_wait()
        return _take_sources(services, content, taken, request, claim)
    early = check_early(services, content, request.content_length)
    with new_folder(services) as job_id:
        destination = BlobDestination(services.blobs, upload_key_of(job_id))
        upload = check_upload(services, content, early, destination)
        terms = upload.terms | _terms_of(content, claim, upload.admitted)
        return record_bulk(services, upload.admitted.served, job_id, upload.content, terms)


def take_json(
    services: Services,
    content: RequestContent,
    length: int | None,
    media_type: str,
    claim: Claim | None = None,
) -> Job | Asked:
    """Take in a job whose body is JSON.

    Args:
        services: the store, the blobs, the models and the limits.
        content: what was sent.
        length: of the request's body in bytes, if it is known.
        media_type: the content type of the request.
        claim: on the request's `Idempotency-Key`, if it has one.

    Returns:
        The job; or the addresses of its files, if it has no rows: then nothing is done yet.

    Raises:
        shared.errors.base.ScorelaneError: the request cannot be a job; nothing of it is stored.
    """
    with services.body_memory.reserving() as memory:
        body = read_body(services, content, length, memory)
        if not content.is_form and (asked := asked_of(body, media_type)):
            return asked
        return _take_rows(services, content, body, claim)


def _terms_of(content: RequestContent, claim: Claim | None, admitted: Admitted) -> Terms:
    """The terms that follow from the request, whose body was read to its end."""
    terms: Terms = {"options": kept_options(content), "received": content.received.digest}
    return terms | ({"binding": claim.bind_rows(content.kind, admitted.options)} if claim else {})


def _take_rows(
    services: Services, content: RequestContent, body: JsonBody, claim: Claim | None
) -> Job:
    checked = check_json(services, content, body)
    terms = checked.terms | _terms_of(content, claim, checked.admitted)
    served, rows = checked.admitted.served, checked.rows
    if checked.is_small:
        return record_small(services, served, rows, terms)
    with new_folder(services) as job_id:
        size = 0
        with services.blobs.writing(upload_key_of(job_id)) as file:
            for lines in written_rows(rows, len(checked.admitted.inputs.inputs)):
                file.write(lines)
                size += len(lines)
        upload = StoredUpload(NDJSON, size, len(rows), len(rows))
        return record_bulk(services, served, job_id, upload, terms)


def _take_sources(
    services: Services,
    content: RequestContent,
    asked: Asked,
    request: Request,
    claim: Claim | None,
) -> Job:
    files = find_files(services, asked, request)
    early = check_early(services, files.content, None) or admit(services, files.content.options())
    with services.body_memory.reserving() as memory:
        checked = check_sources(services, files, early, memory)
    terms = checked.terms | {"options": kept_options(files.content)}
    if claim:
        # The body, which has the other options, was hashed.
        terms["binding"] = claim.bind_rows(content.kind, content.options())
    with new_folder(services) as job_id:
        services.blobs.put(upload_key_of(job_id), written_sources(checked.sources))
        return record_bulk(services, checked.admitted.served, job_id, checked.content, terms)
