"""Scores rows, good and bad, with the models of a process."""

from collections.abc import Callable, Mapping

import numpy as np

from shared.config.settings import Settings
from shared.model import Model
from shared.tables.layouts import Layout
from shared.tables.rows import Rows
from worker.steps.bisection import score_texts
from worker.steps.crash_search import CrashSearch, most_attempts

#: A score for each row of a run; None where the row has an error.
Scores = list[float | None]


class RowScorer:
    """Reads rows, and scores those that have no error; a row that gets no score gets an error."""

    def __init__(self, settings: Settings, models: Mapping[str, Model]) -> None:
        self._settings = settings
        self._models = models

    def read(self, content: bytes, layout: Layout, **where: int) -> Rows:
        """The rows of a part or of a small job; see `shared.tables.layouts`."""
        return layout.read(
            content,
            max_text_chars=self._settings.max_text_chars,
            max_record_bytes=self._settings.max_record_bytes,
            **where,
        )

    def score(self, full_name: str, rows: Rows) -> Scores:
        """Score rows; what the model raises on, or has no number for, becomes the row's error."""
        good = [row for row, error in enumerate(rows.errors) if error is None]
        every = len(good) == len(rows)
        texts = rows.texts if every else [rows.texts[row] for row in good]
        if not texts:
            return [None] * len(rows)
        found, raised = score_texts(self._models[full_name], texts)
        finite = np.isfinite(found)
        if every and finite.all():
            return list(found.tolist())
        scores: Scores = [None] * len(rows)
        for at, row in enumerate(good):
            if finite[at]:
                scores[row] = float(found[at])
            else:
                rows.errors[row] = raised.get(at, "the model gave no number for this text")
        return scores

    def attempt(
        self, full_name: str, rows: Rows, attempts: int, note: str, leave: Callable[[str], None]
    ) -> Scores:
        """Score rows that may have ended the processes they were scored in before.

        From a number of attempts on that is done piece by piece, so that the fatal rows are found:
        they get an error and all others a score, unless there are too many of them.

        Args:
            full_name: the model and its version.
            rows: get their errors.
            attempts: how often they were taken up, this time included.
            note: what the last attempt left behind.
            leave: leaves a note for the next one.
        """
        if attempts <= self._settings.max_attempts:
            return self.score(full_name, rows)
        if attempts > most_attempts(self._settings.max_attempts):
            return self.give_up(rows, attempts)
        found = CrashSearch.after(note, len(rows))
        for row in found.fatal:
            rows.errors[row] = rows.errors[row] or "scoring this text ended the worker's process"
        scores: Scores = [None] * len(rows)

        def score(begin: int, end: int) -> None:
            run = rows.run(begin, end)
            scores[begin:end] = self.score(full_name, run)
            rows.errors[begin:end] = run.errors

        for begin, end in found.harmless(len(rows)):
            score(begin, end)
        while found.doubted:
            leave(found.note())
            score(*found.doubted[0])
            found.doubted.pop(0)
        return scores

    def give_up(self, rows: Rows, attempts: int) -> Scores:
        """Score none of these rows: they were taken up so often, this time included."""
        reason = f"scoring this row did not end in {attempts - 1} attempts"
        rows.errors = [error or reason for error in rows.errors]
        return [None] * len(rows)
