"""What is in a part, scored: by a result that is there, or by reading and scoring its rows."""

from functools import partial
from typing import NamedTuple

from shared.config.settings import Settings
from shared.jobs.job import Spec
from shared.jobs.job_store import BadRow, Begun, JobStore
from shared.jobs.outcome import Summary
from shared.storage.blobs import Blobs
from shared.tables.batch_results import render_batch
from shared.tables.csv_results import FIXED
from shared.tables.parts import Part
from shared.tables.result_formats import part_format
from shared.tables.rows import Rows, count_errors
from worker.steps.first_bad_row import first_bad_row
from worker.steps.row_scorer import RowScorer, Scores
from worker.steps.score_summary import summary_of
from worker.telemetry.journal import Journal

#: Of a part: its rows with a score, those with an error, the first of the latter, and what the
#: scores come to.
Counts = tuple[int, int, BadRow | None, Summary]


class Scored(NamedTuple):
    """What is in a part, and the blobs to be written of it, in this order."""

    counts: Counts
    results: dict[str, bytes] = {}  # noqa: RUF012  never written to


class PartScorer:
    """Scores parts of bulk jobs; it stores nothing but notes."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: JobStore,
        blobs: Blobs,
        rows: RowScorer,
        journal: Journal,
    ) -> None:
        """Take the collaborators; `rows` has the models."""
        self._settings = settings
        self._store = store
        self._blobs = blobs
        self._rows = rows
        self._journal = journal

    def scored(self, spec: Spec, number: int, begun: Begun) -> Scored:
        """What is in a part that was taken up, and what is to be stored of it.

        Raises:
            FileNotFoundError: its rows are not in the blob store any more.
            OSError: they cannot be read.
        """
        return self._counted(spec, number, begun) or self._score(spec, number, begun)

    def _counted(self, spec: Spec, number: int, begun: Begun) -> Scored | None:
        """What is in a part whose result is there; else None.

        A process wrote it and died before it could say so; or Redis has forgotten that it did.
        """
        if not begun.perhaps_done:
            return None
        try:
            content = self._blobs.read(spec.result_key(number))
        except FileNotFoundError:
            return None
        rows = part_format(spec).parse(content, columns=spec.columns)
        if len(rows) != begun.part.rows:
            # Of a part that was cut by another release: this one is scored.
            return None
        refs, scores, errors = ([row[name] for row in rows] for name in FIXED)
        return Scored(_counts(spec, begun.part, Rows(refs, [], errors), scores))

    def _score(self, spec: Spec, number: int, begun: Begun) -> Scored:
        """Score it; what is in it, and what is to be stored of it."""
        part = begun.part
        rows = self._read(spec, number, part)
        unread = [error is not None for error in rows.errors] if spec.as_batch else []
        leave = partial(self._store.note, spec.id, number)
        scores = self._rows.attempt(spec.full_name, rows, begun.attempts, begun.note, leave)
        results = {}
        if spec.as_batch:
            # First: a part whose result is there is not scored again.
            results[spec.batch_key(number)] = render_batch(
                rows.refs,
                scores,
                rows.errors,
                unread=unread,
                model=spec.model,
                job_id=spec.id,
                first_row=part.first_row,
            )
        results[spec.result_key(number)] = part_format(spec).render(rows, scores, spec.columns)
        counts = _counts(spec, part, rows, scores)
        if counts[1]:
            self._journal.errors(spec.full_name, rows.errors)
        return Scored(counts, results)

    def _read(self, spec: Spec, number: int, part: Part) -> Rows:
        where = {"offset": part.offset, "first_row": part.first_row}
        most = self._settings.max_record_bytes
        content = self._blobs.read(*spec.layout.rows_in(spec, number, part, most))
        return self._rows.read(content, spec.layout, **where)


def _counts(spec: Spec, part: Part, rows: Rows, scores: Scores) -> Counts:
    failed = count_errors(rows.errors)
    bad = None
    # Looked for only where the job may fail of it.
    if failed and spec.tolerance < 1:
        bad = first_bad_row(rows.errors, rows.refs, part.first_row)
    return len(rows) - failed, failed, bad, summary_of(scores, rows.errors, failed)
