"""Upkeep on Redis: the section of the job store for the reconcilers of the workers."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from redis.exceptions import LockError, NoPermissionError
from redis.lock import Lock
from typing_extensions import override

from shared.dispatch import bulk_queue
from shared.jobs.job import Job
from shared.jobs.job_ids import is_job_id
from shared.jobs.job_store import FINISH, REMEMBERED_SECONDS, Overdue
from shared.jobs.state import State
from shared.redis.base import RedisBase
from shared.redis.erasure import want_rewrite
from shared.redis.link import RedisLink
from shared.redis.records import readable_jobs


class RedisUpkeep(RedisBase):
    """What waits, what is late, and what has expired."""

    @override
    def waits(self, full_names: Collection[str]) -> bool:
        if not full_names:
            return False
        # Redis has no empty list.
        lists = [self._small(full_name) for full_name in full_names]
        lists += [self._link.prefix + bulk_queue(full_name) for full_name in full_names]
        turns = [self._link.key("waiting", full_name) for full_name in full_names]
        if not self._link.client.exists(*lists, *turns):
            return False
        # A worker of an older release leaves a turn of those of whom it took the last.
        return bool(
            self._link.client.exists(*lists)
            or any(self.waiting_small(full_name) for full_name in full_names)
        )

    @override
    @contextmanager
    def reconciling(self, seconds: float) -> Iterator[bool]:
        lock = _Lock(self._link, self._link.key("reconciling"), seconds)
        held = lock.acquire()
        try:
            yield held
        finally:
            if held:
                # The block may have outlasted the lock, which another worker may hold by now.
                with suppress(LockError):
                    lock.release()

    @override
    def due(self, what: str, seconds: float) -> bool:
        # Most workers ask when another one has done it.
        if self._link.client.exists(self._link.key("done", what)):
            return False
        now = self.now()
        _, done = self._link.at_once(
            # `since` never expires: it is lost only when Redis loses everything.
            ("SET", self._link.key("since"), now, "NX"),
            ("SET", self._link.key("done", what), now, "NX", "PX", round(seconds * 1000)),
        )
        return bool(done)

    @override
    def notice_restart(self) -> bool:
        try:
            server = self._link.client.info("server")["run_id"]
        except NoPermissionError:
            return False
        return bool(self._link.run("notice_server", server))

    @override
    def waited_for(self) -> set[str]:
        small = self._link.client.smembers(self._link.key("small", "models"))
        return {job.spec.full_name for job in self._active()} | {
            full_name for full_name in small if self.waiting_small(full_name)
        }

    @override
    def needs(self, full_name: str) -> bool:
        return (
            self.waits([full_name])
            or any(full_name in job.spec.full_names for job in self._active())
            or bool(self.waiting_small(full_name))
        )

    @override
    def abandon(self, full_name: str, reason: str) -> int:
        ids = [job.spec.id for job in self._active() if job.spec.full_name == full_name]
        while item := self._link.run("pop_small", full_name):
            if is_job_id(item):
                ids.append(item)
            else:
                # A question; its asker gives up by itself.
                size = len(item.encode())
                self._link.at_once(("HINCRBY", self._link.key("held"), "all", -size))
        return sum(self.move(job_id, State.FAILED, reason) for job_id in ids)

    @override
    def overdue(self, full_names: Collection[str]) -> list[Overdue]:
        jobs = [job for job in self._active() if job.spec.full_name in full_names]
        pipe = self._link.client.pipeline(transaction=False)
        for job in jobs:
            queue = self._link.prefix + bulk_queue(job.spec.full_name)
            self._link.run("overdue", job.spec.id, self._lease, queue, FINISH, pipe=pipe)
        late = [
            Overdue(job, bool(split), bool(finish), parts)
            for job, (split, finish, *parts) in zip(jobs, pipe.execute(), strict=True)
        ]
        return [one for one in late if one.split or one.finish or one.parts]

    def _active(self) -> list[Job]:
        """The bulk jobs that have not ended."""
        pipe = self._link.client.pipeline(transaction=False)
        for job_id in self._link.client.zrange(self._link.key("jobs", "active"), 0, -1):
            pipe.hgetall(self._job(job_id))
        return list(readable_jobs(pipe.execute()))

    @override
    def archive(self, limit: int) -> int:
        # This store has no other place; `ArchivingJobStore` has one.
        return 0

    @override
    def expire(self, limit: int) -> list[Job]:
        ended = self._link.key("jobs", "ended")
        expired = []
        for job_id in self._link.client.zrangebyscore(ended, "-inf", self.now(), 0, limit):
            record = self._link.client.hgetall(self._job(job_id))
            job = next(readable_jobs([record]), None)
            if job and self.move(job_id, State.EXPIRED):
                expired.append(job)
            # As little as the id needs to answer 410: there may be very many expired jobs.
            self._remove(job_id, REMEMBERED_SECONDS)
        if expired:
            want_rewrite(self._link)
        return expired


class _Lock(Lock):
    """A lock in Redis that can also be taken while the memory of Redis is full."""

    def __init__(self, link: RedisLink, name: str, seconds: float) -> None:
        """Take the name of its key, and the seconds after which it is free in any case."""
        super().__init__(link.client, name, timeout=seconds, blocking=False)
        self._link, self._milliseconds = link, round(seconds * 1000)

    @override
    def do_acquire(self, token: str | bytes) -> bool:
        (taken,) = self._link.at_once(("SET", self.name, token, "NX", "PX", self._milliseconds))
        return bool(taken)
