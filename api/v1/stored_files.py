"""The files of `/v1`: those that were uploaded, and those that batches have made."""

import re

from flask import Request

from api.jobs.lookup import find_job
from api.requests.body import chunks_of
from api.requests.limits import check_length
from api.requests.multipart import MultipartUpload
from api.results.byte_ranges import ByteRanges
from api.results.streaming import kept
from api.security.access import who
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
from shared.jobs.job import ENDED, Job, new_job_id
from shared.storage.batches import BatchFile, batch_files, batches

#: A stored file is sent in pieces of so many bytes.
PIECE_BYTES = 1024 * 1024

#: For how long a file may be asked to be kept, in seconds.
_LEAST_KEPT, _MOST_KEPT = 3600, 2_592_000

ID = re.compile(r"file-([0-9a-f]{32})(?:-(output|errors))?")


def owner_asked() -> str | None:
    """Whose files and batches are asked for: None for those of all."""
    return None if who().is_admin else who().owner


def content_key(at: Services, file: BatchFile) -> str:
    """The blob with what was uploaded."""
    return f"{batch_files(at.blobs).folder(file.owner, file.name)}content"


def find_file(at: Services, file_id: str) -> BatchFile:
    """A file that was uploaded.

    Raises:
        shared.errors.service.NoSuchFile: there is none.
    """
    found = ID.fullmatch(file_id)
    file = batch_files(at.blobs).find(owner_asked(), found[1]) if found and not found[2] else None
    if file is None or file.expires_at <= at.store.now():
        raise NoSuchFile(file_id=file_id[:80])
    return file


def store_file(at: Services, request: Request) -> BatchFile:
    """Store an upload, as it comes.

    Raises:
        shared.errors.service.ScorelaneError: it cannot be used; nothing of it is kept.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedFormat(found=request.mimetype or "none", supported="multipart/form-data")
    check_length(at.settings, request.content_length)
    shelf, owner = batch_files(at.blobs), who().owner
    if len(shelf.names(owner)) >= at.settings.max_files:
        raise FilesFull(limit=f"{at.settings.max_files:,}")
    form = MultipartUpload(chunks_of(request), request.mimetype_params.get("boundary"))
    now = at.store.now()
    name, size = new_job_id(now), 0
    try:
        filename = form.open().filename or "upload.jsonl"
        with at.blobs.writing(f"{shelf.folder(owner, name)}content") as stored:
            for chunk in form.chunks():
                size += len(chunk)
                check_length(at.settings, size)
                stored.write(chunk)
        _check_purpose(form.fields.get("purpose", ""))
        file = BatchFile(
            name=name,
            owner=owner,
            filename=filename[:255],
            purpose="batch",
            size=size,
            created_at=now,
            expires_at=now + _kept(at, form.fields.get("expires_after[seconds]")),
        )
        shelf.put(file)
    except BaseException:
        shelf.delete(owner, name)
        raise
    return file


def _check_purpose(purpose: str) -> None:
    if purpose != "batch":
        raise BadOption(option="purpose", value=purpose[:80], reason="it must be batch here")


def _kept(at: Services, seconds: str | None) -> float:
    if seconds is None:
        return at.settings.retention_seconds
    is_number = seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12
    if not is_number or not _LEAST_KEPT <= int(seconds) <= _MOST_KEPT:
        reason = f"it must be a number from {_LEAST_KEPT:,} to {_MOST_KEPT:,}"
        raise BadOption(option="expires_after[seconds]", value=seconds[:80], reason=reason)
    return float(seconds)


def made_by(at: Services, file_id: str) -> tuple[Job, str] | None:
    """The job of a batch whose file this is, and which of its files; None: it is no batch's.

    Raises:
        shared.errors.service.NoSuchFile: it is a batch's, and not there: not yet, or not any more.
        shared.errors.service.JobNotRestored: it will be there again.
    """
    found = ID.fullmatch(file_id)
    if not found or not found[2]:
        return None
    batch = batches(at.blobs).find(owner_asked(), found[1])
    if batch is None or found[2] in batch.deleted:
        raise NoSuchFile(file_id=file_id)
    try:
        job = find_job(at, found[1])
    except (JobNotFound, JobExpired, JobLost):
        raise NoSuchFile(file_id=file_id) from None
    rows = job.completed if found[2] == "output" else job.failed
    if job.state not in ENDED or not rows:
        raise NoSuchFile(file_id=file_id)
    return job, found[2]


def stored_pieces(at: Services, file: BatchFile) -> ByteRanges:
    """The content of a file that was uploaded."""
    key = content_key(at, file)
    sizes = [min(PIECE_BYTES, file.size - begin) for begin in range(0, file.size, PIECE_BYTES)]

    def read(piece: int, offset: int) -> bytes:
        with kept(lambda: find_file(at, f"file-{file.name}")):
            return at.blobs.read(key, piece * PIECE_BYTES + offset, sizes[piece] - offset)

    return ByteRanges(sizes, read)


def uploaded_json(file: BatchFile) -> FileObject:
    """A file that was uploaded, as `/v1` shows it."""
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
