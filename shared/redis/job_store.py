"""The job store on Redis; README.md has the table of its keys."""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from redis.exceptions import LockError
from typing_extensions import override

from shared.dispatch import bulk_queue
from shared.errors.service import IdempotencyKeyInUse, JobExpired, JobNotFound
from shared.jobs.bulk_limits import owner_full, service_full
from shared.jobs.job import ENDED, CallbackState, Job, State, is_job_id, made_at, sources_of
from shared.jobs.job_store import FINISH, Load, Overdue, Spent
from shared.jobs.outcome import Outcome, bits_of
from shared.redis.callbacks import RedisCallbacks
from shared.redis.erasure import want_rewrite
from shared.redis.held_keys import UNBOUND, RedisHeldKeys, bound
from shared.redis.link import block
from shared.redis.parts import RedisParts
from shared.redis.records import fields_of, flat, job_of, record_of, text_of
from shared.redis.small_jobs import RedisSmallJobs
from shared.tables.parts import Part

#: What follows `job:<id>` in the names of a job's keys.
_TAILS = (
    "",
    ":parts",
    ":done",
    ":bad",
    ":summary",
    ":leases",
    ":attempts",
    ":notes",
    ":rows",
    ":result",
    ":bell",
)

#: The limits, the owner and the rows of a bulk job that was accepted before.
_NO_LIMITS = (0, 0, 0, 0, "", 0)

#: Answers of the script `create_bulk`.
_SERVICE_FULL, _OWNER_FULL = -1, -2

#: How long the id of an expired job is remembered, so that it answers 410 instead of 404.
TOMBSTONE_SECONDS = 86400


class RedisJobStore(RedisSmallJobs, RedisParts, RedisCallbacks, RedisHeldKeys):
    """`JobStore` on Redis. What must be atomic is a script in `lua/`."""

    @override
    def now(self) -> float:
        return self._link.now()

    @override
    def new_time(self) -> float:
        return float(self._link.run("new_time"))

    @override
    def create(self, job: Job, rows: bytes = b"") -> bool:
        spec, record = job.spec, record_of(job)
        # A lease from now on: the job is older, by the time that its upload took.
        record["split_lease"] = self.now() + self._lease
        if spec.kind == "small":
            waiting = self._link.run(
                "create_small",
                spec.id,
                spec.full_name,
                rows,
                self._max_waiting_small,
                *bound(spec, self._binding_seconds),
                *flat(record),
            )
            if waiting < 0:
                raise IdempotencyKeyInUse
            if not waiting:
                raise self._service_full()
            return self._must_ring(waiting)
        place = ("active", job.created_at, *bound(spec, self._binding_seconds))
        # A retry counts only its rows that are not done, and how many these are is not known here.
        rows_or_none = 0 if spec.retry_of else job.total or spec.about_rows
        limits = (*self._bulk_limits.arguments(), spec.owner, rows_or_none)
        answer = self._link.run("create_bulk", spec.id, *place, *limits, *flat(record))
        if answer == _SERVICE_FULL:
            raise service_full(self.load(spec.owner))
        if answer == _OWNER_FULL:
            raise owner_full(self.load(spec.owner))
        if not answer:
            raise IdempotencyKeyInUse
        return False

    @override
    def restore(self, job: Job, parts: list[Part], outcome: Outcome | None = None) -> bool:
        spec, record = job.spec, record_of(job) | {"restored": 1}
        left = int(job.created_at + self._binding_seconds - self.now())
        own = bound(spec, left) if left > 0 else UNBOUND
        if job.state not in ENDED:
            # The job begins again, at once; parts whose results exist are not scored again.
            record |= {"state": State.QUEUED.value, "split_lease": 0}
            place = (spec.id, "active", job.created_at)
            if self._link.run("create_bulk", *place, *own, *_NO_LIMITS, *flat(record)):
                return True
            if made_at(spec.id) < self.since():
                self._link.run("create_bulk", *place, *UNBOUND, *_NO_LIMITS, *flat(record))
                return True
            return False
        outcome = outcome or Outcome(done=bits_of(set(range(len(parts)))))
        counted = dict.fromkeys(("parts", "dispatched"), len(parts))
        counted["done"] = outcome.parts_done
        expires = (job.finished_at or self.now()) + (spec.retention or self._retention)
        pipe = self._link.client.pipeline()
        pipe.delete(self._job(spec.id, "parts"))
        if parts:
            pipe.rpush(self._job(spec.id, "parts"), *map(text_of, parts))
        # Before the record: without one, these keys mean nothing.
        pipe.set(self._job(spec.id, "done"), bytes.fromhex(outcome.done))
        pipe.set(self._job(spec.id, "bad"), bytes.fromhex(outcome.bad))
        if fields := fields_of(outcome.summary):
            pipe.hset(self._job(spec.id, "summary"), mapping=fields)
        if job.callback_state is CallbackState.PENDING:
            # The callback may be sent once more than needed; its message id stays the same. Due at
            # once: with the time 0, because our estimate of Redis's clock may be ahead of it.
            pipe.zadd(self._link.key("callbacks"), {spec.id: 0})
        place, record = (spec.id, "ended", expires), record | counted | {"split": 1}
        self._link.run("create_bulk", *place, *own, *_NO_LIMITS, *flat(record), pipe=pipe)
        if not pipe.execute()[-1]:
            # The job has ended, so it was accepted, although another request has its key by now.
            self._link.run("create_bulk", *place, *UNBOUND, *_NO_LIMITS, *flat(record))
        return True

    @override
    def known(self, job_ids: list[str]) -> dict[str, State]:
        pipe = self._link.client.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.hget(self._job(job_id), "state")
        states = zip(job_ids, pipe.execute(), strict=True)
        return {job_id: State(state) for job_id, state in states if state}

    @override
    def since(self) -> float:
        return float(self._link.client.get(self._link.key("since")) or 0)

    @override
    def load(self, owner: str) -> Load:
        return Load(*self._link.run("load", owner))

    @override
    def spend(self, owner: str, seconds: int) -> Spent:
        count, milliseconds = self._link.run("spend", owner, seconds)
        return Spent(count, milliseconds / 1000)

    @override
    def get(self, job_id: str) -> Job:
        record = self._link.client.hgetall(self._job(job_id))
        if record.get("state") == State.EXPIRED:
            raise JobExpired(job_id=job_id, owner=record.get("owner", ""))
        job = job_of(record)
        if job is None:
            raise JobNotFound(job_id=job_id)
        return job

    @override
    def list_jobs(
        self, limit: int, before: str | None = None, owner: str | None = None
    ) -> list[Job]:
        index = self._link.key("jobs", "of", owner) if owner else self._link.key("jobs")
        ids = self._link.client.zrevrangebylex(
            index, f"({before}" if before else "+", "-", 0, limit
        )
        pipe = self._link.client.pipeline(transaction=False)
        for job_id in ids:
            pipe.hgetall(self._job(job_id))
        return [job for record in pipe.execute() if (job := job_of(record))]

    @override
    def move(self, job_id: str, to: State, error: str = "") -> bool:
        return bool(
            self._link.run("move", job_id, to.value, error, self._retention, *sources_of(to))
        )

    @override
    def delete(self, job_id: str) -> None:
        owner = self._link.client.hget(self._job(job_id), "owner") or ""
        pipe = self._link.client.pipeline()
        pipe.delete(*(self._job(job_id) + tail for tail in _TAILS))
        pipe.zrem(self._link.key("jobs", "of", owner), job_id)
        for index in ("jobs", "jobs:active", "jobs:ended", "small:claims", "callbacks"):
            pipe.zrem(self._link.key(index), job_id)
        pipe.execute()
        want_rewrite(self._link)

    @override
    def wait(self, job_id: str, seconds: float) -> bool:
        bell, until = self._job(job_id, "bell"), time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            # Move the element from the list to itself: the bell stays rung for all others who wait.
            if self._link.patient.blmove(bell, bell, block(left)) is not None:
                return True
        return False

    @override
    def waits(self, full_names: Collection[str]) -> bool:
        pipe = self._link.client.pipeline(transaction=False)
        for full_name in full_names:
            pipe.llen(self._small(full_name))
            pipe.llen(self._link.prefix + bulk_queue(full_name))
        return any(pipe.execute())

    @override
    @contextmanager
    def reconciling(self, seconds: float) -> Iterator[bool]:
        lock = self._link.client.lock(
            self._link.key("reconciling"), timeout=seconds, blocking=False
        )
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
        now = self.now()
        pipe = self._link.client.pipeline()
        # `since` never expires: it is lost only when Redis loses everything.
        pipe.set(self._link.key("since"), now, nx=True)
        pipe.set(self._link.key("done", what), now, nx=True, px=round(seconds * 1000))
        return bool(pipe.execute()[1])

    @override
    def waited_for(self) -> set[str]:
        small = self._link.client.smembers(self._link.key("small", "models"))
        return {job.spec.full_name for job in self._active()} | {
            full_name for full_name in small if self.waiting_small(full_name)
        }

    @override
    def abandon(self, full_name: str, reason: str) -> int:
        ids = [job.spec.id for job in self._active() if job.spec.full_name == full_name]
        while item := self._link.client.rpop(self._small(full_name)):
            # An item that is not a job id is a question; its asker gives up by itself.
            if is_job_id(item):
                ids.append(item)
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
        return [job for record in pipe.execute() if (job := job_of(record))]

    @override
    def expire(self, limit: int) -> list[Job]:
        ended = self._link.key("jobs", "ended")
        expired = []
        for job_id in self._link.client.zrangebyscore(ended, "-inf", self.now(), 0, limit):
            job = job_of(self._link.client.hgetall(self._job(job_id)))
            if job and self.move(job_id, State.EXPIRED):
                expired.append(job)
            pipe = self._link.client.pipeline()
            pipe.delete(*(self._job(job_id) + tail for tail in _TAILS))
            if job:
                # As little as the id needs to answer 410: there may be very many expired jobs.
                left = {"state": State.EXPIRED.value, "owner": job.spec.owner}
                pipe.hset(self._job(job_id), mapping=left)
                pipe.expire(self._job(job_id), TOMBSTONE_SECONDS)
            pipe.zrem(self._link.key("jobs"), job_id)
            pipe.zrem(self._link.key("jobs", "of", job.spec.owner if job else ""), job_id)
            pipe.zrem(ended, job_id)
            pipe.execute()
        if expired:
            want_rewrite(self._link)
        return expired
