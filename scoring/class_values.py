"""From the probabilities of a model's classes to one score in 0..1."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_WORDS = {"negative": 0.0, "neg": 0.0, "neutral": 0.5, "neu": 0.5, "positive": 1.0, "pos": 1.0}


def given_values(options: dict[str, Any], classes: int) -> npt.NDArray[np.float64] | None:
    """The card's `class_values`, one number in 0..1 per class, or None where it has none.

    Raises:
        ValueError: they do not fit the model; its text says why.
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
    """What the labels themselves say: words of sentiment, or numbers from the worst to the best.

    Negative, neutral and positive (also neg, neu, pos) are 0, 0.5 and 1. Numbers are spread
    linearly, so that the least is 0 and the greatest 1: 0 and 1 stay, 1 to 5 stars become 0 to 1.

    Raises:
        ValueError: the labels do not say how positive they are.
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
    """The values of unnamed classes in rising order: the middles of equal intervals of 0..1.

    Ten classes are the deciles, 0.05, 0.15 .. 0.95. Two are not intervals but a no and a yes: 0, 1.
    """
    if classes == 2:
        return np.array([0.0, 1.0])
    return (np.arange(classes) + 0.5) / classes


def expected_score(
    probabilities: npt.ArrayLike, values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The expected value over the classes.

    Args:
        probabilities: n rows of K probabilities.
        values: K numbers in 0..1.

    Returns:
        n scores in 0..1; rounding cannot leave the interval.
    """
    expected = np.asarray(probabilities, dtype=np.float64) @ values
    return np.clip(expected, 0.0, 1.0)
