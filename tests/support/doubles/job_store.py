"""The job store in memory, which is held to the same contract as the one on Redis."""

import math
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from support.doubles.callbacks import InMemoryCallbacks
from support.doubles.clearing import InMemoryClearing
from support.doubles.held_keys import InMemoryHeldKeys
from support.doubles.parts import InMemoryParts
from support.doubles.record import Record
from support.doubles.waiting import InMemoryWaiting
from typing_extensions import override

from shared.errors.service import (
    IdempotencyKeyInUse,
    JobExpired,
    JobNotFound,
    NothingToRetry,
    ServiceFull,
)
from shared.jobs.bulk_limits import BulkLimits
from shared.jobs.job import Job
from shared.jobs.job_ids import made_at
from shared.jobs.job_store import (
    FINISH,
    NO_FACTS,
    Load,
    Overdue,
    Spent,
)
from shared.jobs.outcome import Outcome
from shared.jobs.state import ENDED, MOVES, State
from shared.jobs.usage import NO_CLAIM, Claim
from shared.tables.parts import Part


class InMemoryJobStore(
    InMemoryWaiting, InMemoryParts, InMemoryCallbacks, InMemoryHeldKeys, InMemoryClearing
):
    """The job store in a dict, for one thread."""

    def forget(self) -> None:
        """Lose everything, like a Redis without a disk."""
        self.__dict__.update(InMemoryJobStore(self._settings).__dict__)

    @override
    def now(self) -> float:
        return time.time()

    @override
    def new_time(self) -> float:
        now = time.time()
        self._since = self._since or math.floor(now * 1000) / 1000
        return now

    @override
    def since(self) -> float:
        return self._since

    @override
    def link_secret(self) -> bytes:
        return self._link_secret

    @override
    def may_have_lost(self, job_id: str) -> bool:
        return made_at(job_id) < self.since()

    #: Set by a test: a copy has taken the place of the data.
    is_restarted = False

    @override
    def notice_restart(self) -> bool:
        was_restarted, self.is_restarted = self.is_restarted, False
        return was_restarted

    @override
    def recall(self, job: Job, parts: list[Part], outcome: Outcome | None) -> None:
        self.delete(job.spec.id)
        self.restore(job, parts, outcome)

    @override
    def known(self, job_ids: list[str]) -> dict[str, State]:
        return {one: self._records[one].job.state for one in job_ids if one in self._records}

    @override
    def restore(self, job: Job, parts: list[Part], outcome: Outcome | None = None) -> bool:
        if job.spec.id in self._records:
            return True
        if job.spec.binding and not self._bind(job) and self._holder(job.spec.binding.key):
            lost = job.state in ENDED or made_at(job.spec.id) < self._since
            if not lost:
                return False
        record = Record(job, parts=list(parts), restored=True)
        if job.spec.retry_of in self._records:
            record.take_over(self._records[job.spec.retry_of])
        self._records[job.spec.id] = record
        if job.state in ENDED:
            record.complete, record.done = True, set(range(len(parts)))
            if outcome:
                record.done, record.bad_parts = set(outcome.done_parts()), set(outcome.bad_parts())
                record.summary = outcome.summary
            record.dispatched = len(parts)
            record.update(parts=len(parts), parts_done=len(record.done))
        else:
            record.update(state=State.QUEUED, cut_bytes=job.spec.layout.start)
            self._turns_of(record).take(record)
        record.await_callback()
        return True

    @override
    def due(self, what: str, seconds: float) -> bool:
        now = time.time()
        self._since = self._since or now
        is_due = self._due.get(what, 0.0) <= now
        if is_due:
            self._due[what] = now + seconds
        return is_due

    @override
    def create(self, job: Job, rows: bytes = b"", claim: Claim = NO_CLAIM, bell: str = "") -> bool:
        if job.spec.id in self._records:
            return False
        lease = time.time() + self._settings.lease_seconds
        job = job.model_copy(update={"cut_bytes": job.spec.layout.start})
        if job.spec.kind == "bulk":
            count = 0 if job.spec.retry_of else job.total or job.spec.about_rows
            owner = job.spec.owner
            BulkLimits.of(self._settings).check(self.load(owner), owner, count)
        old_id = job.spec.retry_of if job.spec.kind == "bulk" else None
        if old_id and old_id not in self._records:
            raise NothingToRetry(job_id=old_id)
        taken = self._take_rows(claim) if claim.budgets else None
        if job.spec.binding and not self._bind(job):
            if taken:
                self._let_be_taken(taken, 0)
            raise IdempotencyKeyInUse
        restored = job.spec.retry_of is not None
        record = Record(job, rows, split_lease=lease, restored=restored, taken=taken)
        self._records[job.spec.id] = record
        if old_id:
            record.take_over(self._records[old_id])
        self._records[job.spec.id].await_callback()
        self._since = self._since or made_at(job.spec.id)
        if job.spec.kind == "bulk":
            record = self._records[job.spec.id]
            self._turns_of(record).take(record)
            return False
        try:
            return self._push(job.spec.full_name, job.spec.id)
        except ServiceFull:
            del self._records[job.spec.id]
            if taken:
                self._let_be_taken(taken, 0)
            raise

    @override
    def load(self, owner: str) -> Load:
        jobs = [one.job for one in self._records.values()]
        jobs = [job for job in jobs if job.spec.kind == "bulk" and job.state not in ENDED]
        rows = {job.spec.id: (job.total or job.spec.about_rows) - job.rows_done for job in jobs}
        own = [job.spec.id for job in jobs if job.spec.owner == owner]
        return Load(len(jobs), sum(rows.values()), len(own), sum(rows[one] for one in own))

    @override
    def spend(self, owner: str, seconds: int) -> Spent:
        until, count = self._spent.get(owner, (0.0, 0))
        if until <= time.time():
            until, count = time.time() + seconds, 0
        self._spent[owner] = until, count + 1
        return Spent(count + 1, until - time.time())

    @override
    def get(self, job_id: str) -> Job:
        if job_id not in self._records:
            raise JobNotFound(job_id=job_id)
        job = self._records[job_id].job
        if job.state is State.EXPIRED:
            raise JobExpired(job_id=job_id, owner=job.spec.owner)
        return job

    @override
    def list_jobs(
        self, limit: int, before: str | None = None, owner: str | None = None
    ) -> list[Job]:
        jobs = [
            record.job
            for job_id, record in sorted(self._records.items(), reverse=True)
            if record.job.state is not State.EXPIRED
            if before is None or job_id < before
            if owner is None or record.job.spec.owner == owner
        ]
        return jobs[:limit]

    @override
    def move(
        self, job_id: str, to: State, error: str = "", facts: Mapping[str, str | int] = NO_FACTS
    ) -> bool:
        record = self._records.get(job_id)
        if record is None or to not in MOVES[record.job.state]:
            return False
        if to is State.RUNNING:
            record.update(state=to, started_at=time.time())
            return True
        record.update(state=to, finished_at=time.time(), held_up=None, **facts)
        if error:
            record.update(error=error)
        self._settle(record)
        if to is not State.EXPIRED:
            self._count_in_hour(record.job.spec.full_name, record.summary.watched)
        record.leases.clear()
        self._turns_of(record).stop(record)
        return True

    @override
    def delete(self, job_id: str) -> None:
        if record := self._records.pop(job_id, None):
            if record.job.state not in ENDED:
                record.update(state=State.CANCELLED)
                self._settle(record)
            self._turns_of(record).stop(record)

    @override
    def wait(self, job_id: str, seconds: float) -> bool:
        record = self._records.get(job_id)
        return record is not None and record.job.state in ENDED

    @override
    @contextmanager
    def reconciling(self, seconds: float) -> Iterator[bool]:
        if self._held:
            yield False
            return
        self._held = True
        try:
            yield True
        finally:
            self._held = False

    @override
    def overdue(self, full_names: Collection[str]) -> list[Overdue]:
        now, found = time.time(), []
        for record in self._records.values():
            job = record.job
            if (
                job.state in ENDED
                or job.spec.full_name not in full_names
                or job.spec.kind == "small"
            ):
                continue
            if record.has_more(math.inf):
                self._turns_of(record).take(record)
            waits = record.complete or record.to_split
            split = not waits and record.split_lease < now
            finish = record.all_done and job.state is State.RUNNING
            finish = finish and not record.is_leased(FINISH)
            if finish:
                record.leases.pop(FINISH, None)
            parts = sorted(part for part, lease in record.leases.items() if lease <= now)
            again = now + self._settings.lease_seconds
            if split:
                record.split_lease = again
            record.leases.update(dict.fromkeys(parts, again))
            steps = {(job.spec.id, part) for part in parts if part != FINISH}
            self._turns_of(record).under_way |= steps
            if split or parts or finish:
                found.append(Overdue(job, split, finish, parts))
        return found

    @override
    def archive(self, limit: int) -> int:
        return 0

    @override
    def expire(self, limit: int) -> list[Job]:
        now, most = time.time(), self._settings.retention_seconds
        expired = []
        for job_id, record in self._records.items():
            job = record.job
            retention = job.spec.retention or most
            due = job.finished_at is not None and job.finished_at + retention <= now
            if due and len(expired) < limit and self.move(job_id, State.EXPIRED):
                record.result = b""
                expired.append(job)
        return expired
