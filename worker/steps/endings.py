"""Fails jobs that cannot go on, gives back parts that must wait, and removes leftover blobs."""

import logging

from shared.errors.service import JobExpired, JobNotFound
from shared.jobs.job import Job
from shared.jobs.job_store import JobStore
from shared.jobs.spec import Spec
from shared.jobs.state import ENDED, State
from shared.storage.blobs import Blobs
from shared.storage.manifest import has_manifest, recall_end, settle

logger = logging.getLogger(__name__)


class Endings:
    """Ends jobs, holds up parts, and removes the blobs of jobs that are gone.

    The job store refuses to move a job that has ended meanwhile. Then nothing happens here.
    """

    def __init__(self, *, store: JobStore, blobs: Blobs) -> None:
        """Take the job store and the blob store."""
        self._store = store
        self._blobs = blobs

    def find(self, job_id: str) -> Job | None:
        """The job; None if it is deleted or has expired."""
        try:
            return self._store.get(job_id)
        except (JobNotFound, JobExpired):
            return None

    def fail(self, job_id: str, reason: str) -> None:
        """Fail a job. The reason goes into the job and the log, so it may quote no row."""
        if self._store.move(job_id, State.FAILED, reason):
            settle(self._store, self._blobs, job_id)
            logger.error("job=%s failed: %s", job_id, reason)

    def fail_lost_upload(self, job_id: str) -> None:
        """Fail a job whose upload is not in the blob store, unless it was deleted at its end."""
        if not recall_end(self._store, self._blobs, job_id):
            self.fail(job_id, "Its upload is not in the blob store any more. Submit it again.")

    def fail_damaged_upload(self, job_id: str, rows: int) -> None:
        """Fail a job whose upload was damaged after its first `rows` rows."""
        where = f"after row {rows:,}" if rows else "before its first row was read"
        reason = f"Its upload was damaged on the disk {where}: the rows from there on are lost."
        advice = "partial=true returns the rows that were scored. Submit the others again."
        self.fail(job_id, f"{reason} {advice}" if rows else f"{reason} Submit it again.")

    def refuse_requests(self, spec: Spec, reason: str) -> None:
        """Fail the job of a batch with invalid requests; `reason` may quote one."""
        if self._store.move(spec.id, State.FAILED, reason):
            settle(self._store, self._blobs, spec.id)
            # A retry would be refused again, so the upload is not worth its disk space.
            self._blobs.delete(spec.kept_key)
            # Without the reason: what clients send is not for the log.
            logger.error("job=%s failed: its requests are not valid", spec.id)

    def settle_failed(self, job_id: str) -> None:
        """Settle a job that the store has failed because too many of its rows have an error."""
        settle(self._store, self._blobs, job_id)
        # Without the job's error: it quotes a row, which is not for the log.
        logger.error("job=%s failed: too many of its rows have an error", job_id)

    def hold_up(self, job_id: str, number: int, what: str, error: OSError) -> None:
        """Give a part back because the disk is full or fails, which is not the fault of a row.

        Args:
            job_id: the job.
            number: the part, or `FINISH`.
            what: what cannot be done; a clause, for the job's `detail`.
            error: why it cannot be done.
        """
        self.give_back(job_id, number, f"{what}: {error.strerror}")

    def give_back(self, job_id: str, number: int, reason: str) -> None:
        """Give a part back that this process cannot do; its attempt does not count.

        It is dispatched again after its lease.

        Args:
            job_id: the job.
            number: the part, or `FINISH`.
            reason: why, for the job's `detail`; it may quote no row.
        """
        logger.warning("job=%s is held up: %s", job_id, reason)
        self._store.hold_up(job_id, number, reason)

    def remove_if_deleted(self, spec: Spec) -> None:
        """Remove what was just written for a job, if the job was deleted meanwhile."""
        if self.find(spec.id) is None and not has_manifest(self._blobs, spec.id):
            self._blobs.delete(spec.folder)

    def remove_rows_if_ended(self, spec: Spec) -> None:
        """Remove the rows that were just stored for a job, if it ended or was deleted meanwhile."""
        if not spec.layout.stored_apart:
            return
        job = self.find(spec.id)
        if job is None:
            self.remove_if_deleted(spec)
        elif job.state in ENDED:
            self._blobs.delete(spec.rows_folder)
