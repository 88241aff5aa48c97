"""The job store on Redis. Keys: `job:<id>` and `job:<id>:*`, `jobs*`, `small:*`, `answers:*`."""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from redis.exceptions import LockError

from shared.dispatch import bulk_queue
from shared.errors import IdempotencyKeyInUse, JobExpired, JobNotFound
from shared.job import ENDED, CallbackState, Job, Part, Spec, State, is_job_id, sources_of
from shared.job_store import FINISH, NOTHING, BadRow, Begun, Load, Overdue, Spent, Walk
from shared.outcome import BINS, Outcome, Summary, bits_of
from shared.redis_callbacks import RedisCallbacks
from shared.redis_held_keys import UNBOUND, RedisHeldKeys, bound
from shared.redis_link import block
from shared.redis_small_jobs import RedisSmallJobs

#: What `job:<id>` has behind it.
_TAILS = (
    "", ":parts", ":done", ":bad", ":summary", ":leases", ":attempts", ":notes", ":rows", ":result",
    ":bell",
)  # fmt: skip

#: How long the id of an expired job answers 410 rather than 404, in seconds.
TOMBSTONE_SECONDS = 86400

#: What a script answers that has failed the job it was to go on with.
_FAILED = 2

#: Fields of a record that are the job's by the same name.
_FIELDS = Job.model_fields.keys() - {"spec", "parts_done"}


class RedisJobStore(RedisSmallJobs, RedisCallbacks, RedisHeldKeys):
    """`shared.job_store.JobStore` on Redis; what must be atomic is a script in `shared/lua`."""

    def now(self) -> float:
        """Seconds since the epoch, by Redis's clock."""
        return self._link.now()

    def create(self, job: Job, rows: bytes = b"") -> bool:
        """Record a new job; the rows of a small one with it, in its model's waiting list."""
        spec, record = job.spec, _record_of(job)
        # From now on: the job may be older, by the time that its upload took.
        record["split_lease"] = self.now() + self._lease
        if spec.kind == "small":
            waiting = self._link.run(
                "create_small", spec.id, spec.full_name, rows, self._most_small,
                *bound(spec, self._binding_seconds), *_flat(record),
            )  # fmt: skip
            if waiting < 0:
                raise IdempotencyKeyInUse
            if not waiting:
                raise self._full()
            return self._must_ring(waiting)
        place = ("active", job.created_at, *bound(spec, self._binding_seconds))
        if not self._link.run("create_bulk", spec.id, *place, *_flat(record)):
            raise IdempotencyKeyInUse
        return False

    def restore(self, job: Job, parts: list[Part], outcome: Outcome | None = None) -> None:
        """Record a bulk job again that the store has lost, unless it is recorded."""
        spec, record = job.spec, _record_of(job) | {"restored": 1}
        if spec.binding:
            left = int(job.created_at + self._binding_seconds - self.now())
            self._link.run("bind_key", spec.id, *bound(spec, left))
        if job.state not in ENDED:
            # From the beginning, and at once; parts whose results are there are not scored again.
            record |= {"state": State.QUEUED.value, "split_lease": 0}
            place = ("active", job.created_at, *UNBOUND)
            self._link.run("create_bulk", spec.id, *place, *_flat(record))
            return
        outcome = outcome or Outcome(done=bits_of(set(range(len(parts)))))
        counted = dict.fromkeys(("parts", "dispatched"), len(parts))
        counted["done"] = len(outcome.done_parts())
        expires = (job.finished_at or self.now()) + (spec.retention or self._retention)
        pipe = self._link.client.pipeline()
        pipe.delete(self._job(spec.id, "parts"))
        if parts:
            pipe.rpush(self._job(spec.id, "parts"), *map(_text_of, parts))
        # By the rest of the record: these are nothing by themselves.
        pipe.set(self._job(spec.id, "done"), bytes.fromhex(outcome.done))
        pipe.set(self._job(spec.id, "bad"), bytes.fromhex(outcome.bad))
        if fields := _fields_of(outcome.summary):
            pipe.hset(self._job(spec.id, "summary"), mapping=fields)
        self._link.run(
            "create_bulk", spec.id, "ended", expires, *UNBOUND,
            *_flat(record | counted | {"split": 1}), pipe=pipe,
        )  # fmt: skip
        if job.callback_state is CallbackState.PENDING:
            # Perhaps once more than need be: it has the same id.
            pipe.zadd(self._link.key("callbacks"), {spec.id: self.now()})
        pipe.execute()

    def known(self, job_ids: list[str]) -> dict[str, State]:
        """The states of those of these jobs that are recorded."""
        pipe = self._link.client.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.hget(self._job(job_id), "state")
        states = zip(job_ids, pipe.execute(), strict=True)
        return {job_id: State(state) for job_id, state in states if state}

    def since(self) -> float:
        """From when on the store remembers everything: its first job, or first `due`; else 0."""
        return float(self._link.client.get(self._link.key("since")) or 0)

    def load(self, owner: str) -> Load:
        """What waits, in all and of one owner."""
        return Load(*self._link.run("load", owner))

    def spend(self, owner: str, seconds: int) -> Spent:
        """Count a request of an owner, in a window of so many seconds."""
        count, milliseconds = self._link.run("spend", owner, seconds)
        return Spent(count, milliseconds / 1000)

    def get(self, job_id: str) -> Job:
        """The job as it stands."""
        record = self._link.client.hgetall(self._job(job_id))
        if record.get("state") == State.EXPIRED:
            raise JobExpired(job_id=job_id, owner=record.get("owner", ""))
        job = _job_of(record)
        if job is None:
            raise JobNotFound(job_id=job_id)
        return job

    def list_jobs(
        self, limit: int, before: str | None = None, owner: str | None = None
    ) -> list[Job]:
        """The newest jobs first, of one owner or of all."""
        index = self._link.key("jobs", "of", owner) if owner else self._link.key("jobs")
        ids = self._link.client.zrevrangebylex(
            index, f"({before}" if before else "+", "-", 0, limit
        )
        pipe = self._link.client.pipeline(transaction=False)
        for job_id in ids:
            pipe.hgetall(self._job(job_id))
        return [job for record in pipe.execute() if (job := _job_of(record))]

    def move(self, job_id: str, to: State, error: str = "") -> bool:
        """Move a job to a state, if `shared.job.MOVES` has that move; say whether it moved."""
        return bool(
            self._link.run("move", job_id, to.value, error, self._retention, *sources_of(to))
        )

    def delete(self, job_id: str) -> None:
        """Forget a job and everything recorded with it."""
        owner = self._link.client.hget(self._job(job_id), "owner") or ""
        pipe = self._link.client.pipeline()
        pipe.delete(*(self._job(job_id) + tail for tail in _TAILS))
        pipe.zrem(self._link.key("jobs", "of", owner), job_id)
        for index in ("jobs", "jobs:active", "jobs:ended", "small:claims", "callbacks"):
            pipe.zrem(self._link.key(index), job_id)
        pipe.execute()

    def wait(self, job_id: str, seconds: float) -> bool:
        """Block until the job's bell rings; say whether it did in time."""
        bell, until = self._job(job_id, "bell"), time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            # Moved from the list onto itself: the bell stays rung for whoever else waits.
            if self._link.patient.blmove(bell, bell, block(left)) is not None:
                return True
        return False

    def last_part(self, job_id: str) -> tuple[int, Part | None]:
        """How many parts are recorded, and the last of them."""
        pipe = self._link.client.pipeline()
        pipe.llen(self._job(job_id, "parts"))
        pipe.lindex(self._job(job_id, "parts"), -1)
        known, last = pipe.execute()
        return known, _part_of(last) if last else None

    def parts(self, job_id: str, begin: int, end: int) -> list[Part]:
        """The parts with numbers from `begin` to `end` - 1, as far as they are recorded."""
        return [
            _part_of(text)
            for text in self._link.client.lrange(self._job(job_id, "parts"), begin, end - 1)
        ]

    def add_parts(
        self, job_id: str, parts: list[Part], *, known: int, last: bool, lanes: int
    ) -> Walk:
        """Record parts that were cut, behind the `known` ones; `last`: there are no more."""
        cut_bytes = parts[-1].end if parts else 0
        return self._walk(
            "add_parts", job_id, known, int(last), lanes, self._lease, self._retention, cut_bytes,
            *map(_text_of, parts),
        )  # fmt: skip

    def begin_part(self, job_id: str, part: int) -> Begun | None:
        """Take up a part that was handed out, for one lease; None where there is nothing to do."""
        answer = self._link.run("begin_part", job_id, part, self._lease)
        if not answer:
            return None
        where, attempts, note, restored = answer
        return Begun(_part_of(where), attempts, note, attempts > 1 or bool(restored))

    def note(self, job_id: str, part: int, note: str) -> None:
        """Leave a note for whoever takes the part up next; nothing, where the job does not run."""
        self._link.run("note", job_id, part, note)

    def renew_part(self, job_id: str, part: int) -> None:
        """Renew the lease of a part, if it is under way."""
        self._link.run("renew", self._job(job_id, "leases"), self._lease, part)

    def hold_up(self, job_id: str, part: int, reason: str) -> None:
        """Give a part back that could not be done, for a reason that lies in none of its rows."""
        self._link.run("hold_up", job_id, part, self._lease, reason)

    def complete_part(
        self,
        job_id: str,
        part: int,
        *,
        completed: int,
        failed: int,
        lanes: int,
        bad: BadRow | None = None,
        summary: Summary = NOTHING,
    ) -> Walk:
        """Mark a part done that was handed out, and count its rows, the first time only."""
        first = (bad.row, bad.said) if bad else ("", "")
        scores = summary.total, _or_nothing(summary.least), _or_nothing(summary.most)
        return self._walk(
            "complete_part", job_id, part, completed, failed, lanes, self._lease, self._retention,
            *first, *scores, *_flat(_counts_of(summary)),
        )  # fmt: skip

    def outcome(self, job_id: str) -> Outcome:
        """Which parts of a bulk job are done, and what their scores come to."""
        pipe = self._link.client.pipeline(transaction=False)
        # Bits are no text, which the client takes everything for.
        pipe.execute_command("GET", self._job(job_id, "done"), NEVER_DECODE=True)
        pipe.execute_command("GET", self._job(job_id, "bad"), NEVER_DECODE=True)
        pipe.hgetall(self._job(job_id, "summary"))
        done, bad, fields = pipe.execute()
        return Outcome(
            done=(done or b"").hex(), bad=(bad or b"").hex(), summary=_summary_of(fields)
        )

    def begin_finish(self, job_id: str) -> bool:
        """Take up what is left to do when all parts are done, for one lease."""
        return bool(self._link.run("begin_finish", job_id, FINISH, self._lease))

    def _walk(self, script: str, *args: Any) -> Walk:
        counted, all_done, *dispatch = self._link.run(script, *args)
        return Walk(counted == 1, bool(all_done), dispatch, failed=counted == _FAILED)

    def waits(self, full_names: Collection[str]) -> bool:
        """Whether any message or small job waits for a worker that serves these models."""
        pipe = self._link.client.pipeline(transaction=False)
        for full_name in full_names:
            pipe.llen(self._small(full_name))
            pipe.llen(self._link.prefix + bulk_queue(full_name))
        return any(pipe.execute())

    @contextmanager
    def reconciling(self, seconds: float) -> Iterator[bool]:
        """Hold the reconciler's lock for at most so many seconds; gives whether it was had."""
        lock = self._link.client.lock(
            self._link.key("reconciling"), timeout=seconds, blocking=False
        )
        held = lock.acquire()
        try:
            yield held
        finally:
            if held:
                # It may have taken longer than the lock lasts; another may hold it by now.
                with suppress(LockError):
                    lock.release()

    def due(self, what: str, seconds: float) -> bool:
        """Whether a thing is to be done that is done every so many seconds; once it is said, no."""
        now = self.now()
        pipe = self._link.client.pipeline()
        # Kept for ever, and lost with everything else.
        pipe.set(self._link.key("since"), now, nx=True)
        pipe.set(self._link.key("done", what), now, nx=True, px=round(seconds * 1000))
        return bool(pipe.execute()[1])

    def waited_for(self) -> set[str]:
        """The model versions for which bulk or small jobs wait."""
        small = self._link.client.smembers(self._link.key("small", "models"))
        return {job.spec.full_name for job in self._active()} | {
            full_name for full_name in small if self.waiting_small(full_name)
        }

    def abandon(self, full_name: str, reason: str) -> int:
        """Move every job of a model version that has not ended to `failed`; how many."""
        ids = [job.spec.id for job in self._active() if job.spec.full_name == full_name]
        while item := self._link.client.rpop(self._small(full_name)):
            # A question has its rows behind its id; who asked gives up by itself.
            if is_job_id(item):
                ids.append(item)
        return sum(self.move(job_id, State.FAILED, reason) for job_id in ids)

    def overdue(self, full_names: Collection[str]) -> list[Overdue]:
        """The bulk jobs of these models that wait for what was dispatched and got lost."""
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
        return [job for record in pipe.execute() if (job := _job_of(record))]

    def expire(self, limit: int) -> list[Job]:
        """Move jobs that ended longer than the retention ago to `expired`; at most `limit`."""
        ended = self._link.key("jobs", "ended")
        expired = []
        for job_id in self._link.client.zrangebyscore(ended, "-inf", self.now(), 0, limit):
            job = _job_of(self._link.client.hgetall(self._job(job_id)))
            if job and self.move(job_id, State.EXPIRED):
                expired.append(job)
            pipe = self._link.client.pipeline()
            pipe.delete(*(self._job(job_id) + tail for tail in _TAILS))
            if job:
                # No more than the id needs to say so: there may be very many.
                left = {"state": State.EXPIRED.value, "owner": job.spec.owner}
                pipe.hset(self._job(job_id), mapping=left)
                pipe.expire(self._job(job_id), TOMBSTONE_SECONDS)
            pipe.zrem(self._link.key("jobs"), job_id)
            pipe.zrem(self._link.key("jobs", "of", job.spec.owner if job else ""), job_id)
            pipe.zrem(ended, job_id)
            pipe.execute()
        return expired


def _record_of(job: Job) -> dict[str, Any]:
    """A record of the job, before anything was done of it."""
    record = job.model_dump(mode="json", include=_FIELDS, exclude_none=True)
    nothing = dict.fromkeys(("parts", "dispatched", "done", "cut_rows"), 0)
    own: dict[str, Any] = {"spec": job.spec.model_dump_json(), "full_name": job.spec.full_name}
    own |= {"owner": job.spec.owner, "about_rows": job.spec.about_rows}
    if job.spec.traceparent and job.spec.kind == "small":
        own["traceparent"] = job.spec.traceparent
    if job.spec.tolerance < 1:
        own["tolerance"] = job.spec.tolerance
    if job.spec.retry_of:
        # The results of its parts may be there, as those of a job that was restored.
        own["restored"] = 1
    if job.spec.retention:
        own["retention"] = job.spec.retention
    if job.spec.callback_url and not job.callback_state:
        own["callback_state"] = CallbackState.WAITING.value
    return record | nothing | own | {"cut_bytes": job.spec.layout.start}


def _flat(record: dict[str, Any]) -> list[Any]:
    return [text for pair in record.items() for text in pair]


def _text_of(part: Part) -> str:
    return f"{part.offset},{part.length},{part.first_row},{part.rows}"


def _part_of(text: str) -> Part:
    offset, length, first_row, rows = map(int, text.split(","))
    return Part(offset=offset, length=length, first_row=first_row, rows=rows)


def _job_of(record: dict[str, str]) -> Job | None:
    """The job in a record; None where there is none, or only what a late writer left of one."""
    if "spec" not in record:
        return None
    return Job(
        spec=Spec.model_validate_json(record["spec"]),
        parts_done=int(record["done"]),
        # pydantic makes numbers and a state of their texts
        **{name: record[name] for name in _FIELDS if name in record},
    )


#: What fields of a summary begin with.
_BIN, _ERROR = "bin:", "error:"


def _counts_of(summary: Summary) -> dict[str, Any]:
    """The fields of a summary that are added up."""
    bins = {f"{_BIN}{at}": rows for at, rows in enumerate(summary.bins) if rows}
    return bins | {f"{_ERROR}{kind}": rows for kind, rows in summary.errors.items()}


def _fields_of(summary: Summary) -> dict[str, Any]:
    scores = {"total": summary.total, "least": summary.least, "most": summary.most}
    return _counts_of(summary) | (scores if summary.scored else {})


def _summary_of(fields: dict[str, str]) -> Summary:
    least, most = fields.get("least"), fields.get("most")
    return Summary(
        bins=tuple(int(fields.get(f"{_BIN}{at}", 0)) for at in range(BINS)),
        total=float(fields.get("total", 0)),
        least=None if least is None else float(least),
        most=None if most is None else float(most),
        errors={
            name.removeprefix(_ERROR): int(rows)
            for name, rows in fields.items()
            if name.startswith(_ERROR)
        },
    )


def _or_nothing(score: float | None) -> float | str:
    return "" if score is None else score
