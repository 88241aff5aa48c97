"""The job store on Redis; README.md has the table of its keys."""

import secrets
import time
from collections.abc import Mapping

from redis.exceptions import ResponseError
from typing_extensions import override

from shared.errors.base import ScorelaneError
from shared.errors.service import (
    IdempotencyKeyInUse,
    JobExpired,
    JobNotFound,
    NothingToRetry,
)
from shared.jobs.bulk_limits import owner_full, service_full
from shared.jobs.job import Job
from shared.jobs.job_ids import made_at
from shared.jobs.job_store import NO_FACTS, Load, Spent
from shared.jobs.new_job import NewJob
from shared.jobs.outcome import Outcome, bits_of
from shared.jobs.spec import Spec
from shared.jobs.state import ENDED, CallbackState, State, sources_of
from shared.jobs.usage import NO_CLAIM, Claim
from shared.redis.callbacks import RedisCallbacks
from shared.redis.clearing import RedisClearing
from shared.redis.erasure import want_rewrite
from shared.redis.held_bytes import held_bytes
from shared.redis.held_keys import UNBOUND, RedisHeldKeys, bound
from shared.redis.link import block
from shared.redis.parts import RedisParts
from shared.redis.read_ahead import known_record
from shared.redis.records import flat, job_of, readable_jobs, text_of
from shared.redis.refusals import refusal
from shared.redis.small_jobs import RedisSmallJobs
from shared.redis.summaries import errors_of, outputs_of
from shared.redis.upkeep import RedisUpkeep
from shared.redis.usage import claim_arguments
from shared.redis.watched import RedisWatched
from shared.tables.parts import Part
from shared.telemetry import context

#: The limits, the owner and the rows of a bulk job that was accepted before, the limits on memory,
#: and what it takes from budgets.
_NO_LIMITS = (0, 0, 0, 0, "", 0, 0, 0, 0, *claim_arguments(NO_CLAIM))

#: Answers of the script `create_bulk`.
_SERVICE_FULL, _OWNER_FULL, _HELD_FULL = -1, -2, -3
_BULK_BUDGET_SPENT, _OLD_JOB_GONE = -5, -6

#: The time in an id may be before the record by as long as the request took, in seconds.
LOST_MARGIN = 60.0

#: How often `wait` looks for the bell if Redis takes no writes, in seconds.
LOOK_SECONDS = 0.25


class RedisJobStore(
    RedisSmallJobs,
    RedisParts,
    RedisWatched,
    RedisCallbacks,
    RedisHeldKeys,
    RedisClearing,
    RedisUpkeep,
):
    """`JobStore` on Redis. What must be atomic is a script in `lua/`."""

    @override
    def now(self) -> float:
        return self._link.now()

    @override
    def new_time(self) -> float:
        return float(self._link.run("new_time"))

    @override
    def create(self, job: Job, rows: bytes = b"", claim: Claim = NO_CLAIM, bell: str = "") -> bool:
        spec = job.spec
        if spec.kind == "small":
            new = NewJob(job, rows, claim, bell)
            return self._created(new, self._link.run_kept("create_small", *self._to_create(new)))
        record, held_limits = self._new_record(job, rows)
        if request_id := context.fields().get("request_id"):
            # The messages of the job carry it, whoever sends them.
            record["request_id"] = str(request_id)
        # A retry counts only its rows that are not done, and how many these are is not known here.
        rows_or_none = 0 if spec.retry_of else job.total or spec.about_rows
        place = ("active", job.created_at, *bound(spec, self._binding_seconds))
        limits = (*self._bulk_limits.arguments(), spec.owner, rows_or_none, *held_limits)
        usage = *claim_arguments(claim), spec.retry_of or ""
        answer = self._link.run("create_bulk", spec.id, *place, *limits, *usage, *flat(record))
        if answer < 1:
            raise self._bulk_refusal(answer, spec, claim)
        return False

    def _bulk_refusal(self, answer: int, spec: Spec, claim: Claim) -> ScorelaneError:
        """The error for a job that the script `create_bulk` has refused."""
        if answer == _SERVICE_FULL:
            return service_full(self.load(spec.owner))
        if answer == _OWNER_FULL:
            return owner_full(self.load(spec.owner))
        if answer == _BULK_BUDGET_SPENT:
            return self._budget_spent(claim)
        if answer == _OLD_JOB_GONE:
            return NothingToRetry(job_id=spec.retry_of)
        return self._held_full(answer == _HELD_FULL) if answer else IdempotencyKeyInUse()

    @override
    def restore(self, job: Job, parts: list[Part], outcome: Outcome | None = None) -> bool:
        spec = job.spec
        record = self._record_of(job) | {"restored": 1, "held": held_bytes(job, b"")}
        limits = *_NO_LIMITS, spec.retry_of or ""
        left = int(job.created_at + self._binding_seconds - self.now())
        own = bound(spec, left) if left > 0 else UNBOUND
        if job.state not in ENDED:
            # The job begins again, at once; parts whose results exist are not scored again.
            record |= {"state": State.QUEUED.value, "split_lease": 0}
            place = (spec.id, "active", job.created_at)
            if self._link.run("create_bulk", *place, *own, *limits, *flat(record)):
                return True
            if self.may_have_lost(spec.id):
                self._link.run("create_bulk", *place, *UNBOUND, *limits, *flat(record))
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
        if errors := errors_of(outcome.summary):
            pipe.hset(self._job(spec.id, "summary"), mapping=errors)
        if outputs := outputs_of(outcome.summary):
            pipe.hset(self._job(spec.id, "outputs"), mapping=outputs)
        if job.callback_state is CallbackState.PENDING:
            # The callback may be sent once more than needed; its message id stays the same. Due at
            # once: with the time 0, because our estimate of Redis's clock may be ahead of it.
            pipe.zadd(self._link.key("callbacks"), {spec.id: 0})
        if spec.keep == "none" and not job.cleared_at:
            after = (job.finished_at or self.now()) + self._kept_seconds
            pipe.zadd(self._link.key("jobs", "clear"), {spec.id: after})
        place, record = (spec.id, "ended", expires), record | counted | {"split": 1}
        self._link.run("create_bulk", *place, *own, *limits, *flat(record), pipe=pipe)
        if not pipe.execute()[-1]:
            # The job has ended, so it was accepted, although another request has its key by now.
            self._link.run("create_bulk", *place, *UNBOUND, *limits, *flat(record))
        return True

    @override
    def recall(self, job: Job, parts: list[Part], outcome: Outcome | None) -> None:
        # If the process dies in between, the sweep restores the job.
        self._remove(job.spec.id)
        self.restore(job, parts, outcome)

    @override
    def known(self, job_ids: list[str]) -> dict[str, State]:
        pipe = self._link.client.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.hget(self._job(job_id), "state")
        states = zip(job_ids, pipe.execute(), strict=True)
        return {job_id: _state_in(state) for job_id, state in states if state}

    @override
    def since(self) -> float:
        return float(self._link.client.get(self._link.key("since")) or 0)

    @override
    def may_have_lost(self, job_id: str) -> bool:
        made = made_at(job_id)
        if made < self.since():
            return True
        begin, end = self._link.client.hmget(self._link.key("server"), "lost_from", "lost_to")
        return bool(begin) and float(begin) - LOST_MARGIN <= made <= float(end)

    @override
    def load(self, owner: str) -> Load:
        return Load(*self._link.run("load", owner))

    @override
    def spend(self, owner: str, seconds: int) -> Spent:
        count, milliseconds = self._link.run("spend", owner, seconds)
        return Spent(count, milliseconds / 1000)

    @override
    def link_secret(self) -> bytes:
        client, key = self._link.client, self._link.key("link-secret")
        # Of two programs that make one at a time, the first has made it for both.
        if not (secret := client.get(key)):
            client.set(key, secrets.token_hex(32), nx=True)
            secret = client.get(key)
        return bytes.fromhex(str(secret))

    @override
    def get(self, job_id: str) -> Job:
        key = self._job(job_id)
        record = known_record(key) or self._link.client.hgetall(key)
        if record.get("state") == State.EXPIRED:
            raise JobExpired(job_id=job_id, owner=record.get("owner", ""))
        job = job_of(record, job_id)
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
        return list(readable_jobs(pipe.execute()))

    @override
    def move(
        self, job_id: str, to: State, error: str = "", facts: Mapping[str, str | int] = NO_FACTS
    ) -> bool:
        fields = [value for pair in facts.items() for value in pair]
        how = to.value, error, self._retention, len(fields), *fields
        return bool(self._link.run("move", job_id, *how, *sources_of(to)))

    @override
    def delete(self, job_id: str) -> None:
        self._remove(job_id)
        want_rewrite(self._link)

    @override
    def wait(self, job_id: str, seconds: float) -> bool:
        bell, until = self._job(job_id, "bell"), time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                # Move the element from the list to itself: the bell stays rung for all others who
                # wait.
                if self._link.patient.blmove(bell, bell, block(left)) is not None:
                    return True
            except ResponseError as error:
                # For Redis this is a write. One that takes none can still be asked.
                if not refusal(error):
                    raise
                if self._link.client.exists(bell):
                    return True
                time.sleep(min(left, LOOK_SECONDS))
        return False


def _state_in(text: str) -> State:
    """The state in a record. One that is none counts as running: nothing of the job is removed."""
    try:
        return State(text)
    except ValueError:
        return State.RUNNING
