"""Small jobs and questions in memory."""

import time
from collections import deque
from collections.abc import Mapping
from queue import Empty

from support.doubles.record import Record
from support.doubles.usage import InMemoryUsage
from typing_extensions import override

from shared.drift.counts import Counts
from shared.errors.service import ServiceFull
from shared.jobs.job_store import (
    Answer,
    Question,
    SmallJob,
)
from shared.jobs.state import State
from shared.jobs.usage import Claim, Used


class InMemorySmallJobs(InMemoryUsage):
    """Small jobs and questions in deques."""

    def _push(self, full_name: str, item: str | Question) -> bool:
        waiting = self._waiting.setdefault(full_name, deque())
        if len(waiting) >= self._settings.max_waiting_small:
            raise ServiceFull(what=f"{len(waiting):,} small jobs and questions")
        waiting.appendleft(item)
        return len(waiting) == 1 or len(waiting) % self._settings.batch_rows == 0

    @override
    def ask(self, full_name: str, question: Question, bell: str = "") -> bool:
        if question.asked:
            return self._push(full_name, question)
        claim = Claim(question.count, question.budgets)
        taken = self._take_rows(claim)
        try:
            must_ring = self._push(full_name, question)
        except ServiceFull:
            self._let_be_taken(taken, 0)
            raise
        self._asked[question.id] = question, taken
        return must_ring

    @override
    def is_waiting(self, full_name: str, question: Question) -> bool:
        return question in self._waiting.get(full_name, ())

    @override
    def withdraw(self, full_name: str, question: Question) -> None:
        if self.is_waiting(full_name, question):
            self._waiting[full_name].remove(question)
        if question.id in self._asked:
            self._let_be_taken(self._asked.pop(question.id)[1], 0)

    @override
    def listen(self, address: str, seconds: float) -> list[tuple[str, bytes]]:
        try:
            return [self._answers[address].get(timeout=seconds)]
        except Empty:
            return []

    @override
    def take_small(
        self, full_name: str, rows: int, beside_bulk: int | None = None
    ) -> tuple[list[SmallJob], int]:
        # The queue is not in this store, so no bulk step is seen to wait.
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
                        item.id,
                        tried + 1,
                        item.rows,
                        item.reply_to,
                        traceparent=item.traceparent,
                        count=item.count,
                    )
                )
            elif record:
                taken.append(self._take(record))
            room = 0 if tried else room - count
        return taken, len(waiting)

    def _take(self, record: Record) -> SmallJob:
        record.small_attempts += 1
        record.claim = time.time() + self._settings.lease_seconds
        record.update(state=State.RUNNING, started_at=record.job.started_at or time.time())
        note = record.notes.get(0, "")
        spec = record.job.spec
        return SmallJob(
            spec.id,
            record.small_attempts,
            record.rows,
            note=note,
            traceparent=spec.traceparent,
            count=record.job.total or 0,
        )

    @override
    def renew_small(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            record = self._running(job_id)
            if record and record.claim is not None:
                record.claim = time.time() + self._settings.lease_seconds

    @override
    def answer_small(
        self,
        answers: list[Answer],
        libraries: str = "",
        watched: Mapping[str, Counts] | None = None,
    ) -> None:
        for answer in answers:
            if answer.reply_to:
                self._answers[answer.reply_to].put((answer.id, answer.result))
                self._answered[answer.full_name] += answer.completed + answer.failed
                if answer.id in self._asked:
                    asked, _ = self._asked.pop(answer.id)
                    self._count_in_hour(answer.full_name, answer.watched)
                    cost = answer.cost
                    used = Used(answer.completed, answer.failed, cost.bytes, cost.micros)
                    if asked.counted:
                        self._count((asked.owner, asked.key, answer.full_name), {}, used)
            elif record := self._running(answer.id):
                record.result, record.claim, record.bad = answer.result, None, answer.bad
                record.watched = dict(answer.watched)
                self._count_in_hour(answer.full_name, answer.watched)
                counts = {"completed": answer.completed, "failed": answer.failed}
                record.update(**counts, libraries=libraries)
                self._count_job(record.job, answer.completed, answer.failed, answer.cost)
                if not record.fails():
                    record.update(state=State.SUCCEEDED, finished_at=time.time())

    @override
    def small_rows(self, job_id: str) -> bytes:
        record = self._records.get(job_id)
        return b"" if record is None or record.job.state is State.SUCCEEDED else record.rows

    @override
    def small_result(self, job_id: str) -> bytes:
        return self._records[job_id].result if job_id in self._records else b""

    @override
    def return_small(self) -> list[str]:
        models = set()
        for job_id, record in self._records.items():
            if record.claim is not None and record.claim <= time.time():
                record.claim = None
                if record.job.state is State.RUNNING:
                    self._waiting[record.job.spec.full_name].append(job_id)
                    models.add(record.job.spec.full_name)
        return sorted(models)

    @override
    def waiting_small(self, full_name: str) -> int:
        return len(self._waiting.get(full_name, ()))
