"""Deletes the rows and results of jobs that keep none, and leaves their records and receipts."""

import logging

from shared.jobs.job import Job
from shared.jobs.job_store import JobStore
from shared.jobs.keys import direct_record_key_of
from shared.storage.blobs import Blobs
from shared.storage.manifest import has_manifest, write_manifest

logger = logging.getLogger(__name__)

#: The most jobs in one run, so that the reconciler's lock is not held for long.
MAX_CLEARED = 100


def clear_due(store: JobStore, blobs: Blobs) -> None:
    """Delete the rows and results of all jobs for which it is time.

    The record says so first, then the manifest: whoever dies in between, nobody reads half of the
    results, and the next run deletes the rest.
    """
    for job in store.to_clear(MAX_CLEARED):
        try:
            _clear(store, blobs, job.spec.id)
        except OSError as error:
            logger.warning("job=%s is not cleared yet: %s", job.spec.id, error.strerror)


def _clear(store: JobStore, blobs: Blobs, job_id: str) -> None:
    job = store.clear(job_id)
    if job is None:
        return
    if has_manifest(blobs, job_id):
        write_manifest(blobs, job, store.parts(job_id, 0, job.parts), store.outcome(job_id))
    for key in _keys_of(job):
        blobs.delete(key)
    store.forget_cleared(job_id)
    logger.info("job=%s keeps no rows: they are deleted", job_id)


def _keys_of(job: Job) -> list[str]:
    """All blobs of a job but its manifest."""
    spec = job.spec
    folders = [f"{spec.folder}{name}/" for name in ("results", "batch", "direct", "rows")]
    files = [spec.upload_key, spec.kept_key, spec.whole_key, direct_record_key_of(spec.id)]
    return [*folders, *files]
