"""Jobs that keep no rows, in memory."""

import time

from support.doubles.base import InMemoryBase
from typing_extensions import override

from shared.jobs.clearing import CLEARED_AFTER
from shared.jobs.job import Job
from shared.jobs.state import ENDED, State


class InMemoryClearing(InMemoryBase):
    """When the rows of a job are deleted."""

    @override
    def note_sent(self, job_id: str, begin: int = 0, end: int = 0, size: int = 0) -> None:
        record = self._records.get(job_id)
        if record is None or record.job.state is not State.SUCCEEDED or record.job.cleared_at:
            return
        if record.job.spec.keep != "none":
            return
        if begin <= record.sent:
            record.sent = max(record.sent, end)
        if record.sent >= size and not record.job.downloaded_at:
            record.update(downloaded_at=time.time())

    @override
    def to_clear(self, limit: int) -> list[Job]:
        return [one.job for one in self._records.values() if self._is_due(one.job)][:limit]

    def _is_due(self, job: Job) -> bool:
        if job.spec.keep != "none" or job.state not in ENDED or job.cleared_at:
            return False
        due = (job.finished_at or 0.0) + self._settings.keep_none_seconds
        if job.downloaded_at:
            due = min(due, job.downloaded_at + CLEARED_AFTER)
        return due <= time.time()

    @override
    def clear(self, job_id: str) -> Job | None:
        if job_id not in self._records:
            return None
        self._records[job_id].update(cleared_at=time.time())
        return self._records[job_id].job

    @override
    def forget_cleared(self, job_id: str) -> None:
        """A job that is cleared is not due any more."""
