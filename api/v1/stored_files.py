"""Finds and stores the files of `/v1`: uploaded ones, and those that batches write."""

import re
from functools import partial

from flask import Request

from api.jobs.lookup import find_job
from api.requests.body import chunks_of
from api.requests.limits import check_length
from api.requests.multipart import MultipartUpload
from api.results.byte_ranges import ByteRanges, blob_ranges, slices_of
from api.security.access import current_identity
from api.services import Services
from api.v1.shapes import FileObject
from shared.errors.input import BadOption
from shared.errors.service import (
    FilesFull,
    JobExpired,
    JobLost,
    JobNotFound,
    NoSuchFile,
    UnsupportedFormat,
)
from shared.jobs.digest import Digester
from shared.jobs.job import Job
from shared.jobs.job_ids import new_job_id
from shared.jobs.state import ENDED
from shared.storage.batches import BatchFile, batch_files, batches

#: The range of `expires_after[seconds]` of an upload.
_MIN_RETENTION, _MAX_RETENTION = 3600, 2_592_000

ID = re.compile(r"file-([0-9a-f]{32})(?:-(output|errors))?")


def owner_filter() -> str | None:
    """The owner whose files and batches this request may see; None: all owners, for an admin."""
    return None if current_identity().is_admin else current_identity().owner


def content_key(services: Services, file: BatchFile) -> str:
    """The key of the blob that holds the content of an uploaded file."""
    return f"{batch_files(services.blobs).folder(file.owner, file.name)}content"


def find_file(services: Services, file_id: str) -> BatchFile:
    """The record of an uploaded file.

    Raises:
        shared.errors.service.NoSuchFile: there is none that this request may see, or it has
            expired.
    """
    found = ID.fullmatch(file_id)
    file = (
        batch_files(services.blobs).find(owner_filter(), found[1])
        if found and not found[2]
        else None
    )
    if file is None or file.expires_at <= services.store.now():
        raise NoSuchFile(file_id=file_id[:80])
    return file


def store_file(services: Services, request: Request) -> BatchFile:
    """Store the uploaded file of a request while it is received.

    Raises:
        shared.errors.base.ScorelaneError: the upload is refused, and nothing of it stays stored.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedFormat(found=request.mimetype or "none", supported="multipart/form-data")
    check_length(services.settings, request.content_length)
    records, owner = batch_files(services.blobs), current_identity().owner
    _check_room(services, len(records.names(owner)))
    form = MultipartUpload(chunks_of(request), request.mimetype_params.get("boundary"))
    now = services.store.now()
    name, received = new_job_id(now), Digester()
    try:
        filename = form.open().filename or "upload.jsonl"
        with services.blobs.writing(f"{records.folder(owner, name)}content") as stored:
            for chunk in form.chunks():
                received.update(chunk)
                check_length(services.settings, received.size)
                stored.write(chunk)
        # Again, now that the file has a folder: others may have been uploaded meanwhile. The oldest
        # stay, so that of many at once as many are accepted as there is room for.
        _check_room(services, sorted({*records.names(owner), name}).index(name))
        _check_purpose(form.fields.get("purpose", ""))
        file = BatchFile(
            name=name,
            owner=owner,
            filename=filename[:255],
            purpose="batch",
            size=received.size,
            sha256=received.digest.sha256,
            created_at=now,
            expires_at=now + _retention(services, form.fields.get("expires_after[seconds]")),
        )
        records.put(file)
    except BaseException:
        records.delete(owner, name)
        raise
    return file


def _check_room(services: Services, older: int) -> None:
    if older >= services.settings.max_files:
        raise FilesFull(limit=f"{services.settings.max_files:,}")


def _check_purpose(purpose: str) -> None:
    if purpose != "batch":
        raise BadOption(option="purpose", value=purpose[:80], reason="it must be batch here")


def _retention(services: Services, seconds: str | None) -> float:
    if seconds is None:
        return services.settings.retention_seconds
    is_number = seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12
    if not is_number or not _MIN_RETENTION <= int(seconds) <= _MAX_RETENTION:
        reason = f"it must be a number from {_MIN_RETENTION:,} to {_MAX_RETENTION:,}"
        raise BadOption(option="expires_after[seconds]", value=seconds[:80], reason=reason)
    return float(seconds)


def find_batch_file(services: Services, file_id: str) -> tuple[Job, str] | None:
    """The batch's job that wrote a file.

    Returns:
        The job, and `output` or `errors`. None if `file_id` is not that of a batch's file.

    Raises:
        shared.errors.service.NoSuchFile: the batch has no such file, or not yet, or it was deleted.
        shared.errors.service.JobNotRestored: Redis has lost the job, which will be restored.
    """
    found = ID.fullmatch(file_id)
    if not found or not found[2]:
        return None
    batch = batches(services.blobs).find(owner_filter(), found[1])
    if batch is None or found[2] in batch.deleted:
        raise NoSuchFile(file_id=file_id)
    try:
        job = find_job(services, found[1])
    except (JobNotFound, JobExpired, JobLost):
        raise NoSuchFile(file_id=file_id) from None
    rows = job.completed if found[2] == "output" else job.failed
    if job.state not in ENDED or not rows:
        raise NoSuchFile(file_id=file_id)
    return job, found[2]


def stored_content(services: Services, file: BatchFile) -> ByteRanges:
    """The content of an uploaded file."""
    slices = slices_of(content_key(services, file), file.size)
    return blob_ranges(services.blobs, slices, partial(find_file, services, f"file-{file.name}"))


def uploaded_json(file: BatchFile) -> FileObject:
    """The JSON of an uploaded file."""
    return {
        "id": f"file-{file.name}",
        "object": "file",
        "bytes": file.size,
        "created_at": int(file.created_at),
        "expires_at": int(file.expires_at),
        "filename": file.filename,
        "purpose": file.purpose,
        "status": "processed",
    }
