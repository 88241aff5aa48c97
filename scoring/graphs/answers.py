"""What comes out of an ONNX graph, and how it becomes the columns of a signature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from scoring.class_values import expected_score
from shared.model import SCORE
from shared.signature import ColumnType, Output


@dataclass(frozen=True)
class Answers:
    """Which outputs of a graph mean what. Without classes, all are columns, one after the other.

    Attributes:
        label: the output with the label of each row; empty if there is none: then the label is the
            class with the highest score.
        scores: the outputs with a number for each of the K classes: one of K columns, or K of one.
        classes: the K labels, as users see them.
        own_labels: the labels that the graph itself gives to the classes, if they differ.
        many: whether any number of classes may be true of a row (multi-label). Then `label` has one
            column of 0 and 1 for each.
        class_values: what each class is worth in `Sentiment_Score`; empty without one.
    """

    label: str = ""
    scores: tuple[str, ...] = ()
    classes: tuple[Any, ...] = ()
    own_labels: tuple[Any, ...] = ()
    many: bool = False
    class_values: tuple[float, ...] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Read them from the options of a card."""
        given = options.get("answers", {})
        lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
        values = tuple(options.get("class_values", ()))
        return cls(**{**given, **lists}, class_values=values)

    def to_options(self) -> dict[str, Any]:
        """The options of a card; empty if every output is a column."""
        given = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
            if value and name != "class_values"
        }
        options: dict[str, Any] = {"answers": given} if given else {}
        if self.class_values:
            options["class_values"] = list(self.class_values)
        return options

    def columns(
        self, found: Mapping[str, Any], outputs: Sequence[Output]
    ) -> list[npt.NDArray[Any]]:
        """One array of n values for each output of the signature.

        Args:
            found: what the graph gave for n rows, by the name of its output.
            outputs: the outputs of the signature.

        Raises:
            ValueError: the graph gave something else than the signature says.
        """
        if not self.classes:
            tables = [table_of(value) for value in found.values()]
            every = [table[:, column] for table in tables for column in range(table.shape[1])]
            if len(every) != len(outputs):
                raise ValueError(f"it gives {len(every)} columns, and not {len(outputs)}")
            return [
                typed(column, output.type) for column, output in zip(every, outputs, strict=True)
            ]
        scores = self.scores_of(found)
        if scores.shape[1] != len(self.classes):
            raise ValueError(f"it gives {scores.shape[1]} numbers for {len(self.classes)} classes")
        names = [str(one) for one in self.classes]
        columns = []
        for output in outputs:
            if output.name == SCORE and self.class_values:
                columns.append(expected_score(scores, np.asarray(self.class_values)))
            elif output.meaning == "label":
                labels = (
                    table_of(found[self.label])[:, names.index(str(output.of))]
                    if self.many
                    else self._labels(found, scores)
                )
                columns.append(typed(labels, output.type))
            else:
                columns.append(scores[:, names.index(str(output.of))])
        return columns

    def scores_of(self, found: Mapping[str, Any]) -> npt.NDArray[np.float64]:
        """The numbers of the K classes for n rows: an array of n x K.

        One number for two classes is the probability of the second.
        """
        tables = [table_of(found[name]) for name in self.scores]
        scores = np.column_stack(tables).astype(np.float64)
        if scores.shape[1] == 1 and len(self.classes) == 2:
            return np.column_stack([1 - scores, scores])
        return scores

    def _labels(
        self, found: Mapping[str, Any], scores: npt.NDArray[np.float64]
    ) -> npt.NDArray[Any]:
        shown = np.array(self.classes, dtype=object)
        if not self.label:
            chosen: npt.NDArray[Any] = shown[np.nan_to_num(scores, nan=-np.inf).argmax(axis=1)]
            chosen[np.isnan(scores).any(axis=1)] = np.nan
            return chosen
        labels: npt.NDArray[Any] = table_of(found[self.label])[:, 0]
        if not self.own_labels:
            return labels
        names = dict(zip(self.own_labels, self.classes, strict=True))
        return np.array([names.get(one, np.nan) for one in labels.tolist()], dtype=object)


def table_of(value: Any) -> npt.NDArray[Any]:
    """What a graph gave for n rows, as an array of n rows and some columns.

    Args:
        value: a tensor; a list of n maps from class to number, as ZipMap makes; or a list of
            tensors of n x 2, of which each holds the probabilities that one label is false and
            true.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            numbers = (number for one in value for number in one.values())
            count = len(value) * len(value[0])
            return np.fromiter(numbers, dtype=np.float64, count=count).reshape(len(value), -1)
        tables = [np.asarray(one) for one in value]
        if not tables or any(one.ndim != 2 or one.shape[1] != 2 for one in tables):
            raise ValueError("it gives a sequence of tensors, which is no column of a table")
        return np.column_stack([one[:, 1] for one in tables])
    array = np.asarray(value)
    if not 1 <= array.ndim <= 2:
        raise ValueError(f"it gives a tensor of {array.ndim} dimensions, which is no table")
    return array[:, None] if array.ndim == 1 else array


def typed(column: npt.NDArray[Any], kind: ColumnType) -> npt.NDArray[Any]:
    """A column with the type that `shared.model.Model.score` gives it."""
    if kind == "double":
        return column.astype(np.float64)
    if kind == "string" or column.dtype == object:
        return column.astype(object)
    return column.astype(np.bool_ if kind == "boolean" else np.int64)


def type_of(column: npt.NDArray[Any]) -> ColumnType:
    """The type of a column that fits the values of a tensor."""
    kinds: dict[str, ColumnType] = {"f": "double", "b": "boolean", "i": "long", "u": "long"}
    return kinds.get(column.dtype.kind, "string")


def without(column: npt.NDArray[Any], lost: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """A column without the values of the rows in `lost`."""
    if not lost.any():
        return column
    holds_nan = column.astype(np.float64 if column.dtype.kind in "if" else object)
    holds_nan[lost] = np.nan
    return holds_nan
