"""Compares several models on the same labelled rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from training.evaluate import compare
from training.intervals import (
    Scores,
    adjusted,
    difference_interval,
    figure_intervals,
    paired_p,
    right_rows,
)


@dataclass(frozen=True)
class Measured:
    """The figures of a model.

    Attributes:
        figures: figure -> value, as `training.evaluate.compare` returns them.
        intervals: figure -> lower and upper limit of its 95 % interval; not every figure has one.
    """

    figures: dict[str, float]
    intervals: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Pair:
    """A comparison of two models. The first is at least as accurate as the second.

    Attributes:
        first: the name of the more accurate model.
        second: the name of the other model.
        difference: the first accuracy minus the second.
        interval: the 95 % interval of the difference.
        p: the p value of the difference (McNemar's exact test), adjusted for the number of pairs
            (Holm's method).
    """

    first: str
    second: str
    difference: float
    interval: tuple[float, float]
    p: float


def measure(scores: Scores, labels: Scores) -> Measured:
    """The figures of n scores, n >= 1, with their intervals."""
    return Measured(compare(scores, labels), figure_intervals(scores, labels))


def pairs_of(scores: Mapping[str, Scores], labels: Scores) -> list[Pair]:
    """Compare every two of several models on n labelled rows.

    Args:
        scores: name of a model -> its n scores.
        labels: n labels in 0..1.

    Returns:
        The comparisons; empty if all rows are neutral.
    """
    right = {name: right_rows(of_model, labels) for name, of_model in scores.items()}
    right = {name: rows for name, rows in right.items() if rows.size}
    pairs = [
        (one, other) if right[one].sum() >= right[other].sum() else (other, one)
        for one, other in combinations(right, 2)
    ]
    values = adjusted([paired_p(right[one], right[other]) for one, other in pairs])
    return [
        Pair(
            first=one,
            second=other,
            difference=float(right[one].mean() - right[other].mean()),
            interval=difference_interval(right[one], right[other]),
            p=p,
        )
        for (one, other), p in zip(pairs, values, strict=True)
    ]
