"""Doubles of the job store and the overview: in a dict, held to the contracts of those on Redis."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import Any

from shared.errors import IdempotencyKeyInUse, JobExpired, JobNotFound, ServiceFull
from shared.job import ENDED, MOVES, Binding, CallbackState, Job, Part, State, made_at
from shared.job_store import (
    FINISH,
    NOTHING,
    Answer,
    BadRow,
    Begun,
    Held,
    Load,
    Overdue,
    Question,
    SmallJob,
    Spent,
    Walk,
)
from shared.outcome import Outcome, Summary, bits_of
from shared.overview import Standing, Totals
from shared.settings import Settings


@dataclass
class _Record:
    job: Job
    rows: bytes = b""
    result: bytes = b""
    parts: list[Part] = field(default_factory=list)
    complete: bool = False
    dispatched: int = 0
    done: set[int] = field(default_factory=set)
    leases: dict[int, float] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    split_lease: float = 0.0
    small_attempts: int = 0
    claim: float | None = None
    bad: BadRow | None = None
    restored: bool = False
    callback_due: float = 0.0
    bad_parts: set[int] = field(default_factory=set)
    summary: Summary = NOTHING

    def update(self, **changes: Any) -> None:
        if self.job.spec.callback_url and changes.get("state") in ENDED - {State.EXPIRED}:
            changes |= {"callback_state": CallbackState.PENDING, "callback_attempts": None}
            self.callback_due = time.time()
        self.job = self.job.model_copy(update=changes)

    def await_callback(self) -> None:
        if self.job.callback_state is CallbackState.PENDING:
            self.callback_due = time.time()
        elif self.job.spec.callback_url and not self.job.callback_state:
            self.update(callback_state=CallbackState.WAITING)

    def walk(self, lanes: int, lease: float) -> list[int]:
        go = []
        while self.dispatched < len(self.parts) and self.dispatched - len(self.done) < lanes:
            self.leases[self.dispatched] = time.time() + lease
            go.append(self.dispatched)
            self.dispatched += 1
        return go

    def fails(self) -> bool:
        """Fail the job if too many of its rows have an error; whether it did."""
        job = self.job
        most, failed, total = job.spec.tolerance, job.failed, job.total
        if not failed or most == 1 or (failed / total <= most if total else most > 0):
            return False
        allows = "fail" if most == 0 else repr(most)
        error = (
            f"More rows have an error than on_error={allows} allows: {failed} "
            f"{f'of {total}' if total else 'so far'}. The first found is "
            f"{self.bad and self.bad.said}."
        )
        self.update(state=State.FAILED, finished_at=time.time(), error=error, held_up=None)
        self.leases.clear()
        return True

    def is_leased(self, part: int) -> bool:
        return self.leases.get(part, 0.0) > time.time()

    @property
    def all_done(self) -> bool:
        return self.complete and len(self.done) == len(self.parts)


def put_together(one: Summary, other: Summary) -> Summary:
    scores = [
        score for score in (one.least, one.most, other.least, other.most) if score is not None
    ]
    return Summary(
        bins=tuple(map(sum, zip(one.bins, other.bins, strict=True))),
        total=one.total + other.total,
        least=min(scores, default=None),
        most=max(scores, default=None),
        errors=Counter(one.errors) + Counter(other.errors),
    )


class InMemoryJobStore:
    """The job store in a dict, for one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._records: dict[str, _Record] = {}
        self._waiting: dict[str, deque[str | Question]] = {}
        self._answers: dict[str, Queue[tuple[str, bytes]]] = defaultdict(Queue)
        self._held = False
        self._since = 0.0
        self._due: dict[str, float] = {}
        self._keys: dict[str, tuple[Binding, float]] = {}
        self._spent: dict[str, tuple[float, int]] = {}

    def now(self) -> float:
        return time.time()

    def since(self) -> float:
        return self._since

    def known(self, job_ids: list[str]) -> dict[str, State]:
        return {one: self._records[one].job.state for one in job_ids if one in self._records}

    def restore(self, job: Job, parts: list[Part], outcome: Outcome | None = None) -> None:
        if job.spec.id in self._records:
            return
        if job.spec.binding:
            self._bind(job)
        record = _Record(job, parts=list(parts), restored=True)
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
        record.await_callback()

    def due(self, what: str, seconds: float) -> bool:
        now = time.time()
        self._since = self._since or now
        is_due = self._due.get(what, 0.0) <= now
        if is_due:
            self._due[what] = now + seconds
        return is_due

    def waited_for(self) -> set[str]:
        jobs = [record.job for record in self._records.values()]
        return {job.spec.full_name for job in jobs if job.state not in ENDED}

    def abandon(self, full_name: str, reason: str) -> int:
        self._waiting.pop(full_name, None)
        jobs = [record.job for record in self._records.values()]
        ids = [job.spec.id for job in jobs if job.spec.full_name == full_name]
        return sum(self.move(job_id, State.FAILED, reason) for job_id in ids)

    def create(self, job: Job, rows: bytes = b"") -> bool:
        if job.spec.id in self._records:
            return False
        lease = time.time() + self._settings.lease_seconds
        job = job.model_copy(update={"cut_bytes": job.spec.layout.start})
        if job.spec.binding and not self._bind(job):
            raise IdempotencyKeyInUse
        restored = job.spec.retry_of is not None
        self._records[job.spec.id] = _Record(job, rows, split_lease=lease, restored=restored)
        self._records[job.spec.id].await_callback()
        self._since = self._since or made_at(job.spec.id)
        if job.spec.kind == "bulk":
            return False
        try:
            return self._push(job.spec.full_name, job.spec.id)
        except ServiceFull:
            del self._records[job.spec.id]
            raise

    def _bind(self, job: Job) -> bool:
        own = job.spec.binding
        left = job.created_at + self._settings.idempotency_seconds - time.time()
        if own is None or left <= 0:
            return False
        held = self._who_has(own.key)
        if held and (held.token != own.token or held.job_id not in ("", job.spec.id)):
            return False
        bound = own.model_copy(update={"job_id": job.spec.id})
        self._keys[own.key] = (bound, time.time() + left)
        return True

    def _who_has(self, key: str) -> Binding | None:
        binding, until = self._keys.get(key, (None, 0.0))
        if binding is None or until <= time.time():
            return None
        record = self._records.get(binding.job_id)
        gone = binding.job_id and (record is None or record.job.state is State.EXPIRED)
        return None if gone else binding

    def hold_key(self, key: str, token: str, seconds: float) -> Held | None:
        if found := self._who_has(key):
            return Held(found if found.job_id else None, self._keys[key][1] - time.time())
        empty = Binding(key=key, token=token, fingerprint="")
        self._keys[key] = (empty, time.time() + seconds)
        return None

    def renew_key(self, key: str, token: str, seconds: float) -> None:
        found = self._who_has(key)
        if found and found.token == token and not found.job_id:
            self._keys[key] = (found, time.time() + seconds)

    def release_key(self, key: str, token: str) -> None:
        found = self._who_has(key)
        if found and found.token == token:
            del self._keys[key]

    def load(self, owner: str) -> Load:
        jobs = [one.job for one in self._records.values()]
        jobs = [job for job in jobs if job.spec.kind == "bulk" and job.state not in ENDED]
        rows = {job.spec.id: (job.total or job.spec.about_rows) - job.rows_done for job in jobs}
        own = [job.spec.id for job in jobs if job.spec.owner == owner]
        return Load(len(jobs), sum(rows.values()), len(own), sum(rows[one] for one in own))

    def spend(self, owner: str, seconds: int) -> Spent:
        until, count = self._spent.get(owner, (0.0, 0))
        if until <= time.time():
            until, count = time.time() + seconds, 0
        self._spent[owner] = until, count + 1
        return Spent(count + 1, until - time.time())

    def _push(self, full_name: str, item: str | Question) -> bool:
        waiting = self._waiting.setdefault(full_name, deque())
        if len(waiting) >= self._settings.max_waiting_small:
            raise ServiceFull(what=f"{len(waiting):,} small jobs and questions")
        waiting.appendleft(item)
        return len(waiting) == 1 or len(waiting) % self._settings.batch_rows == 0

    def ask(self, full_name: str, question: Question) -> bool:
        return self._push(full_name, question)

    def is_waiting(self, full_name: str, question: Question) -> bool:
        return question in self._waiting.get(full_name, ())

    def withdraw(self, full_name: str, question: Question) -> None:
        if self.is_waiting(full_name, question):
            self._waiting[full_name].remove(question)

    def listen(self, address: str, seconds: float) -> list[tuple[str, bytes]]:
        try:
            return [self._answers[address].get(timeout=seconds)]
        except Empty:
            return []

    def get(self, job_id: str) -> Job:
        if job_id not in self._records:
            raise JobNotFound(job_id=job_id)
        job = self._records[job_id].job
        if job.state is State.EXPIRED:
            raise JobExpired(job_id=job_id, owner=job.spec.owner)
        return job

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

    def move(self, job_id: str, to: State, error: str = "") -> bool:
        record = self._records.get(job_id)
        if record is None or to not in MOVES[record.job.state]:
            return False
        if to is State.RUNNING:
            record.update(state=to, started_at=time.time())
            return True
        record.update(state=to, finished_at=time.time(), held_up=None)
        if error:
            record.update(error=error)
        record.leases.clear()
        return True

    def delete(self, job_id: str) -> None:
        self._records.pop(job_id, None)

    def wait(self, job_id: str, seconds: float) -> bool:
        record = self._records.get(job_id)
        return record is not None and record.job.state in ENDED

    def last_part(self, job_id: str) -> tuple[int, Part | None]:
        parts = self._records[job_id].parts if job_id in self._records else []
        return len(parts), parts[-1] if parts else None

    def parts(self, job_id: str, begin: int, end: int) -> list[Part]:
        return self._records[job_id].parts[begin:end] if job_id in self._records else []

    def _running(self, job_id: str) -> _Record | None:
        record = self._records.get(job_id)
        return record if record and record.job.state is State.RUNNING else None

    def add_parts(
        self, job_id: str, parts: list[Part], *, known: int, last: bool, lanes: int
    ) -> Walk:
        record = self._running(job_id)
        if record is None or len(record.parts) != known or record.complete:
            return Walk()
        record.parts += parts
        rows = record.job.cut_rows + sum(part.rows for part in parts)
        record.update(parts=len(record.parts), cut_rows=rows)
        if parts:
            record.update(cut_bytes=parts[-1].end)
        if last:
            record.complete = True
            record.update(total=rows)
            if record.fails():
                return Walk(failed=True)
        record.split_lease = time.time() + self._settings.lease_seconds
        go = record.walk(lanes, self._settings.lease_seconds)
        return Walk(True, record.all_done, go)

    def begin_part(self, job_id: str, part: int) -> Begun | None:
        record = self._running(job_id)
        if record is None or part in record.done or part >= record.dispatched:
            return None
        record.leases[part] = time.time() + self._settings.lease_seconds
        record.attempts[part] = record.attempts.get(part, 0) + 1
        attempts, note = record.attempts[part], record.notes.get(part, "")
        return Begun(record.parts[part], attempts, note, attempts > 1 or record.restored)

    def renew_part(self, job_id: str, part: int) -> None:
        record = self._running(job_id)
        if record and part in record.leases:
            record.leases[part] = time.time() + self._settings.lease_seconds

    def hold_up(self, job_id: str, part: int, reason: str) -> None:
        if record := self._running(job_id):
            record.attempts[part] = max(record.attempts.get(part, 0) - 1, 0)
            record.update(held_up=reason)
            record.leases[part] = time.time() + self._settings.lease_seconds

    def note(self, job_id: str, part: int, note: str) -> None:
        if record := self._running(job_id):
            record.notes[part] = note

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
        record = self._running(job_id)
        if record is None or part >= record.dispatched:
            return Walk()
        record.leases.pop(part, None)
        if part in record.done:
            return Walk(wanted=True)
        record.done.add(part)
        record.update(
            completed=record.job.completed + completed,
            failed=record.job.failed + failed,
            parts_done=len(record.done),
            held_up=None,
        )
        record.summary = put_together(record.summary, summary)
        if failed:
            record.bad_parts.add(part)
        if bad and (record.bad is None or bad.row < record.bad.row):
            record.bad = bad
        if record.fails():
            return Walk(failed=True)
        go = record.walk(lanes, self._settings.lease_seconds)
        return Walk(True, record.all_done, go)

    def outcome(self, job_id: str) -> Outcome:
        record = self._records.get(job_id)
        if record is None:
            return Outcome()
        done, bad = bits_of(record.done), bits_of(record.bad_parts)
        return Outcome(done=done, bad=bad, summary=record.summary)

    def begin_finish(self, job_id: str) -> bool:
        record = self._running(job_id)
        if record is None or not record.all_done or record.is_leased(FINISH):
            return False
        record.leases[FINISH] = time.time() + self._settings.lease_seconds
        return True

    def take_small(self, full_name: str, rows: int) -> tuple[list[SmallJob], int]:
        waiting = self._waiting.get(full_name, deque())
        taken: list[SmallJob] = []
        room = rows
        while room > 0 and waiting:
            item = waiting[-1]
            record = None if isinstance(item, Question) else self._records.get(item)
            if isinstance(item, Question):
                count, tried, is_open = item.count, item.asked, True
            else:
                count = record.job.total or 0 if record else 0
                tried = record.small_attempts if record else 0
                is_open = bool(record) and record.job.state in (State.QUEUED, State.RUNNING)
            if is_open and taken and (tried or count > room):
                break
            waiting.pop()
            if not is_open:
                continue
            if isinstance(item, Question):
                taken.append(
                    SmallJob(
                        item.id, tried + 1, item.rows, item.reply_to, traceparent=item.traceparent
                    )
                )
            elif record:
                taken.append(self._take(record))
            room = 0 if tried else room - count
        return taken, len(waiting)

    def _take(self, record: _Record) -> SmallJob:
        record.small_attempts += 1
        record.claim = time.time() + self._settings.lease_seconds
        record.update(state=State.RUNNING, started_at=record.job.started_at or time.time())
        note = record.notes.get(0, "")
        spec = record.job.spec
        return SmallJob(
            spec.id, record.small_attempts, record.rows, note=note, traceparent=spec.traceparent
        )

    def renew_small(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            record = self._running(job_id)
            if record and record.claim is not None:
                record.claim = time.time() + self._settings.lease_seconds

    def answer_small(self, answers: list[Answer]) -> None:
        for answer in answers:
            if answer.reply_to:
                self._answers[answer.reply_to].put((answer.id, answer.result))
            elif record := self._running(answer.id):
                record.result, record.claim, record.bad = answer.result, None, answer.bad
                record.update(completed=answer.completed, failed=answer.failed)
                if not record.fails():
                    record.update(state=State.SUCCEEDED, finished_at=time.time())

    def small_rows(self, job_id: str) -> bytes:
        record = self._records.get(job_id)
        return b"" if record is None or record.job.state is State.SUCCEEDED else record.rows

    def take_callbacks(self, most: int, seconds: float) -> list[tuple[str, int]]:
        taken: list[tuple[str, int]] = []
        # The sender's threads come here too.
        for job_id, record in list(self._records.items()):
            job, now = record.job, time.time()
            is_due = job.callback_state is CallbackState.PENDING and record.callback_due <= now
            if is_due and job.state is not State.EXPIRED and len(taken) < most:
                record.callback_due = now + seconds
                record.update(callback_attempts=(job.callback_attempts or 0) + 1)
                taken.append((job_id, record.job.callback_attempts or 0))
        return taken

    def return_callback(self, job_id: str, seconds: float) -> None:
        record = self._records.get(job_id)
        if record and record.job.callback_state is CallbackState.PENDING:
            record.callback_due = time.time() + seconds
            record.update(callback_attempts=max((record.job.callback_attempts or 0) - 1, 0))

    def note_callback(
        self, job_id: str, state: CallbackState, *, error: str = "", again_in: float = 0.0
    ) -> None:
        record = self._records.get(job_id)
        if record and record.job.callback_state is CallbackState.PENDING:
            record.callback_due = time.time() + again_in
            record.update(callback_state=state, callback_error=error or None)

    def small_result(self, job_id: str) -> bytes:
        return self._records[job_id].result if job_id in self._records else b""

    def return_small(self) -> list[str]:
        models = set()
        for job_id, record in self._records.items():
            if record.claim is not None and record.claim <= time.time():
                record.claim = None
                if record.job.state is State.RUNNING:
                    self._waiting[record.job.spec.full_name].append(job_id)
                    models.add(record.job.spec.full_name)
        return sorted(models)

    def waiting_small(self, full_name: str) -> int:
        return len(self._waiting.get(full_name, ()))

    def waits(self, full_names: Collection[str]) -> bool:
        return any(self.waiting_small(full_name) for full_name in full_names)

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
            split = not record.complete and record.split_lease < now
            finish = record.all_done and job.state is State.RUNNING
            finish = finish and not record.is_leased(FINISH)
            if finish:
                record.leases.pop(FINISH, None)
            parts = sorted(part for part, lease in record.leases.items() if lease <= now)
            again = now + self._settings.lease_seconds
            if split:
                record.split_lease = again
            record.leases.update(dict.fromkeys(parts, again))
            if split or parts or finish:
                found.append(Overdue(job, split, finish, parts))
        return found

    def expire(self, limit: int) -> list[Job]:
        now, most = time.time(), self._settings.retention_seconds
        expired = []
        for job_id, record in self._records.items():
            job = record.job
            kept = job.spec.retention or most
            due = job.finished_at is not None and job.finished_at + kept <= now
            if due and len(expired) < limit and self.move(job_id, State.EXPIRED):
                record.result = b""
                expired.append(job)
        return expired


class InMemoryOverview:
    """How the service stands, counted from the records of a job store in memory."""

    def __init__(self, store: InMemoryJobStore) -> None:
        self._store = store

    def standing(self, full_names: Collection[str]) -> dict[str, Standing]:
        records = list(self._store._records.values())
        there = {one.job.spec.full_name for one in records if one.job.state not in ENDED}
        names = {*full_names, *there, *self._store._waiting}
        return {name: self._of(name, records) for name in names}

    def _of(self, name: str, records: list[_Record]) -> Standing:
        mine = [one for one in records if one.job.spec.full_name == name]
        bulk = [one for one in mine if one.job.spec.kind == "bulk" and one.job.state not in ENDED]
        claimed = [one for one in mine if one.claim is not None]
        left, in_work = 0, 0
        for one in bulk:
            left += (one.job.total or one.job.spec.about_rows) - one.job.rows_done
            in_work += sum(one.parts[part].rows for part in one.leases if one.attempts.get(part))
        waiting = self._store._waiting.get(name, deque())
        first = waiting[-1] if waiting else ""
        first_id = first.id if isinstance(first, Question) else first
        return Standing(
            queued_jobs=sum(one.job.state is State.QUEUED for one in bulk),
            running_jobs=sum(one.job.state is State.RUNNING for one in bulk),
            waiting_rows=max(left - in_work, 0),
            running_rows=in_work,
            waiting_small=len(waiting),
            running_small=len(claimed),
            oldest_small_seconds=max(time.time() - made_at(first_id), 0.0) if first_id else 0.0,
        )

    def totals(self) -> Totals:
        totals = Totals()
        for one in self._store._records.values():
            job, name = one.job, one.job.spec.full_name
            if job.rows_done:
                totals.completed[name] = totals.completed.get(name, 0) + job.completed
                totals.failed[name] = totals.failed.get(name, 0) + job.failed
            if one.done:
                totals.parts[name] = totals.parts.get(name, 0) + len(one.done)
            if job.state in ENDED:
                totals.ended[job.state] = totals.ended.get(job.state, 0) + 1
        return totals
