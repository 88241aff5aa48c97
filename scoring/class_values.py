"""Turns the probabilities of a model's classes into one score in 0..1."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_WORDS = {"negative": 0.0, "neg": 0.0, "neutral": 0.5, "neu": 0.5, "positive": 1.0, "pos": 1.0}

#: How many grades the scales have that are counted from 1.
_GRADES = (3, 5, 7, 10)


def given_values(options: dict[str, Any], classes: int) -> npt.NDArray[np.float64] | None:
    """Read `class_values` from a card: one number in 0..1 per class, or None if it has none.

    Args:
        options: the options in the card.
        classes: the number of classes of the model.

    Raises:
        ValueError: the values do not fit the model; the message says why.
    """
    if "class_values" not in options:
        return None
    try:
        values = np.asarray(options["class_values"], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError("its class values are not numbers") from error
    if values.shape != (classes,):
        raise ValueError(f"it has {classes} classes, but {values.size} class values")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("its class values are not all in 0..1")
    return values


def values_of_labels(labels: Sequence[Any]) -> npt.NDArray[np.float64]:
    """Derive the class values from the labels: words of sentiment, or numbers that say their order.

    The words negative, neutral and positive (also neg, neu, pos) become 0, 0.5 and 1. Numbers are
    taken only if they are nothing but a scale, which is scaled linearly to 0..1 (min-max scaling):

    - 0 and 1, also with fractions in between, which are the class values themselves;
    - whole numbers that are symmetric around 0: -1 and 1, or -1, 0, 1, or -2 .. 2, and so on;
    - whole numbers from 1 to 3, 5, 7 or 10, as of stars and questionnaires.

    Other numbers may be the ids of topics, so they are refused. In particular, label encoders count
    any classes from 0.

    Raises:
        ValueError: the labels do not tell how positive each class is; the message says what to do.
    """
    words = [_WORDS.get(str(label).strip().lower()) for label in labels]
    if None not in words and len(set(words)) > 1:
        return np.asarray(words, dtype=np.float64)
    try:
        numbers = np.asarray(labels, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.empty(0)
    if _is_scale(numbers):
        scaled: npt.NDArray[np.float64] = (numbers - numbers.min()) / np.ptp(numbers)
        return scaled
    raise ValueError(_without_meaning(labels, are_numbers=len(numbers) > 1))


def _is_scale(numbers: npt.NDArray[np.float64]) -> bool:
    count = len(numbers)
    if count < 2 or not np.isfinite(numbers).all() or len(np.unique(numbers)) < count:
        return False
    ordered = np.sort(numbers)
    if ordered[0] == 0 and ordered[-1] == 1:
        return True
    # -1 and 1, or -2, -1, 1 and 2, but no gap elsewhere.
    symmetric = [n for n in range(-(count // 2), count // 2 + 1) if n or count % 2]
    grades = range(1, count + 1) if count in _GRADES else []
    return any(np.array_equal(ordered, scale) for scale in (symmetric, grades))


def _without_meaning(labels: Sequence[Any], *, are_numbers: bool) -> str:
    """Say that labels do not tell how positive the classes are, and what to do."""
    names = ", ".join(str(label)[:40] for label in labels[:20])
    names += f" and {len(labels) - 20} more" if len(labels) > 20 else ""
    text = (
        f"its classes ({names}) do not say how positive they are; name the positive one with "
        "--positive, or give one number in 0..1 per class, in this order, with --class-values"
    )
    if are_numbers and len(labels) <= 10:
        as_grades = ",".join(f"{value:.3g}" for value in np.linspace(0, 1, len(labels)))
        text += f". If they are grades from worst to best: --class-values {as_grades}"
    return text


def interval_middles(classes: int) -> npt.NDArray[np.float64]:
    """The values of unnamed classes, worst first: the midpoints of equal intervals of 0..1.

    Ten classes are deciles: 0.05, 0.15 .. 0.95. Two classes mean no and yes, so their values are
    0 and 1.
    """
    if classes == 2:
        return np.array([0.0, 1.0])
    return (np.arange(classes) + 0.5) / classes


def expected_score(
    probabilities: npt.ArrayLike, values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The expected value of a discrete variable: the sum of probability times class value.

    Args:
        probabilities: array of n x K.
        values: array of K numbers in 0..1.

    Returns:
        n scores, clipped to 0..1 because rounding could leave the interval.
    """
    # Not by `@`: BLAS adds the products of a row in another order with other numbers of rows, so
    # the last bit of a score depended on the rows around it.
    each = np.asarray(probabilities, dtype=np.float64)
    expected = np.zeros(len(each))
    for column, value in zip(each.T, values.tolist(), strict=True):
        expected += column * value
    return np.clip(expected, 0.0, 1.0)
