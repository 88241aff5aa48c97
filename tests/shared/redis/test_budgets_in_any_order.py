"""Jobs and questions of one key in any order: its budget has lost what is open or was counted.

Hypothesis records, scores, cancels, deletes and repeats calls; each call may be made twice, as
after a lost answer, or by two workers.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.stored import MODEL, a_job, parts
from support.worlds import InMemory, OnRedis

from shared.config.settings import Settings
from shared.errors.service import BudgetSpent, NothingToRetry
from shared.jobs.job import Job
from shared.jobs.job_ids import new_job_id
from shared.jobs.job_store import Answer, Question
from shared.jobs.state import ENDED, RETRYABLE, State
from shared.jobs.usage import Budget, Claim

BUDGET = Budget("key:k1", 100)

#: The rows of each part of a bulk job.
PART_ROWS = 10


class Budgets(RuleBasedStateMachine):
    """The jobs and questions of one key, in one job store."""

    def __init__(self, kind: Any, redis_url: str) -> None:
        super().__init__()
        self.world = kind(Settings(redis_url=redis_url))
        self.store = self.world.store
        self.claims: dict[str, int] = {}  # the rows that a job has claimed when it was recorded
        self.lines: dict[str, int] = {}  # of the file of a bulk job
        self.cut: dict[str, int] = {}  # the parts of its file, if they are known
        self.asked: dict[str, Question] = {}  # without an answer
        self.old: list[Question] = []  # all questions
        self.jobs: list[str] = []

    def teardown(self) -> None:
        self.world.wipe()

    def _create(self, job: Job, rows: int, content: bytes = b"") -> None:
        fits = rows <= self._left()
        for _ in range(2):
            # The second call finds the job recorded.
            try:
                self.store.create(job, content, Claim(rows, (BUDGET,)))
            except BudgetSpent:
                assert not fits
                return
            assert fits
        self.jobs.append(job.spec.id)
        self.claims[job.spec.id] = rows

    def _left(self) -> int:
        [taken] = self.store.taken((BUDGET,))
        return BUDGET.rows - taken

    def _job_in(self, data: st.DataObject, *states: State) -> Job | None:
        jobs = [self.store.get(job_id) for job_id in self.jobs]
        found = [job for job in jobs if job.state in states and job.spec.kind == "bulk"]
        return data.draw(st.sampled_from(found)) if found else None

    @rule(rows=st.integers(1, 60), retries=st.booleans(), data=st.data())
    def submit_bulk(self, rows: int, retries: bool, data: st.DataObject) -> None:
        """A file with this many lines; or a job that was cancelled is retried."""
        job = a_job()
        old = self._job_in(data, *RETRYABLE) if retries else None
        lines = self.lines[old.spec.id] if old else rows
        if old:
            rows = (lines if old.total is None else old.total) - old.rows_done
            if old.spec.id in self.cut:
                self.cut[job.spec.id] = self.cut[old.spec.id]
        self.lines[job.spec.id] = lines
        spec = job.spec.model_copy(update={"owner": "o", "retry_of": old and old.spec.id})
        self._create(job.model_copy(update={"spec": spec}), rows)

    @rule(rows=st.integers(1, 30))
    def submit_small(self, rows: int) -> None:
        """A small job."""
        self._create(a_job("small", total=rows), rows, b"rows")

    @rule(rows=st.integers(1, 30))
    def ask(self, rows: int) -> None:
        """A question."""
        question = Question(new_job_id(), b"rows", rows, "here", budgets=(BUDGET,))
        fits = rows <= self._left()
        try:
            self.store.ask(MODEL, question)
        except BudgetSpent:
            assert not fits
            return
        assert fits
        self.asked[question.id] = question
        self.old.append(question)

    @rule(data=st.data(), share=st.integers(0, 100))
    def split(self, data: st.DataObject, share: int) -> None:
        """A job is split: it has at most as many rows as it has claimed lines."""
        if job := self._job_in(data, State.QUEUED):
            self.store.move(job.spec.id, State.RUNNING)
            count = self.lines[job.spec.id] * share // 100 // PART_ROWS
            # A retry has the rows of the job that it retries.
            count = self.cut.setdefault(job.spec.id, count)
            for _ in range(2):
                self.store.add_parts(job.spec.id, parts(count), known=0, last=True, lanes=99)

    @rule(data=st.data(), part=st.integers(0, 5))
    def score(self, data: st.DataObject, part: int) -> None:
        """A part is scored, perhaps again; its job may have ended."""
        job = self._job_in(data, State.RUNNING, *ENDED - {State.EXPIRED})
        if job and part < job.parts:
            for _ in range(2):
                self.store.complete_part(job.spec.id, part, completed=9, failed=1, lanes=99)

    @rule(data=st.data(), to=st.sampled_from([State.CANCELLED, State.FAILED]))
    def end(self, data: st.DataObject, to: State) -> None:
        """A job ends before it is scored; or succeeds, if it is."""
        if job := self._job_in(data, State.QUEUED, State.RUNNING):
            done = job.state is State.RUNNING and job.parts == job.parts_done
            for _ in range(2):
                self.store.move(job.spec.id, State.SUCCEEDED if done else to)

    @rule(rows=st.integers(1, 60), cancel=st.booleans())
    def answer(self, rows: int, cancel: bool) -> None:
        """A worker takes what waits and answers it, twice; a job may be cancelled meanwhile."""
        taken, _ = self.store.take_small(MODEL, rows)
        for one in taken:
            if cancel and not one.reply_to:
                self.store.move(one.id, State.CANCELLED)
        answers = [
            Answer(one.id, b"", one.count, 0, one.reply_to, full_name=MODEL)
            if one.reply_to
            else Answer(one.id, b"", self.store.get(one.id).total or 0, 0)
            for one in taken
        ]
        for _ in range(2):
            self.store.answer_small(answers)
        for one in taken:
            self.asked.pop(one.id, None)

    @rule(data=st.data())
    @precondition(lambda self: self.old)
    def withdraw(self, data: st.DataObject) -> None:
        """An asker gives up, perhaps after the answer."""
        question = data.draw(st.sampled_from(self.old))
        self.store.withdraw(MODEL, question)
        self.asked.pop(question.id, None)

    @rule(data=st.data())
    @precondition(lambda self: self.jobs)
    def delete(self, data: st.DataObject) -> None:
        """A job is deleted, whatever its state; a retry of it that comes later is refused."""
        job_id = data.draw(st.sampled_from(self.jobs))
        self.store.delete(job_id)
        self.jobs.remove(job_id)
        late = a_job()
        spec = late.spec.model_copy(update={"retry_of": job_id})
        with pytest.raises(NothingToRetry):
            self.store.create(late.model_copy(update={"spec": spec}))

    @invariant()
    def the_budget_has_lost_what_is_open_or_counted(self) -> None:
        """Rows that are open or were counted are taken, and no others; never more than it has."""
        counted = sum(used.rows for used in self.store.usage_by_owner().values())
        jobs = [self.store.get(job_id) for job_id in self.jobs]
        open_jobs = [job for job in jobs if job.state not in ENDED]
        [taken] = self.store.taken((BUDGET,))
        waiting = sum(question.count for question in self.asked.values())
        least = counted + waiting
        most = least + sum(self.claims[job.spec.id] for job in open_jobs)
        assert least <= taken <= min(most, BUDGET.rows)
        if not open_jobs:
            assert taken == least


@pytest.mark.parametrize(("kind", "examples"), [(InMemory, 60), (OnRedis, 30)])
def test_a_budget_loses_what_is_scored(kind: Any, examples: int, redis_url: str) -> None:
    """Whatever happens in whatever order, the budget loses what is counted, and nothing else."""
    run_state_machine_as_test(
        lambda: Budgets(kind, redis_url),
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
            deadline=None,
        ),
    )
