"""Scores rows with the models of a process."""

import time
from collections.abc import Callable, Mapping

import numpy as np

from shared.config.settings import Settings
from shared.model import Model
from shared.tables.layouts import Layout
from shared.tables.rows import Rows
from worker.steps.bisection import score_texts
from worker.steps.crash_search import CrashSearch, total_attempts
from worker.steps.rates import Rates

#: A score for each row of a run; None for a row with an error.
Scores = list[float | None]


class RowScorer:
    """Reads rows, and scores those without an error; each row gets a score or an error."""

    def __init__(self, settings: Settings, models: Mapping[str, Model], rates: Rates) -> None:
        self._settings = settings
        self._models = models
        self._rates = rates

    def read(self, content: bytes, layout: Layout, **where: int) -> Rows:
        """Read the rows of a part or of a small job; see `Layout.read`."""
        return layout.read(
            content,
            max_text_chars=self._settings.max_text_chars,
            max_record_bytes=self._settings.max_record_bytes,
            **where,
        )

    def score(self, full_name: str, rows: Rows) -> Scores:
        """Score rows; one on which the model raises, or without a finite score, gets an error."""
        good = [row for row, error in enumerate(rows.errors) if error is None]
        all_good = len(good) == len(rows)
        texts = rows.texts if all_good else [rows.texts[row] for row in good]
        if not texts:
            return [None] * len(rows)
        began = time.perf_counter()
        scored, reasons = score_texts(self._models[full_name], texts)
        if not reasons:
            self._rates.learn(full_name, texts, time.perf_counter() - began)
        finite = np.isfinite(scored)
        if all_good and finite.all():
            return list(scored.tolist())
        scores: Scores = [None] * len(rows)
        for at, row in enumerate(good):
            if finite[at]:
                scores[row] = float(scored[at])
            else:
                rows.errors[row] = reasons.get(at, "the model gave no number for this text")
        return scores

    def attempt(
        self, full_name: str, rows: Rows, attempts: int, note: str, save_note: Callable[[str], None]
    ) -> Scores:
        """Score rows that may have killed the processes that scored them before.

        After `max_attempts` they are scored piece by piece, to find the fatal rows: those get an
        error and all others a score. If there are too many fatal ones, the rows are given up.

        Args:
            full_name: the model and its version.
            rows: the rows; their errors are set.
            attempts: how often they were taken up, this time included.
            note: the note of the last attempt; empty if there is none.
            save_note: saves a note for the next attempt.
        """
        if attempts <= self._settings.max_attempts:
            return self.score(full_name, rows)
        if attempts > total_attempts(self._settings.max_attempts):
            return self.give_up(rows, attempts)
        search = CrashSearch.after(note, len(rows))
        for row in search.fatal:
            rows.errors[row] = rows.errors[row] or "scoring this text ended the worker's process"
        scores: Scores = [None] * len(rows)

        def score(begin: int, end: int) -> None:
            run = rows.run(begin, end)
            scores[begin:end] = self.score(full_name, run)
            rows.errors[begin:end] = run.errors

        for begin, end in search.harmless(len(rows)):
            score(begin, end)
        while search.in_doubt:
            save_note(search.note())
            score(*search.in_doubt[0])
            search.in_doubt.pop(0)
        return scores

    def give_up(self, rows: Rows, attempts: int) -> Scores:
        """Score none of these rows, and set their errors; `attempts` includes this one."""
        reason = f"scoring this row did not end in {attempts - 1} attempts"
        rows.errors = [error or reason for error in rows.errors]
        return [None] * len(rows)
