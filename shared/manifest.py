"""What of a bulk job lies in the blob store, beside its rows: it outlives a Redis that does not."""

from pydantic import BaseModel

from shared.blobs import Blobs
from shared.job import Job, Part, manifest_key_of


class Manifest(BaseModel):
    """A job as it was accepted or as it ended."""

    job: Job
    parts: list[Part] = []  # of a job that has ended


def write_manifest(blobs: Blobs, job: Job, parts: list[Part]) -> None:
    """Write the manifest of a job, over an older one.

    Raises:
        OSError: it could not be written; an older one is still there.
    """
    content = Manifest(job=job, parts=parts).model_dump_json()
    blobs.put(manifest_key_of(job.spec.id), content.encode())


def read_manifest(blobs: Blobs, job_id: str) -> Manifest | None:
    """The manifest of a job; None where there is none."""
    try:
        return Manifest.model_validate_json(blobs.read(manifest_key_of(job_id)))
    except FileNotFoundError:
        return None


def has_manifest(blobs: Blobs, job_id: str) -> bool:
    """Whether a job is in the blob store, accepted and not deleted."""
    try:
        return blobs.size(manifest_key_of(job_id)) > 0
    except FileNotFoundError:
        return False
