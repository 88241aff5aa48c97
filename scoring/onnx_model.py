"""The runtime for ONNX files over tables or texts, in ONNX Runtime."""

from pathlib import Path
from typing import Self

import pandas as pd
from typing_extensions import override

from scoring.graphs.answers import Answers, without
from scoring.graphs.graph import Graph
from scoring.graphs.session import open_session
from scoring.independence import check_rows
from scoring.steady import STEADY_ROWS, in_scales, steady_batches
from shared.card import Card
from shared.errors.model import UnusableModel
from shared.model import Model
from shared.tables.trial_rows import trial_rows

#: How many rows are scored when the model is loaded.
_TRIAL_ROWS = 8


class OnnxModel(Model):
    """A graph; `load` reads `model.onnx`.

    Numbers become the type that the graph takes. A row with a number that this type cannot hold
    (over 3.4e38 in 32 bits) has no outputs, which is an error of the row.
    """

    def __init__(self, path: Path, card: Card) -> None:
        """Open the graph, and check that what it gives for a row depends on nothing but the row.

        Raises:
            ValueError: it does, or the graph and the card do not fit together; the message says
                why.
        """
        self.card = card
        self._graph = Graph(open_session(path), card.signature.inputs)
        self._answers = Answers.from_options(card.options)
        check_rows(self._score, trial_rows(self, _TRIAL_ROWS))
        rows = in_scales(trial_rows(self, STEADY_ROWS))
        self._batches = steady_batches(self._score, rows, card.full_name)

    @property
    def classes(self) -> dict[str, float]:
        """What each class is worth in a score, by its label; empty if there is no such score."""
        values = self._answers.class_values
        return {str(one): value for one, value in zip(self._answers.classes, values, strict=False)}

    @classmethod
    @override
    def load(cls, folder: Path, card: Card) -> Self:
        path = folder / card.model_file
        try:
            return cls(path, card)
        except ValueError as error:
            raise UnusableModel(path=path, reason=str(error)) from error

    @override
    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        return self._batches.score(self._score, frame)

    def _score(self, frame: pd.DataFrame) -> pd.DataFrame:
        outputs = self.card.signature.outputs
        if not len(frame):
            return pd.DataFrame({one.name: [] for one in outputs}, index=frame.index)
        found, lost = self._graph.run(frame)
        columns = self._answers.columns(found, outputs)
        named = zip(outputs, columns, strict=True)
        kept = {output.name: without(column, lost) for output, column in named}
        # Without a dtype pandas would make strings of objects.
        typed = {
            name: pd.Series(column, frame.index, dtype=column.dtype)
            for name, column in kept.items()
        }
        return pd.DataFrame(typed, index=frame.index)

    @override
    def warm_up(self) -> None:
        self.score(trial_rows(self, _TRIAL_ROWS))
