"""What the outputs of a network mean, and the columns of a result that they become.

A network gives n rows of K numbers: the units of its output layers, one layer after another. A head
is one output layer.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from scoring.class_values import expected_score, given_values, interval_middles
from shared.card import Card
from shared.signature import SCORE, ColumnType, Output

#: What the units of an output layer are. `classes`: the probabilities of classes that exclude each
#: other, by a softmax; or one sigmoid, the probability of the second of two classes. `labels`: the
#: probability of each label by itself, by sigmoids. `numbers`: anything else.
Kind = Literal["classes", "labels", "numbers"]

#: The option of a card that says what the output layers are.
HEADS = "heads"

#: A label is true if its probability is higher, as in Keras's `BinaryAccuracy`.
THRESHOLD = 0.5

#: Probabilities of more classes than these are given on request only.
MANY_CLASSES = 20

#: A column of results, by its name.
Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Head:
    """An output layer.

    Attributes:
        kind: what its units are.
        units: the number of its units.
        classes: the names of the classes or labels, str or int, in the order of the units; those of
            `no` and `yes` for one sigmoid. For `numbers` what tells the columns apart, if there are
            several.
        name: the name of the layer; empty if the network has one output layer.
    """

    kind: Kind
    units: int
    classes: tuple[str | int, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        """Check the fields, which may come from a card.

        Raises:
            ValueError: they contradict each other.
        """
        expected = 2 if self.kind == "classes" and self.units == 1 else self.units
        if self.kind not in get_args(Kind) or self.units < 1 or len(self.classes) != expected:
            raise ValueError(f"its card's head {self.name or self.kind} is wrong")

    def columns(self) -> list[Output]:
        """The columns that the layer becomes, none of them on request."""
        names = {one: f"{self._prefix}{one}" for one in self.classes}
        if self.kind == "numbers":
            if self.units == 1:
                return [Output(name=self._named("prediction"))]
            return [Output(name=f"prediction_{name}") for name in names.values()]
        chances = [
            Output(
                name=f"probability_{name}",
                meaning="probability",
                of=str(one),
                minimum=0,
                maximum=1,
            )
            for one, name in names.items()
        ]
        if self.kind == "classes":
            return [Output(name=self._named("label"), type=self._type, meaning="label"), *chances]
        labels = [
            Output(name=f"label_{name}", type="boolean", meaning="label") for name in names.values()
        ]
        return [column for pair in zip(chances, labels, strict=True) for column in pair]

    def values(self, outputs: npt.NDArray[np.float64]) -> list[npt.NDArray[Any]]:
        """The values of `columns`, of n rows each.

        Args:
            outputs: n rows of the units' numbers. A row with a number that is not finite has no
                label.
        """
        if self.kind == "numbers":
            return list(outputs.T)
        without = _lacking(outputs)
        if self.kind == "labels":
            labels = [_with_gaps(chances > THRESHOLD, without) for chances in outputs.T]
            return [one for pair in zip(outputs.T, labels, strict=True) for one in pair]
        chances = np.hstack([1 - outputs, outputs]) if self.units == 1 else outputs
        kind = np.int64 if self._type == "long" else object
        most = np.array(self.classes, dtype=kind)[np.argmax(chances, axis=1)]
        return [_with_gaps(most, without), *chances.T]

    @property
    def _type(self) -> ColumnType:
        return "long" if all(type(one) is int for one in self.classes) else "string"

    @property
    def _prefix(self) -> str:
        return f"{self.name}_" if self.name else ""

    def _named(self, kind: str) -> str:
        return f"{kind}_{self.name}" if self.name else kind


class Heads:
    """All output layers of a network, and the columns of its results.

    Attributes:
        each: the layers, in order.
        class_values: what each class of the one layer is worth in `Sentiment_Score`, in 0..1; None
            if the one unit is that score, or if the network gives no such score.
    """

    def __init__(
        self,
        each: Sequence[Head],
        *,
        scores: bool = False,
        class_values: npt.NDArray[np.float64] | None = None,
    ) -> None:
        """Combine the layers.

        Args:
            each: the layers, in order.
            scores: the network's first column is `Sentiment_Score`; the others are on request.
            class_values: what each class is worth in it.
        """
        self.each = tuple(each)
        self.class_values = class_values
        self._scores = scores

    @classmethod
    def from_options(cls, options: dict[str, Any], *, scores: bool) -> Self:
        """Make the heads from a card's options `heads` and `class_values`.

        Args:
            options: the options.
            scores: the network gives `Sentiment_Score`.

        Raises:
            ValueError: the options are wrong; the message says why.
        """
        try:
            each = [Head(**one | {"classes": tuple(one["classes"])}) for one in options[HEADS]]
        except (KeyError, TypeError) as error:
            raise ValueError(f"its card's heads are wrong ({error})") from error
        values = None
        if scores:
            if [one.kind for one in each] != ["classes"]:
                raise ValueError("its card has no classes, and so no Sentiment_Score")
            units = each[0].units
            if units > 1:
                given = given_values(options, units)
                values = interval_middles(units) if given is None else given
        return cls(each, scores=scores, class_values=values)

    @classmethod
    def of_card(cls, card: Card) -> Self | None:
        """The heads of a card; None if it has none, as the cards of older releases.

        Raises:
            ValueError: the options are wrong; the message says why.
        """
        if HEADS not in card.options:
            return None
        scores = card.signature.outputs[0].name == SCORE
        heads = cls.from_options(card.options, scores=scores)
        if heads.signature_outputs != card.signature.outputs:
            raise ValueError("its card's outputs do not follow from its heads")
        return heads

    def options(self) -> list[dict[str, Any]]:
        """The option `heads` for a card."""
        return [asdict(one) | {"classes": list(one.classes)} for one in self.each]

    @property
    def units(self) -> int:
        """How many numbers the network gives for a row."""
        return sum(one.units for one in self.each)

    @cached_property
    def signature_outputs(self) -> tuple[Output, ...]:
        """The outputs for the signature of a card."""
        score = [Output(name=SCORE, meaning="score", minimum=0, maximum=1)] if self._scores else []
        columns = []
        for head in self.each:
            many = len(head.classes) > MANY_CLASSES and head.kind != "numbers"
            for column in head.columns():
                hidden = self._scores or (many and column.meaning == "probability")
                columns.append(column.model_copy(update={"on_request": hidden}))
        return (*score, *columns)

    @property
    def worth(self) -> dict[str, float]:
        """What each class is worth in `Sentiment_Score`, by its name; empty without classes."""
        if self.class_values is None:
            return {}
        classes = self.each[0].classes
        named = any(type(one) is str for one in classes)
        names = [str(one) if named else f"output {n}" for n, one in enumerate(classes, start=1)]
        return dict(zip(names, self.class_values.tolist(), strict=True))

    def parts(self, outputs: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Cut n rows of all numbers into those of each layer."""
        ends = np.cumsum([one.units for one in self.each])
        return np.split(outputs, ends[:-1], axis=1)

    def result(self, outputs: npt.NDArray[Any]) -> Columns:
        """The columns of n rows of the network's numbers, in the order of `signature_outputs`."""
        exact = outputs.astype(np.float64)
        values = [
            one
            for head, part in zip(self.each, self.parts(exact), strict=True)
            for one in head.values(part)
        ]
        if self._scores:
            values.insert(0, self._score(outputs))
        names = [column.name for column in self.signature_outputs]
        return dict(zip(names, values, strict=True))

    def _score(self, outputs: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        if self.class_values is None:
            return np.clip(outputs[:, 0].astype(np.float64), 0.0, 1.0)
        return expected_score(outputs, self.class_values)


def _lacking(outputs: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which rows have a number that is not finite."""
    lacking: npt.NDArray[np.bool_] = np.any(~np.isfinite(outputs), axis=1)
    return lacking


def _with_gaps(values: npt.NDArray[Any], without: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """Labels, of which some rows have none: NaN among numbers, otherwise None."""
    if not without.any():
        return values
    gaps = values.astype(np.float64 if values.dtype == np.int64 else object)
    gaps[without] = None
    return gaps
