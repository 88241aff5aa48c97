"""What of a bulk job lies in the blob store, beside its rows: it outlives a Redis that does not."""

import logging

from pydantic import BaseModel

from shared.errors.service import JobExpired, JobNotFound
from shared.jobs.job import ENDED, RETRYABLE, Job, manifest_key_of
from shared.jobs.job_store import JobStore
from shared.jobs.outcome import Outcome
from shared.storage.blobs import Blobs
from shared.tables.parts import Part

logger = logging.getLogger(__name__)


class Manifest(BaseModel):
    """A job as it was accepted or as it ended."""

    job: Job
    parts: list[Part] = []  # of a job that has ended, as what follows
    outcome: Outcome | None = None


def write_manifest(
    blobs: Blobs, job: Job, parts: list[Part], outcome: Outcome | None = None
) -> None:
    """Write the manifest of a job, over an older one.

    Raises:
        OSError: it could not be written; an older one is still there.
    """
    content = Manifest(job=job, parts=parts, outcome=outcome).model_dump_json()
    blobs.put(manifest_key_of(job.spec.id), content.encode())


def settle(store: JobStore, blobs: Blobs, job_id: str) -> None:
    """Have the blob store know how a bulk job ended, and hold its upload no longer.

    Unless it may be retried: then the upload is put aside, and goes with all else of the job. Where
    that fails, or nobody comes to it, the reconciler does it later: it sees the upload there.
    """
    try:
        job = store.get(job_id)
        # Without a manifest it was deleted a moment ago.
        if job.state in ENDED and has_manifest(blobs, job_id):
            parts = store.parts(job_id, 0, job.parts)
            write_manifest(blobs, job, parts, store.outcome(job_id))
            if job.state in RETRYABLE and blobs.exists(job.spec.upload_key):
                blobs.link({job.spec.upload_key: job.spec.kept_key})
            if job.spec.layout.stored_apart:
                # First: while the upload is there, what is left is found and settled again.
                blobs.delete(job.spec.rows_folder)
            blobs.delete(job.spec.upload_key)
    except (JobNotFound, JobExpired):
        pass
    except OSError as error:
        logger.warning("job=%s is not settled yet: %s", job_id, error.strerror)


def read_manifest(blobs: Blobs, job_id: str) -> Manifest | None:
    """The manifest of a job; None where there is none."""
    try:
        return Manifest.model_validate_json(blobs.read(manifest_key_of(job_id)))
    except FileNotFoundError:
        return None


def has_manifest(blobs: Blobs, job_id: str) -> bool:
    """Whether a job is in the blob store, accepted and not deleted."""
    return blobs.exists(manifest_key_of(job_id))
