"""The output columns of a classifier of one output, from its probabilities.

Nothing here imports scikit-learn, because `scoring.mapped` scores without it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scoring.estimators.output_columns import check_shape, taken, typed_values
from scoring.estimators.score_rule import ScoreRule
from shared.model import SCORE
from shared.signature import ColumnType, Output

#: Two probabilities that differ by less may be in another order than the numbers that they were
#: computed from; the estimator itself is asked for such a label.
_TIE = 1e-6

Columns = dict[str, npt.NDArray[Any]]


class ClassColumns:
    """The label and the probabilities of a classifier.

    Attributes:
        labels: its K labels, in an array of the dtype of the column `label`.
        label_type: the type of that column.
        names: the names of the columns of the probabilities, in the order of the labels.
        by_probability: the classifier predicts its most probable class.
    """

    def __init__(
        self,
        labels: npt.NDArray[Any],
        label_type: ColumnType,
        names: Sequence[str],
        *,
        by_probability: bool,
        predict: Callable[[Any], Any],
    ) -> None:
        """Keep what the columns follow from.

        Args:
            labels: see `labels`.
            label_type: see `label_type`.
            names: see `names`.
            by_probability: see `by_probability`.
            predict: gives the labels of n rows as the estimator itself does.
        """
        self.labels, self.label_type, self.names = labels, label_type, list(names)
        self.by_probability, self._predict = by_probability, predict

    def of(self, raw: npt.NDArray[np.float64], rows: Any, wanted: set[str]) -> Columns:
        """The columns for n rows, those that are wanted at least, each with n values.

        Args:
            raw: the probabilities of n rows, n x K.
            rows: what the estimator takes, for `predict`.
            wanted: the names of the wanted columns.

        Raises:
            ValueError: the probabilities are those of another number of classes or rows.
        """
        check_shape(raw, (len(rows), len(self.labels)))
        columns: Columns = dict(zip(self.names, raw.T, strict=True))
        if "label" in wanted:
            columns["label"] = self._labels_of(raw, rows)
        return columns

    def _labels_of(self, probabilities: npt.NDArray[np.float64], rows: Any) -> npt.NDArray[Any]:
        if not self.by_probability:
            return typed_values(self._predict(rows), self.label_type)
        labels: npt.NDArray[Any] = self.labels.take(probabilities.argmax(axis=1))
        if len(self.labels) > 1:
            first, second = np.partition(probabilities, (-2, -1), axis=1)[:, -2:].T
            close = np.flatnonzero(~(second - first > _TIE))
            if len(close):
                asked = self._predict(taken(rows, close))
                labels[close] = typed_values(asked, self.label_type)
        return labels


def output_columns(
    columns: Columns,
    raw: npt.NDArray[np.float64],
    rule: ScoreRule | None,
    outputs: Sequence[Output],
) -> Columns:
    """The outputs that a model gives, by name.

    Args:
        columns: what the estimator predicts, by the name of the column.
        raw: what it computes, for the score.
        rule: how the score follows; None: the model gives none.
        outputs: the outputs to return.
    """
    if rule:
        columns[SCORE] = np.clip(rule.score(raw), 0.0, 1.0)
        if rule.cuts:
            columns["label"] = rule.labels(columns[SCORE])
    return {output.name: columns[output.name] for output in outputs}


def output_frame(columns: Columns, frame: pd.DataFrame) -> pd.DataFrame:
    """Columns as the frame that a model returns, with the index of the frame that it got."""
    chosen = {name: _column(values, frame) for name, values in columns.items()}
    return pd.DataFrame(chosen, index=frame.index, copy=False)


def no_rows(outputs: Sequence[Output], frame: pd.DataFrame) -> pd.DataFrame:
    """The outputs for a frame without rows."""
    empty = pd.DataFrame({one.name: pd.Series(typed_values([], one.type)) for one in outputs})
    return empty.set_index(frame.index)


def _column(values: npt.NDArray[Any], frame: pd.DataFrame) -> Any:
    """A column of a frame with the index of another one."""
    if values.dtype != object:
        return values
    # pandas would make a dtype of its own of an array of strings, if it might infer one.
    return pd.Series(values, index=frame.index, dtype=object)
