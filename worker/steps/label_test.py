"""Which of two models agrees with the labels of rows: the counts of a paired test."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.jobs.comparison import Errors, is_right_or_wrong
from shared.jobs.labels import is_counted
from shared.signature import Output
from shared.tables.cells import BOOLEANS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: The side of a label that is a word; the same as `training.data` reads.
_WORDS = {
    **dict.fromkeys(("false", "negative", "neg"), 0.0),
    **dict.fromkeys(("neutral", "neu"), 0.5),
    **dict.fromkeys(("true", "positive", "pos"), 1.0),
}

#: The column whose labels are the fifths of a range, 0 to 4; the same as for `training.data`.
_FIFTHS = "label5"

#: Labels above the first share of the range, up to the second one, are neutral: the middle fifth
#: of `training.evaluate`.
_NEUTRAL = (0.4, 0.6)


class Labels(NamedTuple):
    """The labels of n rows.

    Attributes:
        column: the name of their column.
        cells: as they were sent.
        decimal: the decimal sign of numbers.
    """

    column: str
    cells: Sequence[str]
    decimal: str = "."


class Judged(NamedTuple):
    """Which of two models is right; the fields of `shared.jobs.comparison.Counts`, and errors."""

    counts: dict[str, int]
    errors: Errors = Errors()


def judged(
    output: Output, first: npt.NDArray[Any], second: npt.NDArray[Any], labels: Labels
) -> Judged:
    """Compare what two models give for n rows with the labels.

    A value that is counted (a class) is right if it is the label. A probability is right if it is
    on the side of 0.5 on which its class is the label, or is not. A score with a known range is
    right if it is on the same side of the middle as the label; labels in the middle fifth are
    neutral. Of two other numbers the one is right that is nearer to the label.

    Args:
        output: what both models give.
        first: the first model's values.
        second: the second model's.
        labels: of the same rows.
    """
    if is_counted(output):
        return _classes(output, first, second, labels)
    if output.meaning == "probability" and output.of is not None:
        return _probabilities(output.of, first, second, labels)
    if is_right_or_wrong(output):
        return _sides(output, first, second, labels)
    return _nearest(first, second, labels)


def _classes(
    output: Output, first: npt.NDArray[Any], second: npt.NDArray[Any], labels: Labels
) -> Judged:
    cells = [cell.strip() for cell in labels.cells]
    if output.type == "boolean":
        known = [BOOLEANS.get(cell.lower()) for cell in cells]
        wanted: list[Any] = [None if one is None else bool(one) for one in known]
    elif output.is_number:
        wanted = [None if np.isnan(one) else one for one in _numbers(labels)]
    else:
        wanted = [cell or None for cell in cells]
    readable = np.array([one is not None for one in wanted], np.bool_)
    right = [
        np.array([one == value for one, value in zip(wanted, values.tolist(), strict=True)])
        for values in (first, second)
    ]
    return _right(readable, right[0], right[1])


def _probabilities(
    of: str, first: npt.NDArray[Any], second: npt.NDArray[Any], labels: Labels
) -> Judged:
    numbers, number = _numbers(labels), _number(of)
    is_class = np.array([cell.strip() == of for cell in labels.cells]) | (numbers == number)
    readable = np.array([bool(cell.strip()) for cell in labels.cells])
    return _right(
        readable, (first >= 0.5) == is_class, (second >= 0.5) == is_class, positive=is_class
    )


def _sides(
    output: Output, first: npt.NDArray[Any], second: npt.NDArray[Any], labels: Labels
) -> Judged:
    lowest, highest = float(output.minimum or 0), float(output.maximum or 0)
    numbers = _numbers(labels)
    if labels.column == _FIFTHS:
        share = np.where(np.isin(numbers, range(5)), (numbers + 0.5) / 5, np.nan)
    else:
        words = _each(labels.cells, lambda cell: _WORDS.get(cell.strip().lower(), math.nan))
        share = np.where(np.isnan(words), (numbers - lowest) / (highest - lowest), words)
    readable = (share >= 0) & (share <= 1)
    neutral = readable & (share > _NEUTRAL[0]) & (share <= _NEUTRAL[1])
    middle, above = (lowest + highest) / 2, share > 0.5
    return _right(
        readable & ~neutral,
        (first >= middle) == above,
        (second >= middle) == above,
        positive=above,
        neutral=int(neutral.sum()),
    )


def _nearest(first: npt.NDArray[Any], second: npt.NDArray[Any], labels: Labels) -> Judged:
    wanted = _numbers(labels)
    readable = ~np.isnan(wanted)
    one, other = (
        values[readable].astype(np.float64) - wanted[readable] for values in (first, second)
    )
    with np.errstate(over="ignore", invalid="ignore"):
        sums = [float(total.sum()) for total in (abs(one), abs(other), one**2, other**2)]
    counts = {
        "labelled": int(readable.sum()),
        "unreadable": int((~readable).sum()),
        "only_first": int((abs(one) < abs(other)).sum()),
        "only_second": int((abs(other) < abs(one)).sum()),
    }
    return Judged(counts, Errors(*sums))


def _right(
    used: Flags, first: Flags, second: Flags, *, positive: Flags | None = None, neutral: int = 0
) -> Judged:
    """The counts of rows with a label that is used, on which each model is right or not."""
    counts = {
        "labelled": used,
        "positive": used & positive if positive is not None else np.zeros(0, np.bool_),
        "both": used & first & second,
        "only_first": used & first & ~second,
        "only_second": used & second & ~first,
    }
    found = {name: int(flags.sum()) for name, flags in counts.items()}
    unreadable = len(used) - found["labelled"] - neutral
    return Judged(found | {"neutral": neutral, "unreadable": unreadable})


def _numbers(labels: Labels) -> Floats:
    """The labels as numbers; NaN for one that is none."""
    cells = labels.cells
    if labels.decimal != ".":
        cells = [cell.replace(labels.decimal, ".") for cell in cells]
    return _each(cells, _number)


def _each(cells: Sequence[str], value_of: Callable[[str], float]) -> Floats:
    """The value of each cell; most labels are few different ones."""
    known = {cell: value_of(cell) for cell in set(cells)}
    return np.array([known[cell] for cell in cells], np.float64)


def _number(text: str) -> float:
    try:
        # Python takes `1_000` for a number.
        found = float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan
    return found if math.isfinite(found) else math.nan
