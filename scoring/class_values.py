"""Turns the probabilities of a model's classes into one score in 0..1."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_WORDS = {"negative": 0.0, "neg": 0.0, "neutral": 0.5, "neu": 0.5, "positive": 1.0, "pos": 1.0}


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
    """Derive the class values from the labels: words of sentiment, or numbers from worst to best.

    The words negative, neutral and positive (also neg, neu, pos) become 0, 0.5 and 1. Numbers are
    scaled linearly to 0..1 (min-max scaling): 1 to 5 stars become 0, 0.25, 0.5, 0.75 and 1.

    Raises:
        ValueError: the labels do not tell how positive each class is.
    """
    words = [_WORDS.get(str(label).strip().lower()) for label in labels]
    if None not in words and len(set(words)) > 1:
        return np.asarray(words, dtype=np.float64)
    try:
        numbers = np.asarray(labels, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.empty(0)
    if len(numbers) < 2 or not np.isfinite(numbers).all():
        names = ", ".join(map(str, labels))
        raise ValueError(
            f"its classes ({names}) do not say how positive they are; name the positive one with "
            "--positive, or give one number in 0..1 per class, in this order, with --class-values"
        )
    spread: npt.NDArray[np.float64] = (numbers - numbers.min()) / np.ptp(numbers)
    return spread


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
    expected = np.asarray(probabilities, dtype=np.float64) @ values
    return np.clip(expected, 0.0, 1.0)
