"""Jobs that keep no rows on Redis: the section of the job store for `keep=none`."""

from typing_extensions import override

from shared.errors.service import JobExpired, JobNotFound
from shared.jobs.clearing import CLEARED_AFTER
from shared.jobs.job import Job
from shared.redis.base import RedisBase


class RedisClearing(RedisBase):
    """When the rows of a job are deleted: the sorted set `jobs:clear`, by that time."""

    @override
    def note_sent(self, job_id: str, begin: int = 0, end: int = 0, size: int = 0) -> None:
        self._link.run("note_sent", job_id, begin, end, size, CLEARED_AFTER)

    @override
    def to_clear(self, limit: int) -> list[Job]:
        due = self._link.key("jobs", "clear")
        found = []
        for job_id in self._link.client.zrangebyscore(due, "-inf", self.now(), 0, limit):
            try:
                found.append(self.get(job_id))
            except (JobNotFound, JobExpired):
                self.forget_cleared(job_id)
        return found

    @override
    def clear(self, job_id: str) -> Job | None:
        self._link.run("clear", job_id)
        try:
            return self.get(job_id)
        except (JobNotFound, JobExpired):
            return None

    @override
    def forget_cleared(self, job_id: str) -> None:
        self._link.at_once(("ZREM", self._link.key("jobs", "clear"), job_id))
