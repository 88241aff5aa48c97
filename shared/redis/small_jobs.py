"""Small jobs and questions on Redis. Keys: `small:*`, `answers:*`, `job:<id>` of a small job."""

import json
from typing import Any

from shared.errors.service import ServiceFull
from shared.jobs.job_store import Answer, Question, SmallJob
from shared.redis.base import RedisBase
from shared.redis.link import block

#: Answers that nobody fetched, because the asker died, are kept for so long, in seconds.
UNREAD_SECONDS = 60


class RedisSmallJobs(RedisBase):
    """The part of `shared.jobs.job_store.JobStore` that small jobs and questions go through."""

    def _must_ring(self, waiting: int) -> bool:
        return waiting == 1 or waiting % self._batch_rows == 0

    def _full(self) -> ServiceFull:
        return ServiceFull(what=f"{self._most_small:,} small jobs and questions")

    def ask(self, full_name: str, question: Question) -> bool:
        """Put a question into a model's waiting list; whether the doorbell must be rung."""
        waiting = self._link.client.lpush(self._small(full_name), _envelope(question))
        if waiting > self._most_small:
            self.withdraw(full_name, question)
            raise self._full()
        return self._must_ring(waiting)

    def is_waiting(self, full_name: str, question: Question) -> bool:
        """Whether no worker has taken the question yet."""
        place = self._link.client.lpos(self._small(full_name), _envelope(question))
        return place is not None

    def withdraw(self, full_name: str, question: Question) -> None:
        """Take back a question, if it still waits: nobody wants the answer any more."""
        self._link.client.lrem(self._small(full_name), 1, _envelope(question))

    def listen(self, address: str, seconds: float) -> list[tuple[str, bytes]]:
        """Wait for answers to questions with this address, at most so many seconds."""
        found = self._link.patient.blpop(self._link.key("answers", address), block(seconds))
        answers = json.loads(found[1]) if found else []
        return [(question, result.encode()) for question, result in answers]

    def take_small(self, full_name: str, rows: int) -> tuple[list[SmallJob], int]:
        """Take the small jobs and questions that wait for a model, up to `rows` rows."""
        waiting, *taken = self._link.run("take_small", full_name, rows, self._lease)
        sixes = zip(*(taken[at::6] for at in range(6)), strict=True)
        jobs = [SmallJob(one, tries, sent.encode(), *more) for one, tries, sent, *more in sixes]
        return jobs, waiting

    def renew_small(self, job_ids: list[str]) -> None:
        """Renew the leases of small jobs that are taken."""
        self._link.run("renew", self._link.key("small", "claims"), self._lease, *job_ids)

    def answer_small(self, answers: list[Answer]) -> None:
        """Close small jobs, and send the answers to questions."""
        replies: dict[str, list[tuple[str, str]]] = {}
        jobs: list[Any] = []
        for answer in answers:
            if answer.reply_to:
                of_asker = replies.setdefault(self._link.key("answers", answer.reply_to), [])
                of_asker.append((answer.id, answer.result.decode()))
            else:
                bad = answer.bad.said if answer.bad else ""
                jobs += (answer.id, answer.result, answer.completed, answer.failed, bad)
        # All answers to an asker as one: it wakes once.
        sent = [text for to, of in replies.items() for text in (to, json.dumps(of))]
        self._link.run("answer_small", self._retention, UNREAD_SECONDS, len(jobs), *jobs, *sent)

    def small_result(self, job_id: str) -> bytes:
        """The result CSV of a small job; empty if there is none."""
        return (self._link.client.get(self._job(job_id, "result")) or "").encode()

    def small_rows(self, job_id: str) -> bytes:
        """The rows of a small job, until it succeeds, or for a day after another end; else none."""
        return (self._link.client.get(self._job(job_id, "rows")) or "").encode()

    def return_small(self) -> list[str]:
        """Put back what was taken and not answered within its lease; the models to ring for."""
        return sorted(set(self._link.run("return_small")))

    def waiting_small(self, full_name: str) -> int:
        """How many small jobs wait for a model."""
        return int(self._link.client.llen(self._small(full_name)))


def _envelope(question: Question) -> str:
    about = f"{question.id} {question.count} {question.asked} {question.reply_to}"
    if question.traceparent:
        about += f" {question.traceparent}"
    return f"{about}\n{question.rows.decode()}"
