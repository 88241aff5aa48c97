"""The manifest of a bulk job: a blob from which the job is restored if Redis loses its data."""

import logging

from pydantic import BaseModel

from shared.errors.service import DataDamaged, JobExpired, JobNotFound
from shared.jobs.job import Job
from shared.jobs.job_store import JobStore
from shared.jobs.keys import manifest_key_of
from shared.jobs.outcome import Outcome
from shared.jobs.state import ENDED, RETRYABLE
from shared.storage.blobs import Blobs
from shared.tables.parts import Part

logger = logging.getLogger(__name__)


class Manifest(BaseModel):
    """A job as it was accepted, or as it ended."""

    job: Job
    parts: list[Part] = []  #: The parts of a job that has ended.
    outcome: Outcome | None = None  #: The outcome of a job that has ended.


def write_manifest(
    blobs: Blobs, job: Job, parts: list[Part], outcome: Outcome | None = None
) -> None:
    """Write the manifest of a job; it replaces an older one.

    Raises:
        OSError: it could not be written; an older one remains.
    """
    content = Manifest(job=job, parts=parts, outcome=outcome).model_dump_json()
    blobs.put(manifest_key_of(job.spec.id), content.encode())


def settle(store: JobStore, blobs: Blobs, job_id: str) -> None:
    """Write the end of a bulk job into its manifest, and delete its upload.

    The upload of a job that may be retried is kept under another key, and goes with the job. Runs
    wherever a job ends. If that fails, or the process dies first, the sweep runs it later, because
    the upload still exists.
    """
    try:
        job = store.get(job_id)
        # A job without a manifest was deleted a moment ago.
        if job.state in ENDED and has_manifest(blobs, job_id):
            parts = store.parts(job_id, 0, job.parts)
            write_manifest(blobs, job, parts, store.outcome(job_id))
            if job.state in RETRYABLE and blobs.exists(job.spec.upload_key):
                blobs.link({job.spec.upload_key: job.spec.kept_key})
            if job.spec.layout.stored_apart:
                # Before the upload: while that exists, the sweep settles the job again.
                blobs.delete(job.spec.rows_folder)
            blobs.delete(job.spec.upload_key)
    except (JobNotFound, JobExpired):
        pass
    except OSError as error:
        logger.warning("job=%s is not settled yet: %s", job_id, error.strerror)


def read_manifest(blobs: Blobs, job_id: str) -> Manifest | None:
    """The manifest of a job; None if there is none.

    Raises:
        shared.errors.service.DataDamaged: it is not as it was written.
    """
    key = manifest_key_of(job_id)
    try:
        return Manifest.model_validate_json(blobs.read(key))
    except FileNotFoundError:
        return None
    except ValueError:
        raise DataDamaged(key=key, reason="it is no manifest") from None


def recall_end(store: JobStore, blobs: Blobs, job_id: str) -> bool:
    """Record the end of a bulk job that the job store has lost, if the manifest has that end.

    A replica that takes over, or a Redis that is restarted, may lack what was written last. It then
    has a job running whose upload was deleted because it has ended.

    Returns:
        Whether the manifest has the end of the job.
    """
    try:
        manifest = read_manifest(blobs, job_id)
    except (DataDamaged, OSError):
        return False
    if manifest is None or manifest.job.state not in ENDED:
        return False
    store.recall(manifest.job, manifest.parts, manifest.outcome)
    logger.warning("job=%s had ended: restored from its manifest", job_id)
    return True


def has_manifest(blobs: Blobs, job_id: str) -> bool:
    """Whether a job has a manifest: it was accepted, and was not deleted."""
    return blobs.exists(manifest_key_of(job_id))
