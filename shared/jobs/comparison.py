"""What is counted of two models that score the same rows, so that parts can be added in any order.

Means, variances and the correlation come from sums of squares around the mean, which are merged as
Chan, Golub and LeVeque do it (Updating Formulae and a Pairwise Algorithm for Computing Sample
Variances, 1979). Sums of plain squares would lose all digits for large numbers that differ little.
"""

import json
import math
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict

from shared.jobs.labels import Labels, is_counted, value_of
from shared.signature import Output

#: The rows with the largest differences that are kept of each output.
LARGEST = 10

#: The longest ref that is kept with them, in characters.
REF_CHARS = 256

#: The differences that count as small, as shares of the range of the output; see `scale_of`.
TOLERANCES = (0.01, 0.05, 0.1)


#: A sum; NaN and infinity, if numbers are too large for it, are null in JSON.
Sum = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]


class Moments(NamedTuple):
    """Sums over n rows of the numbers x and y of two models, and of y - x.

    A square is the sum of squared distances from the mean; `product` is that of the products of
    both distances.
    """

    rows: Sum = 0.0
    first_mean: Sum = 0.0
    second_mean: Sum = 0.0
    shift_mean: Sum = 0.0
    first_square: Sum = 0.0
    second_square: Sum = 0.0
    shift_square: Sum = 0.0
    product: Sum = 0.0


class Errors(NamedTuple):
    """Sums of the distances of two models' numbers from the labels, and of their squares."""

    first: Sum = 0.0
    second: Sum = 0.0
    first_square: Sum = 0.0
    second_square: Sum = 0.0


class Counts(BaseModel):
    """Numbers of rows.

    Attributes:
        rows: with a value of both models; all others, except `unscored`, are among these.
        unscored: with a value of the first model alone.
        equal: with the same value.
        same_side: with both numbers at or above the middle of the range, or both below it.
        within_first: whose numbers differ by at most the first of `TOLERANCES`.
        within_second: by at most the second.
        within_third: by at most the third.
        labelled: with a label that the test uses; the four last are among these.
        neutral: whose label is neither side, so that the test leaves them out.
        unreadable: whose label is empty, or is none of those that the output can have.
        positive: labelled, with the class of a probability, or a label above the middle.
        both: on which both models are right.
        only_first: on which only the first model is right, or the first one is nearer to the label.
        only_second: on which only the second model is.
    """

    model_config = ConfigDict(frozen=True)

    rows: int = 0
    unscored: int = 0
    equal: int = 0
    same_side: int = 0
    within_first: int = 0
    within_second: int = 0
    within_third: int = 0
    labelled: int = 0
    neutral: int = 0
    unreadable: int = 0
    positive: int = 0
    both: int = 0
    only_first: int = 0
    only_second: int = 0


class Difference(BaseModel):
    """A row on which two models differ.

    Attributes:
        size: how much their numbers differ, as a text that keeps all digits; `1` if they are none.
        row: its number, from 1.
        ref: its ref, or the beginning of it.
        first: the first model's value, in JSON.
        second: the second model's.
    """

    model_config = ConfigDict(frozen=True)

    size: str
    row: int
    ref: str
    first: str
    second: str


class Comparison(BaseModel):
    """What two models give for the same rows as one output.

    Attributes:
        counts: numbers of rows.
        moments: of their numbers; zeros if they are none.
        errors: of their numbers, if labels are numbers.
        changes: rows with different values that are counted, by `change_of`.
        largest: the rows that differ most, the most different first, and then by their number.
    """

    model_config = ConfigDict(frozen=True)

    counts: Counts = Counts()
    moments: Moments = Moments()
    errors: Errors = Errors()
    changes: Labels = Labels()
    largest: tuple[Difference, ...] = ()

    def written(self) -> str:
        """The comparison as the JSON that Redis stores; a script merges it with those before.

        Sums are texts, because a script of Redis writes only 14 digits of a number. What is empty
        is left out, because such a script cannot tell an empty list from an empty object.
        """
        found: dict[str, Any] = {
            "counts": self.counts.model_dump(exclude_defaults=True),
            "moments": _numbers(self.moments),
            "errors": _numbers(self.errors),
            "changes": self.changes.model_dump(exclude={"kind"}),
            "largest": [one.model_dump() for one in self.largest],
        }
        return json.dumps(found)

    @classmethod
    def read(cls, text: str | bytes) -> "Comparison":
        """Read what `written` wrote, or a script of Redis."""
        found = json.loads(text)
        return cls(
            counts=Counts(**(found["counts"] or {})),
            moments=Moments(*map(float, found["moments"].split())),
            errors=Errors(*map(float, found["errors"].split())),
            changes=Labels(**{name: value or 0 for name, value in _labels(found["changes"])}),
            largest=tuple(Difference(**one) for one in found["largest"] or ()),
        )


def _labels(found: dict[str, Any]) -> list[tuple[str, Any]]:
    """The fields of labels that are not empty."""
    return [(name, value) for name, value in found.items() if value]


def _numbers(values: Sequence[float]) -> str:
    return " ".join(map(repr, map(float, values)))


def change_of(first: str, second: str) -> str:
    """The text under which a change is counted: the texts of both values, in JSON."""
    return json.dumps([first, second])


def changed(output: Output, text: str) -> tuple[Any, Any]:
    """The values of which `change_of` has made a text."""
    first, second = json.loads(text)
    return value_of(output, first), value_of(output, second)


def are_comparable(first: Output, second: Output) -> bool:
    """Whether what two models give as these outputs can be compared: numbers, or equal types."""
    if is_counted(first) or is_counted(second):
        return is_counted(first) and is_counted(second) and first.type == second.type
    return first.is_number and second.is_number


def is_right_or_wrong(output: Output) -> bool:
    """Whether a value can be right by a label; of other numbers one is nearer to it.

    A class is right if it is the label, and a probability of a class or a score of a known range if
    it is on the right side.
    """
    if is_counted(output) or (output.meaning == "probability" and output.of is not None):
        return True
    return output.meaning == "score" and None not in (output.minimum, output.maximum)


def scale_of(first: Output, second: Output) -> tuple[float, float] | None:
    """The least and the largest value of both outputs; None if they are unknown or differ.

    A difference is compared with their distance; if they are unknown, with the larger number.
    """
    lowest, highest = first.minimum, first.maximum
    if lowest is None or highest is None or not 0 < highest - lowest < math.inf:
        return None
    return (lowest, highest) if (second.minimum, second.maximum) == (lowest, highest) else None


def compared(outputs: Sequence[Output], suffix: str) -> list[tuple[int, int]]:
    """The places of the outputs that are compared: the first model's, and the second's of its name.

    Args:
        outputs: of a job whose rows two models score.
        suffix: what the names of the second model's outputs end with.
    """
    places = {output.name: at for at, output in enumerate(outputs)}
    pairs = [
        (at, places[output.name + suffix])
        for at, output in enumerate(outputs)
        if output.name + suffix in places
    ]
    return [(at, to) for at, to in pairs if are_comparable(outputs[at], outputs[to])]
