"""Scores the rows of a part with two models, and compares what they give."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from shared.jobs.comparison import Comparison
from shared.jobs.job_store import Begun
from shared.jobs.second_model import SecondModel
from shared.jobs.spec import Spec
from shared.signature import Output
from shared.tables.csv_layout import CsvLayout
from shared.tables.parts import Part
from shared.tables.rows import Rows
from worker.steps.comparing import Scored, comparisons_of
from worker.steps.crash_search import CrashSearch, total_attempts
from worker.steps.label_test import Labels
from worker.steps.row_scorer import Columns, RowScorer

#: Attempts to find the rows on which the second model kills its process, after the ordinary ones.
#: They are fewer than those for the first model: each of them delays the first model's scores.
SECOND_ATTEMPTS = 8


@dataclass(frozen=True)
class _Note:
    """What is known of a part whose processes died.

    Attributes:
        fatal: the rows that kill the first model; None: it is not known yet which they are.
        second: the note of the search for rows that kill the second model.
        attempts: how many attempts there were when that search began.
    """

    fatal: list[int] | None = None
    second: str = ""
    attempts: int = 0

    @classmethod
    def read(cls, note: str) -> Self:
        """Read the note of an attempt; that of the first model's search is another."""
        return cls(**json.loads(note)) if note.startswith("{") else cls()

    def written(self, second: str) -> str:
        """The note to save before a piece is scored by the second model."""
        found = {"fatal": self.fatal, "second": second, "attempts": self.attempts}
        return json.dumps(found)


class TwoModels:
    """Scores rows with the first model of a job, and those that have its values with the second.

    No fault of the second model takes values of the first away. Where it raises, or gives nothing,
    its columns are empty, and a column of its own says why. If processes die, the rows that kill
    the first model are searched for first. Once it has scored all other rows, each further death
    is the second model's.
    """

    def __init__(self, rows: RowScorer, max_attempts: int) -> None:
        """Take what has the models; see `RowScorer.attempt` for `max_attempts`."""
        self._rows = rows
        self._max_attempts = max_attempts

    def attempt(
        self,
        spec: Spec,
        second: SecondModel,
        rows: Rows,
        begun: Begun,
        save_note: Callable[[str], None],
    ) -> Columns:
        """Score rows; see `RowScorer.attempt`.

        Args:
            spec: of the job.
            second: its second model.
            rows: the rows; the errors of the first model are set.
            begun: the attempt.
            save_note: saves a note for the next attempt.

        Returns:
            The values of each column of the job that is not one of the upload.
        """
        columns = spec.stored_columns.outputs
        names = [one.name for one in columns]
        given = second.own(names)
        of_second = {second.column_of(one).name for one in given} | {second.error.name}
        own = [one for one in columns if one.name not in of_second]
        if not self._rows.has(second.full_name):
            # The caller gives the part back as long as the model may come.
            values = self._rows.attempt(
                spec.full_name, rows, begun.attempts, begun.note, save_note, own, spec.added
            )
            left = replace(rows, errors=[f"{second.full_name} is not served any more"] * len(rows))
            others: Columns = [[None] * len(rows) for _ in given]
        elif begun.attempts <= self._max_attempts:
            values = self._rows.scored(spec.full_name, rows, own, spec.added)
            left = _rows_of(second, spec, rows)
            others = self._rows.scored(second.full_name, left, given)
        else:
            values, left, others = self._search(spec, second, rows, begun, save_note, own, given)
        reasons = [
            reason if error is None else None
            for error, reason in zip(rows.errors, left.errors, strict=True)
        ]
        found = dict(zip([one.name for one in own], values, strict=True))
        found |= {
            second.column_of(one).name: column for one, column in zip(given, others, strict=True)
        }
        found[second.error.name] = reasons
        return [found[name] for name in names]

    def _search(
        self,
        spec: Spec,
        second: SecondModel,
        rows: Rows,
        begun: Begun,
        save_note: Callable[[str], None],
        own: Sequence[Output],
        given: Sequence[Output],
    ) -> tuple[Columns, Rows, Columns]:
        """As `attempt`, piece by piece: the first model's values, the second's rows and values."""
        known = _Note.read(begun.note)
        nothing: list[list[Any]] = [[None] * len(rows) for _ in given]
        if known.fatal is None:
            if begun.attempts > total_attempts(self._max_attempts):
                return self._rows.give_up(rows, begun.attempts, own), rows, nothing
            search = CrashSearch.after(begun.note, len(rows))
        else:
            search = CrashSearch([], known.fatal)
        values = self._rows.search(spec.full_name, rows, search, save_note, own, spec.added)
        left = _rows_of(second, spec, rows)
        now = _Note(search.fatal, attempts=known.attempts or begun.attempts)
        if begun.attempts >= now.attempts + SECOND_ATTEMPTS:
            return values, left, self._rows.give_up(left, begun.attempts, given)
        others = self._rows.search(
            second.full_name,
            left,
            CrashSearch.after(known.second, len(rows)),
            lambda note: save_note(now.written(note)),
            given,
        )
        return values, left, others


def _rows_of(second: SecondModel, spec: Spec, rows: Rows) -> Rows:
    """Rows as the second model takes them: those with an error of the first are not scored."""
    places = second.places_in(spec.signature)
    # A damaged part has errors alone.
    inputs = [rows.inputs[at] for at in places] if rows.inputs else []
    return replace(rows, inputs=inputs, errors=list(rows.errors))


def comparisons_in(
    spec: Spec, second: SecondModel, part: Part, rows: Rows, outputs: Columns
) -> tuple[Comparison, ...]:
    """The comparison of the outputs of both models in a part."""
    labels = None
    if second.label_column:
        decimal = spec.layout.decimal if isinstance(spec.layout, CsvLayout) else "."
        cells = rows.extras[spec.columns.index(second.label_column)]
        labels = Labels(second.label_column, cells, decimal)
    columns = spec.stored_columns.outputs
    return comparisons_of(
        Scored(columns, second.suffix, outputs, rows.errors, rows.refs, part.first_row, labels)
    )
