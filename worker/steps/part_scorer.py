"""Scores the parts of bulk jobs; a part whose result is stored already is only counted."""

from functools import partial
from typing import NamedTuple

from shared.errors.service import DataDamaged
from shared.jobs.comparison import Comparison
from shared.jobs.job_store import BadRow, Begun, JobStore
from shared.jobs.spec import Spec
from shared.jobs.summary import Summary
from shared.storage.blobs import Blobs
from shared.tables.batch_results import render_batch
from shared.tables.parts import Part
from shared.tables.rows import Rows, count_errors
from worker.steps.first_bad_row import first_bad_row
from worker.steps.part_rows import PartRows, lost_rows
from worker.steps.row_scorer import Columns, RowScorer
from worker.steps.score_summary import summary_of
from worker.steps.shadows import comparisons_with
from worker.steps.two_models import TwoModels, comparisons_in
from worker.tables.lists import list_of, lists_of
from worker.tables.part_formats import PART_FORMATS
from worker.telemetry.journal import Journal


class Counts(NamedTuple):
    """The counts of a part, which are added to those of its job."""

    completed: int  #: Rows without an error.
    failed: int  #: Rows with an error.
    bad: BadRow | None  #: The first row with an error, if errors can make the job fail.
    summary: Summary  #: The summary of the outputs and errors.


class Scored(NamedTuple):
    """A part that was scored."""

    counts: Counts
    #: The blobs to write, by key, in this order; empty if they are stored already.
    blobs: dict[str, bytes] = {}  # noqa: RUF012  never written to


class PartScorer:
    """Scores the rows of parts, and returns the results; stores only notes for later attempts."""

    def __init__(
        self,
        *,
        store: JobStore,
        blobs: Blobs,
        part_rows: PartRows,
        rows: RowScorer,
        journal: Journal,
        max_attempts: int,
    ) -> None:
        """Take the collaborators; `rows` has the models.

        Rows that were taken up more than `max_attempts` times may have killed their processes.
        """
        self._part_rows = part_rows
        self._store = store
        self._blobs = blobs
        self._rows = rows
        self._two_models = TwoModels(rows, max_attempts)
        self._journal = journal

    def score(self, spec: Spec, number: int, begun: Begun) -> Scored:
        """Score a part that was taken up, unless its result is stored.

        Raises:
            FileNotFoundError: its rows are not in the blob store any more.
            OSError: its rows cannot be read.
        """
        return self._from_stored_result(spec, number, begun) or self._score(spec, number, begun)

    def _from_stored_result(self, spec: Spec, number: int, begun: Begun) -> Scored | None:
        """Count the rows of a part whose result is stored; None if it is not.

        A process stored the result and died before it marked the part done, or Redis has lost that
        mark.
        """
        if not begun.perhaps_done:
            return None
        try:
            content = self._blobs.read(spec.result_key(number))
        except (FileNotFoundError, DataDamaged):
            return None
        try:
            rows = PART_FORMATS[spec.part_format].parse(content, columns=spec.stored_columns)
        except ValueError:
            # It was damaged, and is of a release without checksums.
            return None
        if len(rows) != begun.part.rows:
            # Another release has cut the parts of this job differently.
            return None
        columns = [[row[name] for row in rows] for name in spec.stored_columns.names]
        at = spec.stored_columns.error_at
        found = Rows(columns[0], [], columns[at], columns[at + 1 :])
        return Scored(self._counts(spec, number, begun.part, found, columns[1:at]))

    def _score(self, spec: Spec, number: int, begun: Begun) -> Scored:
        part = begun.part
        found = self._part_rows.read(spec, number, part)
        rows = lost_rows(spec, part) if found is None else found
        # Which errors are those of the request; only a batch tells them from others.
        unread = (
            [found is not None and error is not None for error in rows.errors]
            if spec.as_batch
            else []
        )
        save_note = partial(self._store.note, spec.id, number)
        columns = spec.stored_columns
        if spec.second:
            outputs = self._two_models.attempt(spec, spec.second, rows, begun, save_note)
            read = self._rows.reach(spec.full_name, rows)
        else:
            reach = self._rows.reach_outputs(spec.full_name)
            scored = self._rows.attempt(
                spec.full_name,
                rows,
                begun.attempts,
                begun.note,
                save_note,
                [*columns.outputs, *reach],
                spec.added,
            )
            outputs, read = scored[: len(columns.outputs)], scored[len(columns.outputs) :]
        blobs = {}
        if spec.as_batch:
            # Before the result: if that is stored, the part is not scored again.
            blobs[spec.batch_key(number)] = render_batch(
                list_of(rows.refs),
                lists_of(outputs),
                rows.errors,
                columns=columns,
                unread=unread,
                model=spec.model,
                job_id=spec.id,
                first_row=part.first_row,
            )
        blobs[spec.result_key(number)] = PART_FORMATS[spec.part_format].render(
            rows, outputs, columns
        )
        counts = self._counts(spec, number, part, rows, outputs)
        watched = self._rows.watch(spec.full_name).watched(rows, columns.outputs, outputs, read)
        if counted := watched.counts():
            summary = counts.summary.model_copy(update={"watched": counted})
            counts = counts._replace(summary=summary)
        if counts.failed:
            self._journal.errors(spec.full_name, rows.errors)
        return Scored(counts, blobs)

    def _counts(self, spec: Spec, number: int, part: Part, rows: Rows, outputs: Columns) -> Counts:
        counts = _counts(spec, part, rows, outputs)
        comparisons: tuple[Comparison, ...] = ()
        if spec.second:
            comparisons = comparisons_in(spec, spec.second, part, rows, outputs)
        elif spec.shadow_of:
            comparisons = comparisons_with(
                self._blobs, spec, spec.shadow_of, number, part, rows, outputs
            )
        if not comparisons:
            return counts
        summary = counts.summary.model_copy(update={"comparisons": comparisons})
        return counts._replace(summary=summary)


def _counts(spec: Spec, part: Part, rows: Rows, outputs: Columns) -> Counts:
    failed = count_errors(rows.errors)
    bad = None
    # It is needed only if errors can make the job fail.
    if failed and spec.tolerance < 1:
        bad = first_bad_row(rows.errors, rows.refs, part.first_row)
    summary = summary_of(spec.stored_columns.outputs, outputs, rows.errors, failed)
    return Counts(len(rows) - failed, failed, bad, summary)
