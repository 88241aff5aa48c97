"""Scores rows with the models of a process."""

import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from shared.config.settings import Settings
from shared.jobs.added_outputs import AddedOutputs, outputs_of
from shared.model import Model
from shared.reach import REACH
from shared.signature import Input, Output, Signature
from shared.tables.layouts import Layout
from shared.tables.rows import ReadOptions, Rows
from shared.tables.spans import Coded
from worker.steps.added.reach import ReachModel
from worker.steps.added.registry import adding
from worker.steps.bisection import Values, score_frame, score_texts
from worker.steps.crash_search import CrashSearch, total_attempts
from worker.steps.frames import frame_of
from worker.steps.rates import Rates
from worker.steps.watching import Watch
from worker.tables.lists import list_of, lists_of
from worker.tables.typed_cells import read_csv

#: The values of each output; None for a row with an error.
Outputs = list[list[Any]]

#: The same; an output without missing values may be an array, which is faster.
Columns = Sequence[Any]


class RowScorer:
    """Reads rows, and scores those without an error; each row gets its outputs or an error."""

    def __init__(self, settings: Settings, models: Mapping[str, Model], rates: Rates) -> None:
        self._settings = settings
        self._models = models
        self._rates = rates
        self._reach: dict[str, tuple[Output, ...]] = {}
        self._watches: dict[str, Watch] = {}

    def has(self, full_name: str) -> bool:
        """Whether this process has loaded a model."""
        return full_name in self._models

    def signature(self, full_name: str) -> Signature:
        """The signature of a model that this process has loaded."""
        return self._models[full_name].card.signature

    def reach_outputs(self, full_name: str) -> tuple[Output, ...]:
        """The outputs of `shared.reach`, which may be asked for after others; empty: unknown."""
        if full_name not in self._reach:
            model = self._models[full_name]
            # A runtime of a user's own need not inherit the method.
            tells = hasattr(model, "with_reach") and model.with_reach() is not None
            self._reach[full_name] = REACH if tells else ()
        return self._reach[full_name]

    def reach(self, full_name: str, rows: Rows) -> Columns:
        """The columns of `reach_outputs` alone, None for a row with an error; empty: unknown."""
        if not self.reach_outputs(full_name):
            return []
        model = self._models[full_name]
        good = [row for row, error in enumerate(rows.errors) if error is None]
        if not good:
            # Rows of a damaged part have no inputs.
            return [[None] * len(rows) for _ in REACH]
        found = model.reach(frame_of(model.card.signature.inputs, rows.inputs, good))
        if found is None:
            return []
        columns = (found[one.name].to_numpy() for one in REACH)
        return [_spread(column, good, good, len(rows)) for column in columns]

    def watch(self, full_name: str) -> Watch:
        """How the rows of a model are counted."""
        card = self._models[full_name].card
        # A version may be loaded again, with another reference.
        if full_name not in self._watches or self._watches[full_name].card is not card:
            self._watches[full_name] = Watch(card)
        return self._watches[full_name]

    def read(self, content: bytes, layout: Layout, inputs: tuple[Input, ...], **where: int) -> Rows:
        """Read the rows of a part or of a small job; see `Layout.read`."""
        options = ReadOptions(
            self._settings.max_text_chars,
            self._settings.max_record_bytes,
            inputs,
            read_csv=read_csv,
        )
        return layout.read(content, options, **where)

    def score(
        self,
        full_name: str,
        rows: Rows,
        outputs: Sequence[Output],
        added: Sequence[AddedOutputs] = (),
    ) -> Outputs:
        """Score rows; one on which the model raises, or without an output, gets an error."""
        return lists_of(self.scored(full_name, rows, outputs, added))

    def scored(
        self,
        full_name: str,
        rows: Rows,
        outputs: Sequence[Output],
        added: Sequence[AddedOutputs] = (),
    ) -> Columns:
        """As `score`, but an array for each output if no row has an error."""
        all_good = rows.errors.count(None) == len(rows)
        good = [] if all_good else [row for row, error in enumerate(rows.errors) if error is None]
        if not (good or (all_good and len(rows))):
            return [[None] * len(rows) for _ in outputs]
        model = self._models[full_name]
        signature = model.card.signature
        began = time.perf_counter()
        what = "text" if signature.takes_text else "row"
        added_names = {output.name for output in outputs_of(added)}
        own = [one.name for one in outputs if one not in REACH and one.name not in added_names]
        # A runtime of a user's own need not inherit `for_outputs`.
        if len(own) < len(signature.outputs) and hasattr(model, "for_outputs"):
            model = model.for_outputs(own)
        wants_reach = bool(outputs) and outputs[-1] in REACH
        model = (model.with_reach() if wants_reach else None) or model
        scorer = adding(model, added, self._models)
        if wants_reach and added:
            scorer = ReachModel(scorer, self._models[full_name])
        # Texts of a CSV are still places in its bytes, which not every model reads.
        if signature.takes_text and not getattr(scorer, "reads_spans", False):
            rows.inputs[0] = list_of(rows.inputs[0])
        texts = cast("Sequence[str]", rows.inputs[0]) if signature.takes_text else None
        if texts and not all_good:
            texts = [texts[row] for row in good]
        columns = score_texts(scorer, texts, outputs) if texts else None
        reasons: dict[int, str] = {}
        if columns is None:
            frame = frame_of(signature.inputs, rows.inputs, None if all_good else good)
            began = time.perf_counter()
            columns, reasons = score_frame(scorer, frame, outputs, what)
        seconds = time.perf_counter() - began
        # The rate of a model is that of its own outputs.
        if not reasons and not added:
            self._rates.learn(full_name, len(good) or len(rows), seconds, texts)
        if all_good and not reasons:
            return columns
        good = list(range(len(rows))) if all_good else good
        scored = [row for at, row in enumerate(good) if at not in reasons]
        for at, reason in reasons.items():
            rows.errors[good[at]] = reason
        return [_spread(column, good, scored, len(rows)) for column in columns]

    def attempt(
        self,
        full_name: str,
        rows: Rows,
        attempts: int,
        note: str,
        save_note: Callable[[str], None],
        outputs: Sequence[Output],
        added: Sequence[AddedOutputs] = (),
    ) -> Columns:
        """Score rows that may have killed the processes that scored them before.

        After `max_attempts` they are scored piece by piece, to find the fatal rows: those get an
        error and all others a score. If there are too many fatal ones, the rows are given up.

        Args:
            full_name: the model and its version.
            rows: the rows; their errors are set.
            attempts: how often they were taken up, this time included.
            note: the note of the last attempt; empty if there is none.
            save_note: saves a note for the next attempt.
            outputs: the outputs that are wanted, with the added ones; then perhaps those of
                `reach_outputs`.
            added: the kinds of those that are not the model's own.

        Returns:
            For each output its values, None for a row with an error; an array if no row has one.
        """
        if attempts <= self._settings.max_attempts:
            return self.scored(full_name, rows, outputs, added)
        if attempts > total_attempts(self._settings.max_attempts):
            return self.give_up(rows, attempts, outputs)
        search = CrashSearch.after(note, len(rows))
        return self.search(full_name, rows, search, save_note, outputs, added)

    def search(
        self,
        full_name: str,
        rows: Rows,
        search: CrashSearch,
        save_note: Callable[[str], None],
        outputs: Sequence[Output],
        added: Sequence[AddedOutputs] = (),
    ) -> Outputs:
        """Score rows piece by piece, after a note of each piece; see `attempt`."""
        what = "text" if self.signature(full_name).takes_text else "row"
        for row in search.fatal:
            error = f"scoring this {what} ended the worker's process"
            rows.errors[row] = rows.errors[row] or error
        found: Outputs = [[None] * len(rows) for _ in outputs]

        def score(begin: int, end: int) -> None:
            run = rows.run(begin, end)
            scored = self.score(full_name, run, outputs, added)
            for column, values in zip(found, scored, strict=True):
                column[begin:end] = values
            rows.errors[begin:end] = run.errors

        for begin, end in search.harmless(len(rows)):
            score(begin, end)
        while search.in_doubt:
            save_note(search.note())
            score(*search.in_doubt[0])
            search.in_doubt.pop(0)
        return found

    def give_up(self, rows: Rows, attempts: int, outputs: Sequence[Output]) -> Outputs:
        """Score none of these rows, and set their errors; `attempts` includes this one."""
        reason = f"scoring this row did not end in {attempts - 1} attempts"
        rows.errors = [error or reason for error in rows.errors]
        return [[None] * len(rows) for _ in outputs]


def _spread(values: Values, good: list[int], scored: list[int], rows: int) -> Any:
    """The values of the rows `good`, each at its row if that is among `scored`."""
    if isinstance(values, Coded):
        # The last value is that of a missing one.
        codes = np.full(rows, len(values.values) - 1, dtype=np.int32)
        codes[good] = np.frombuffer(values.codes, np.int32)
        codes[list(set(good).difference(scored))] = len(values.values) - 1
        return Coded(array("i", codes.tobytes()), values.values)
    column: list[Any] = [None] * rows
    by_row = dict(zip(good, values.tolist(), strict=True))
    for row in scored:
        column[row] = by_row[row]
    return column
