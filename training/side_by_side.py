"""Several models on the same labelled rows, and which of them is better."""

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
    """A model's figures.

    Attributes:
        figures: those of `training.evaluate.compare`.
        intervals: of some figures, their 95 % intervals.
    """

    figures: dict[str, float]
    intervals: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Pair:
    """Two models, of which the first is no less accurate.

    Attributes:
        difference: the first accuracy less the second, and its 95 % interval.
        p: how likely two equally good models would differ so much, as all pairs are looked at.
    """

    first: str
    second: str
    difference: float
    interval: tuple[float, float]
    p: float


def measure(scores: Scores, labels: Scores) -> Measured:
    """The figures of n scores, with intervals; n >= 1."""
    return Measured(compare(scores, labels), figure_intervals(scores, labels))


def pairs_of(scores: Mapping[str, Scores], labels: Scores) -> list[Pair]:
    """Every two of some models, by name, on n labelled rows.

    None, where all rows are neutral.
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
