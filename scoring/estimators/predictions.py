"""Turns what an estimator predicts into the output columns of a signature."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.base import is_regressor
from typing_extensions import override

from scoring.estimators.class_columns import ClassColumns, Columns
from scoring.estimators.fitted_columns import type_of_values
from scoring.estimators.kinds import says
from scoring.estimators.most_probable import predicts_most_probable
from scoring.estimators.output_columns import (
    check_shape,
    is_yes_or_no,
    probability_of,
    typed_values,
)
from scoring.estimators.sentiment import CUTS
from scoring.estimators.unwrapping import final_step, predicts_as_inside, unwrapped
from shared.card import Card
from shared.model import SCORE
from shared.signature import ColumnType, Output

#: The option of a card with the names of the outputs of an estimator that has several.
LABELS = "labels"


class Predictions(Protocol):
    """What a kind of estimator predicts.

    Attributes:
        outputs: all the columns that it can give.
    """

    outputs: tuple[Output, ...]

    def raw(self, rows: Any) -> Any:
        """What the estimator computes for n rows: probabilities, or else its predictions."""

    def columns(self, raw: Any, rows: Any, wanted: set[str]) -> Columns:
        """The columns for n rows, those that are wanted at least, each with n values.

        Raises:
            ValueError: the estimator gives something else than it was found to give.
        """


class Classes(Predictions):
    """A classifier of one output, or an estimator that predicts groups.

    Attributes:
        class_columns: how its columns follow from probabilities; None if it gives none.
    """

    def __init__(self, estimator: Any, scorer: Any, label_type: ColumnType) -> None:
        """Find out what it gives.

        Args:
            estimator: the fitted estimator as it is; its `predict` gives the labels.
            scorer: what computes its probabilities, or its labels if it has none, perhaps faster.
            label_type: the type of its labels.
        """
        self._scorer, self._type = scorer, label_type
        self._predict = scorer.predict if predicts_as_inside(estimator) else estimator.predict
        labels = list(np.asarray(getattr(estimator, "classes_", [])).tolist())
        has_probabilities = bool(labels) and hasattr(estimator, "predict_proba")
        named = labels if has_probabilities else []
        probabilities = [probability_of(str(label), len(labels)) for label in named]
        self.outputs = (Output(name="label", type=label_type, meaning="label"), *probabilities)
        self.class_columns: ClassColumns | None = None
        if has_probabilities:
            self.class_columns = ClassColumns(
                typed_values(labels, label_type),
                label_type,
                [output.name for output in probabilities],
                by_probability=predicts_most_probable(estimator),
                predict=estimator.predict,
            )

    @override
    def raw(self, rows: Any) -> Any:
        """An array of n x K probabilities, or n labels."""
        if self.class_columns is None:
            return self._predict(rows)
        return np.asarray(self._scorer.predict_proba(rows), dtype=np.float64)

    @override
    def columns(self, raw: Any, rows: Any, wanted: set[str]) -> Columns:
        if self.class_columns is None:
            return {"label": typed_values(raw, self._type)}
        return self.class_columns.of(raw, rows, wanted)


class Several(Predictions):
    """A classifier that predicts several labels at once: multi-label, or multi-output."""

    def __init__(
        self, estimator: Any, scorer: Any, classes: Sequence[Sequence[Any]], names: Sequence[str]
    ) -> None:
        """Find out what it gives.

        Args:
            estimator: the fitted estimator as it is.
            scorer: what computes its probabilities.
            classes: the classes of each output.
            names: the names of the outputs.
        """
        self._estimator, self._scorer = estimator, scorer
        self._has_probabilities = hasattr(estimator, "predict_proba")
        self._classes, self._names = classes, names
        outputs = []
        for name, own in zip(names, classes, strict=True):
            kind = type_of_values(own) or "string"
            outputs.append(Output(name=f"label_{name}", type=kind, meaning="label"))
            if not self._has_probabilities:
                continue
            if is_yes_or_no(own):
                outputs.append(probability_of(name, 1))
            else:
                outputs += [probability_of(str(one), len(own), f"{name}_{one}") for one in own]
        self.outputs = tuple(outputs)

    @override
    def raw(self, rows: Any) -> Any:
        """For each output an array of n x K probabilities; or n x outputs, of the label itself."""
        if not self._has_probabilities:
            return self._estimator.predict(rows)
        return self._scorer.predict_proba(rows)

    @override
    def columns(self, raw: Any, rows: Any, wanted: set[str]) -> Columns:
        columns: Columns = {}
        count = len(self._names)
        if any(f"label_{name}" in wanted for name in self._names):
            predicted = self._estimator.predict(rows) if self._has_probabilities else raw
            predicted = predicted.toarray() if hasattr(predicted, "toarray") else predicted
            predicted = np.asarray(predicted)
            check_shape(predicted, (len(rows), count))
            for place, (name, own) in enumerate(zip(self._names, self._classes, strict=True)):
                kind = type_of_values(own) or "string"
                columns[f"label_{name}"] = typed_values(predicted[:, place], kind)
        if self._has_probabilities:
            if not isinstance(raw, list):
                check_shape(np.asarray(raw), (len(rows), count))
            for place, (name, own) in enumerate(zip(self._names, self._classes, strict=True)):
                found = raw[place] if isinstance(raw, list) else np.asarray(raw)[:, place]
                columns |= self._probabilities(name, own, np.asarray(found, dtype=np.float64))
        return columns

    def _probabilities(
        self, name: str, classes: Sequence[Any], found: npt.NDArray[np.float64]
    ) -> Columns:
        if is_yes_or_no(classes):
            if found.ndim == 1:
                return {f"probability_{name}": found}
            yes = [place for place, one in enumerate(classes) if one == 1]
            return {f"probability_{name}": found[:, yes[0]] if yes else np.zeros(len(found))}
        if found.ndim == 1 or found.shape[1] != len(classes):
            raise ValueError(f"it gives no probabilities for the {len(classes)} classes of {name}")
        return {
            f"probability_{name}_{one}": column
            for one, column in zip(classes, found.T, strict=True)
        }


class Numbers(Predictions):
    """A regressor of one or several outputs."""

    def __init__(self, scorer: Any, names: Sequence[str] | None) -> None:
        """Note what it gives.

        Args:
            scorer: what predicts.
            names: the names of its outputs; None: it gives one number for each row.
        """
        self._scorer = scorer
        self._names = ["prediction"] if names is None else [f"prediction_{name}" for name in names]
        self._is_one = names is None
        self.outputs = tuple(Output(name=name) for name in self._names)

    @override
    def raw(self, rows: Any) -> Any:
        """The n predictions, or an array of n x outputs."""
        return np.asarray(self._scorer.predict(rows), dtype=np.float64)

    @override
    def columns(self, raw: Any, rows: Any, wanted: set[str]) -> Columns:
        # Some regressors return a matrix with one column.
        if self._is_one and raw.shape == (len(rows), 1):
            raw = raw[:, 0]
        check_shape(raw, (len(rows),) if self._is_one else (len(rows), len(self._names)))
        return {self._names[0]: raw} if self._is_one else dict(zip(self._names, raw.T, strict=True))


def predictions_of(
    estimator: Any,
    scorer: Any,
    *,
    predicted: npt.NDArray[Any],
    labels: Sequence[str] | None = None,
) -> Predictions:
    """Find out what a fitted estimator predicts.

    Args:
        estimator: as the file holds it.
        scorer: what computes its probabilities and numbers: the estimator, or faster code.
        predicted: what its `predict` gives for some rows, of which only shape and dtype count.
        labels: the names of several outputs; None: they are counted from 0.

    Raises:
        ValueError: it has another number of outputs than names.
    """
    classes = classes_of_several(estimator)
    if classes is None and is_regression(estimator, predicted):
        width = predicted.shape[1] if predicted.ndim == 2 else 1
        several = width > 1
        names = _names(labels, width) if several or labels is not None else None
        return Numbers(scorer, names)
    if classes is not None:
        return Several(estimator, scorer, classes, _names(labels, len(classes)))
    if labels is not None:
        raise ValueError("it predicts one label, so --labels has no use for it")
    own = np.asarray(getattr(estimator, "classes_", [])).tolist()
    kind = type_of_values(own or np.asarray(predicted).ravel().tolist()) or "string"
    return Classes(estimator, scorer, kind)


def classes_of_several(estimator: Any) -> list[list[Any]] | None:
    """The classes of each output of a multi-output or multi-label classifier; else None."""
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return None
    if isinstance(classes, list | tuple) and classes and np.ndim(classes[0]) == 1:
        return [np.asarray(own).tolist() for own in classes]
    if np.ndim(classes) == 2:
        return [list(own) for own in np.asarray(classes).tolist()]
    final = final_step(unwrapped(estimator))
    binarizer = getattr(final, "_label_binarizer", None)
    y_type = getattr(binarizer, "y_type_", "")
    if getattr(final, "multilabel_", False) or y_type == "multilabel-indicator":
        return [[0, 1]] * len(classes)
    return None


def is_regression(estimator: Any, predicted: npt.NDArray[Any]) -> bool:
    """Whether an estimator predicts numbers, not classes.

    One that does not say of which kind it is does so if it predicts fractions.
    """
    if len(getattr(estimator, "classes_", ())):
        return False
    return says(is_regressor, estimator) or predicted.dtype.kind == "f"


def _names(labels: Sequence[str] | None, count: int) -> list[str]:
    if labels is None:
        return [str(place) for place in range(count)]
    if len(labels) != count:
        raise ValueError(f"it has {count} outputs, and --labels names {len(labels)}")
    return list(labels)


def predictions_on_card(estimator: Any, scorer: Any, card: Card) -> Predictions:
    """What a model of a card predicts; see `predictions_of`.

    Raises:
        ValueError: the estimator does not give what the card says.
    """
    outputs = {output.name: output for output in card.signature.outputs}
    numbers = sum(output.meaning == "prediction" for output in outputs.values())
    if numbers:
        predicted: npt.NDArray[Any] = np.zeros((1, numbers) if numbers > 1 else 1)
    else:
        of_type = {"double": 0.0, "long": 0, "boolean": False}
        kind = outputs["label"].type if "label" in outputs else "string"
        predicted = np.array([of_type.get(kind, "")])
    labels = card.options.get(LABELS)
    found = predictions_of(estimator, scorer, predicted=predicted, labels=labels)
    given = {output.name: output.type for output in found.outputs}
    if CUTS in card.options:
        given["label"] = "string"
    for name, output in outputs.items():
        if name != SCORE and given.get(name) != output.type:
            raise ValueError(f"it gives no column {name} of the type {output.type}")
    return found
