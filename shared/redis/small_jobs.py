"""Small jobs and questions on Redis: the section of the job store for the doorbell."""

import json
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from shared.dispatch import bulk_queue, small_queue
from shared.drift.counts import Counts, text_of
from shared.errors.service import IdempotencyKeyInUse, OwnerFull, ServiceFull
from shared.jobs.job import Job
from shared.jobs.job_store import Answer, Question, SmallJob
from shared.jobs.new_job import NewJob
from shared.jobs.usage import Claim
from shared.redis.held_bytes import held_bytes
from shared.redis.held_keys import bound
from shared.redis.link import block
from shared.redis.loop_questions import RedisQuestionLine
from shared.redis.records import flat, record_of
from shared.redis.summaries import field_of, packed
from shared.redis.text_sums import checked, result_damaged, text_sum
from shared.redis.usage import NO_ACCOUNT, RedisUsage, account_of, claim_arguments

#: How long answers are kept that nobody fetches because the asker died, in seconds.
UNREAD_SECONDS = 60

#: What the script `ask` answers if a budget is spent, and if too much of an owner waits.
_BUDGET_SPENT, _OWNER_FULL = -2, -3

#: Answers of the script `create_small`.
_KEY_IN_USE, _NO_MEMORY, _SMALL_BUDGET_SPENT, _SMALL_OWNER_FULL = -1, -2, -4, -5

#: What the scripts `ask` and `create_small` answer if the doorbell must be rung.
MUST_RING = 1


class RedisSmallJobs(RedisUsage):
    """Small jobs and questions."""

    def _service_full(self) -> ServiceFull:
        return ServiceFull(what=f"{self._max_waiting_small:,} small jobs and questions")

    def _small_owner_full(self) -> OwnerFull:
        return OwnerFull(what="half of the small jobs and questions that others leave room for")

    @override
    def ask(self, full_name: str, question: Question, bell: str = "") -> bool:
        asked = self._to_ask(full_name, question)
        [answer] = self._link.run("ask", *self._to_ask_of(full_name), bell, question.id, *asked)
        return self._asked(question, answer)

    def _to_ring(self, full_name: str, bell: str) -> tuple[Any, ...]:
        """The arguments of scripts that ring the doorbell; `bell` is its message."""
        return self._batch_rows, small_queue(full_name), bell

    def _to_ask_of(self, full_name: str) -> tuple[Any, ...]:
        """The first arguments of the script `ask`, which are those of a model.

        A bell and its tag follow, and then questions.
        """
        limits = self._max_waiting_small, self._held_limits.most, self._asked_seconds
        batch, queue, _ = self._to_ring(full_name, "")
        return full_name, *limits, batch, queue

    def _to_ask(self, full_name: str, question: Question) -> tuple[Any, ...]:
        """The arguments of the script `ask` for a question."""
        account = NO_ACCOUNT
        if question.counted:
            account = account_of(question.owner, question.key, full_name, {})
        rows, budgets = claim_arguments(Claim(question.count, question.budgets))
        asker = question.owner, rows, question.id
        return _envelope(question), *asker, int(not question.asked), account, budgets

    def _new_record(self, job: Job, rows: bytes) -> tuple[dict[str, Any], tuple[int, int, int]]:
        """The record of a job that begins now, and the memory that it takes, with its limits."""
        record = self._record_of(job)
        # A lease from now on: the job is older, by the time that its upload took.
        record["split_lease"] = self.now() + self._lease
        record["held"] = held = held_bytes(job, rows)
        return record, (held, self._held_limits.most, self._held_limits.most_of_owner)

    def _record_of(self, job: Job) -> dict[str, Any]:
        weight = self._weights.get(job.spec.owner)
        more = {"weight": weight} if weight else {}
        if job.spec.keep == "none":
            more["kept_seconds"] = self._kept_seconds
        return record_of(job) | more

    def _to_create(self, new: NewJob) -> tuple[Any, ...]:
        """The arguments of the script `create_small`."""
        spec = new.job.spec
        record, held_limits = self._new_record(new.job, new.rows)
        record["rows_sum"] = text_sum(new.rows)
        return (
            spec.id,
            spec.full_name,
            new.rows,
            self._max_waiting_small,
            *bound(spec, self._binding_seconds),
            spec.owner,
            *held_limits,
            *claim_arguments(new.claim),
            *self._to_ring(spec.full_name, new.bell),
            *flat(record),
        )

    def _created(self, new: NewJob, answer: int) -> bool:
        """Whether the doorbell must be rung, by the answer of `create_small`."""
        if answer == _KEY_IN_USE:
            raise IdempotencyKeyInUse
        if answer == _SMALL_OWNER_FULL:
            raise self._small_owner_full()
        if answer == _SMALL_BUDGET_SPENT:
            raise self._budget_spent(new.claim)
        if answer < 0:
            raise self._held_full(answer == _NO_MEMORY)
        if not answer:
            raise self._service_full()
        return bool(answer == MUST_RING)

    @override
    def question_line(self) -> RedisQuestionLine:
        return RedisQuestionLine(self._link, self._to_ask_of, self._to_ask, self._to_create)

    def _held_full(self, in_all: bool) -> ServiceFull | OwnerFull:
        limits = self._held_limits
        return limits.service_full() if in_all else limits.owner_full()

    def _asked(self, question: Question, answer: int) -> bool:
        if answer == _OWNER_FULL:
            raise self._small_owner_full()
        if answer == _BUDGET_SPENT:
            raise self._budget_spent(Claim(question.count, question.budgets))
        if answer < 0:
            raise self._held_limits.service_full()
        if not answer:
            raise self._service_full()
        return answer == MUST_RING

    @override
    def is_waiting(self, full_name: str, question: Question) -> bool:
        waiting = self._small(full_name, question.owner)
        place = self._link.client.lpos(waiting, _envelope(question))
        return place is not None

    @override
    def withdraw(self, full_name: str, question: Question) -> None:
        self._link.run("withdraw", full_name, _envelope(question), question.id, question.owner)

    @override
    def listen(self, address: str, seconds: float) -> list[tuple[str, bytes]]:
        found = self._link.patient.blpop(self._link.key("answers", address), block(seconds))
        answers = json.loads(found[1]) if found else []
        return [(question, result.encode()) for question, result in answers]

    @override
    def take_small(
        self, full_name: str, rows: int, beside_bulk: int | None = None
    ) -> tuple[list[SmallJob], int]:
        least = rows if beside_bulk is None else min(rows, beside_bulk)
        limits = rows, least, bulk_queue(full_name), self._lease, json.dumps(self._weights)
        waiting, *taken = self._link.run("take_small", full_name, *limits)
        records = zip(*(taken[at::8] for at in range(8)), strict=True)
        jobs = [
            SmallJob(job_id, attempts, _whole(content, own_sum), *more)
            for job_id, attempts, content, *more, own_sum in records
        ]
        return jobs, waiting

    @override
    def renew_small(self, job_ids: list[str]) -> None:
        self._link.run("renew", self._link.key("small", "claims"), self._lease, *job_ids)

    @override
    def answer_small(
        self,
        answers: list[Answer],
        libraries: str = "",
        watched: Mapping[str, Counts] | None = None,
    ) -> None:
        replies: dict[str, list[tuple[str, str]]] = {}
        jobs: list[Any] = []
        answered: list[tuple[str | int, ...]] = []
        for answer in answers:
            counts = answer.completed, answer.failed, answer.cost.bytes, answer.cost.micros
            texts = json.dumps(text_of(answer.watched)) if answer.watched else ""
            if answer.reply_to:
                to_asker = replies.setdefault(self._link.key("answers", answer.reply_to), [])
                to_asker.append((answer.id, answer.result.decode()))
                answered.append((answer.id, answer.full_name, *counts, texts))
            else:
                bad = answer.bad.description if answer.bad else ""
                own_sum = text_sum(answer.result)
                result = answer.result, own_sum
                jobs += (answer.id, *result, *counts, bad, texts, answer.full_name)
        # All answers to an asker in one element, so that it wakes once.
        sent = [text for key, found in replies.items() for text in (key, json.dumps(found))]
        limits = self._retention, UNREAD_SECONDS, json.dumps(answered), self._usage_seconds
        counted = [
            text
            for full_name, counts in (watched or {}).items()
            for name, numbers in counts.items()
            for text in (full_name, field_of(name), packed(numbers))
        ]
        lengths = len(jobs), len(counted)
        self._link.run("answer_small", *limits, libraries, *lengths, *jobs, *counted, *sent)

    @override
    def small_result(self, job_id: str) -> bytes:
        result, is_whole = self._text_of(job_id, "result")
        if not is_whole:
            raise result_damaged(job_id)
        return result

    @override
    def small_rows(self, job_id: str) -> bytes:
        rows, is_whole = self._text_of(job_id, "rows")
        return rows if is_whole else b""

    def _text_of(self, job_id: str, name: str) -> tuple[bytes, bool]:
        """A text of a small job, and whether it is as it was written; empty if there is none."""
        pipe = self._link.client.pipeline(transaction=False)
        pipe.get(self._job(job_id, name))
        pipe.hget(self._job(job_id), f"{name}_sum")
        text, own_sum = pipe.execute()
        return checked(text or "", own_sum or "")

    @override
    def return_small(self) -> list[str]:
        return sorted(set(self._link.run("return_small")))

    @override
    def waiting_small(self, full_name: str) -> int:
        return int(self._link.run("waiting_small", full_name))


def _whole(rows: str, own_sum: str) -> bytes:
    """The rows of a small job; empty if they are not those that were written."""
    content, is_whole = checked(rows, own_sum)
    return content if is_whole else b""


def _envelope(question: Question) -> bytes:
    head = f"{question.id} {question.count} {question.asked} {question.reply_to}"
    if question.traceparent:
        head += f" {question.traceparent}"
    # In bytes: as text a long question with one emoji would take four times its length.
    return f"{head}\n".encode() + question.rows
