"""Finding one job by its id, and cancelling it, with the caller's rights checked."""

from api.security.access import current_identity
from api.services import Services
from shared.errors.service import (
    DataDamaged,
    JobEnded,
    JobExpired,
    JobLost,
    JobNotFound,
    JobNotRestored,
    MalformedJobId,
    RowsDeleted,
)
from shared.jobs.job import Job
from shared.jobs.job_ids import is_job_id
from shared.jobs.state import State
from shared.storage.manifest import read_manifest, settle


def find_job(at: Services, job_id: str) -> Job:
    """Return the job with this id, if the caller's key may see it.

    Raises:
        shared.errors.service.MalformedJobId: the id does not have the form of a job id.
        shared.errors.service.JobNotFound: no such job exists, or it belongs to another owner.
        shared.errors.service.JobExpired: the job ended and its retention is over.
        shared.errors.service.JobNotRestored: the job exists, but Redis has lost its record and the
            reconciler has not restored it yet.
        shared.errors.service.JobLost: the id is older than anything Redis remembers, or was made
            shortly before Redis was restarted, so Redis may have lost the job.
    """
    if not is_job_id(job_id):
        raise MalformedJobId(job_id=job_id[:80])
    try:
        job = at.store.get(job_id)
        if current_identity().sees(job.spec.owner):
            return job
    except JobExpired as error:
        if current_identity().sees(error.fields["owner"]):
            raise
    except JobNotFound:
        if _is_restorable(at, job_id):
            raise JobNotRestored(job_id=job_id) from None
        if at.store.may_have_lost(job_id):
            raise JobLost(job_id=job_id) from None
    # Another owner's job is reported as missing, so that nobody learns that it exists.
    raise JobNotFound(job_id=job_id)


def _is_restorable(at: Services, job_id: str) -> bool:
    """Whether the blob store has a job that the caller's key may see."""
    try:
        manifest = read_manifest(at.blobs, job_id)
    except DataDamaged:
        # No worker can restore it, either.
        return False
    return manifest is not None and current_identity().sees(manifest.job.spec.owner)


def check_kept(job: Job) -> None:
    """Check that the rows of a job were not deleted because it keeps none.

    Raises:
        shared.errors.service.RowsDeleted: they were.
    """
    if job.cleared_at:
        reason = "the time for which they are kept after its end is over"
        if job.downloaded_at:
            reason = "its results were downloaded"
        raise RowsDeleted(job_id=job.spec.id, reason=reason)


def cancel_job(at: Services, job_id: str) -> Job:
    """Cancel a job and return it in its new state.

    Raises:
        shared.errors.service.JobEnded: the job has already ended.
        shared.errors.base.ScorelaneError: see `find_job`.
    """
    find_job(at, job_id)
    was_moved = at.store.move(job_id, State.CANCELLED)
    job = at.store.get(job_id)
    if not was_moved:
        raise JobEnded(job_id=job_id, state=job.state)
    if job.spec.kind == "bulk":
        settle(at.store, at.blobs, job_id)
    return job
