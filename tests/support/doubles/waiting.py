"""What waits for a model, in memory."""

from collections.abc import Collection

from support.doubles.small_jobs import InMemorySmallJobs
from typing_extensions import override

from shared.jobs.job import Job
from shared.jobs.state import ENDED, State


class InMemoryWaiting(InMemorySmallJobs):
    """The models for which jobs wait, and the end of these jobs."""

    @override
    def waits(self, full_names: Collection[str]) -> bool:
        return any(self.waiting_small(full_name) for full_name in full_names)

    @override
    def needs(self, full_name: str) -> bool:
        jobs = self._unended()
        return self.waits([full_name]) or any(full_name in job.spec.full_names for job in jobs)

    @override
    def waited_for(self) -> set[str]:
        return {job.spec.full_name for job in self._unended()}

    @override
    def abandon(self, full_name: str, reason: str) -> int:
        self._waiting.pop(full_name, None)
        ids = [job.spec.id for job in self._unended() if job.spec.full_name == full_name]
        return sum(self.move(job_id, State.FAILED, reason) for job_id in ids)

    def _unended(self) -> list[Job]:
        jobs = [record.job for record in self._records.values()]
        return [job for job in jobs if job.state not in ENDED]
