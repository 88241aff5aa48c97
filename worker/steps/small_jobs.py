"""Scores small jobs and questions: all that wait for a model, as one DataFrame."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from shared.config.settings import Settings
from shared.dispatch import Dispatch
from shared.drift.counts import Counts
from shared.jobs.job_store import Answer, JobStore, SmallJob
from shared.jobs.state import State
from shared.jobs.usage import Cost
from shared.signature import Output
from shared.tables.layouts import NDJSON
from shared.tables.result_columns import PLAIN
from shared.tables.result_formats import CSV
from shared.tables.rows import Rows, count_errors
from worker.library_versions import libraries_line
from worker.steps.first_bad_row import first_bad_row
from worker.steps.leases import LeaseRenewer
from worker.steps.row_scorer import Outputs, RowScorer
from worker.tables.lists import lists_of
from worker.telemetry.journal import Journal

logger = logging.getLogger(__name__)

#: Why a job fails whose rows cannot be read.
DAMAGED = "Its rows were damaged in Redis while it waited. Submit them again."


class SmallJobScorer:
    """Scores the small jobs and questions that wait for a model, and answers them."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: JobStore,
        dispatch: Dispatch,
        lease_renewer: LeaseRenewer,
        rates: Mapping[str, float],
        rows: RowScorer,
        journal: Journal,
    ) -> None:
        """Take the collaborators, and the rows per second of each model, by full name."""
        self._settings = settings
        self._store = store
        self._dispatch = dispatch
        self._lease_renewer = lease_renewer
        self._rates = rates
        self._rows = rows
        self._journal = journal

    def answer(self, full_name: str) -> None:
        """Score the small jobs that wait for a model as one DataFrame, and answer each."""
        began = self._journal.now()
        settings = self._settings
        most = min(settings.batch_rows, self._rows_in(settings.batch_seconds, full_name))
        # No longer than a part: a worker takes turns between doorbells and parts.
        as_a_part = max(self._rows_in(settings.part_seconds, full_name), settings.min_part_rows)
        jobs, waiting = self._store.take_small(full_name, most, beside_bulk=as_a_part)
        if waiting:
            # Before scoring, so that another process can take the rest meanwhile.
            self._dispatch.answer(full_name)
        if not jobs:
            return
        readable = self._readable(full_name, jobs)
        jobs = [job for job, _ in readable]
        if not jobs:
            return
        recorded = [job.id for job in jobs if not job.reply_to]
        with self._lease_renewer.renewing(lambda: self._store.renew_small(recorded)):
            scoring = self._journal.now()
            answers, watched = self._answers(full_name, jobs, [rows for _, rows in readable])
        answers = _with_costs(jobs, answers, self._journal.now() - scoring)
        self._store.answer_small(answers, libraries_line(), {full_name: watched})
        self._journal.answer(full_name, jobs, answers, began)

    def _rows_in(self, seconds: float, full_name: str) -> int:
        """The rows that the model scores in a time, so that the next batch waits no longer."""
        return max(int(self._rates[full_name] * seconds), 1)

    def _readable(self, full_name: str, jobs: list[SmallJob]) -> list[tuple[SmallJob, Rows]]:
        """The jobs whose rows can be read, with their rows; the others fail.

        Otherwise one of them would be taken again and again. A question among them gets no answer.
        """
        found = []
        for job in jobs:
            try:
                rows = self._rows_of(full_name, job)
            except Exception as error:  # noqa: BLE001  whatever is wrong with them
                # Without the error's message, which may quote a text.
                logger.error("small job=%s: rows are damaged (%s)", job.id, type(error).__name__)  # noqa: TRY400
                if not job.reply_to:
                    self._store.move(job.id, State.FAILED, DAMAGED)
            else:
                found.append((job, rows))
        return found

    def _rows_of(self, full_name: str, job: SmallJob) -> Rows:
        rows = self._rows.read(job.rows, NDJSON, self._rows.signature(full_name).inputs)
        counts = {len(rows.refs), *map(len, rows.inputs), len(rows.errors)}
        if not job.rows or counts != {job.count}:
            raise ValueError("rows are missing, or fields of a row")
        return rows

    def _answers(
        self, full_name: str, jobs: list[SmallJob], rows_of_jobs: list[Rows]
    ) -> tuple[list[Answer], Counts]:
        """Score small jobs; one that was taken before comes alone, see `JobStore.take_small`.

        Returns:
            The answers, and what was counted of all rows.
        """
        batch = Rows()
        for rows in rows_of_jobs:
            # Without the carried columns: they differ by job, and no score depends on them.
            batch.extend(Rows(rows.refs, rows.inputs, rows.errors))
        outputs, reach = self._outputs(full_name), self._rows.reach_outputs(full_name)
        if jobs[0].attempts > 1:
            found = self._attempt(full_name, jobs[0], batch, [*outputs, *reach])
        else:
            found = self._rows.score(full_name, batch, [*outputs, *reach])
        read, found = found[len(outputs) :], found[: len(outputs)]
        watched = self._rows.watch(full_name).watched(batch, outputs, found, read)
        answers, begin = [], 0
        for job, rows in zip(jobs, rows_of_jobs, strict=True):
            own = slice(begin, begin + len(rows))
            rows.errors = batch.errors[own]
            failed = count_errors(rows.errors)
            # Without the names of the columns: a CSV has those in its header only.
            result = CSV.render(rows, [column[own] for column in found], PLAIN)
            if failed:
                self._journal.errors(full_name, rows.errors)
            bad = None
            if failed and not job.reply_to:
                bad = first_bad_row(rows.errors, rows.refs)
            counts = {} if job.reply_to else watched.counts(begin, begin + len(rows))
            count = len(rows) - failed
            answers.append(
                Answer(job.id, result, count, failed, job.reply_to, bad, full_name, watched=counts)
            )
            begin += len(rows)
        return answers, watched.counts()

    def _attempt(
        self, full_name: str, job: SmallJob, rows: Rows, outputs: Sequence[Output]
    ) -> Outputs:
        """Score a small job or question that killed its process, or took longer than its lease."""
        if job.reply_to and job.attempts > self._settings.max_attempts:
            # A question has no record, so no note can be saved for its next attempt.
            return self._rows.give_up(rows, job.attempts, outputs)
        save_note = partial(self._store.note, job.id, 0)
        found = self._rows.attempt(full_name, rows, job.attempts, job.note, save_note, outputs)
        return lists_of(found)

    def _outputs(self, full_name: str) -> tuple[Output, ...]:
        """All outputs: jobs that are scored together may want different ones."""
        return self._rows.signature(full_name).outputs


def _with_costs(jobs: list[SmallJob], answers: list[Answer], seconds: float) -> list[Answer]:
    """The answers with what each took: of the seconds a share by its rows."""
    rows = sum(answer.completed + answer.failed for answer in answers)
    each = seconds / max(rows, 1)
    return [
        replace(answer, cost=Cost(len(job.rows), each * (answer.completed + answer.failed)))
        for job, answer in zip(jobs, answers, strict=True)
    ]
