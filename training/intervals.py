"""Confidence intervals of figures, and tests whether one model is better than another."""

import numpy as np
import numpy.typing as npt

from shared.paired_test import exact_p
from training.evaluate import compare, fifth

Scores = npt.NDArray[np.float64]

#: The number of bootstrap samples for an interval, and the share of them inside it.
_SAMPLES, _SHARE = 2000, 0.95

#: The number of bootstrap samples for figures that take long to compute.
_FEWER_SAMPLES = 400


def right_rows(scores: Scores, labels: Scores) -> npt.NDArray[np.bool_]:
    """For each row that is not neutral, whether score and label are on the same side of 0.5."""
    polar = fifth(labels) != 2
    return np.asarray((scores[polar] >= 0.5) == (labels[polar] > 0.5))


def accuracy_interval(right: npt.NDArray[np.bool_], seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of an accuracy, by the percentile bootstrap (Efron, 1979).

    Args:
        right: for each of n rows, n >= 1, whether it is right.
        seed: the seed of the samples.
    """
    # The number of right rows among n rows drawn with replacement is binomially distributed.
    samples = np.random.default_rng(seed).binomial(len(right), right.mean(), _SAMPLES) / len(right)
    return _central_interval(samples)


def difference_interval(
    first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of the first accuracy minus the second, by the percentile bootstrap.

    Both models are measured on the same n rows, n >= 1. The bootstrap draws rows, with the results
    of both models together, because rows that are hard for one model tend to be hard for the other.

    Args:
        first: for each row, whether the first model is right.
        second: for each row, whether the second model is right.
        seed: the seed of the samples.
    """
    better, worse = (first & ~second).mean(), (second & ~first).mean()
    samples = np.random.default_rng(seed).multinomial(
        len(first), [better, worse, 1 - better - worse], _SAMPLES
    )
    return _central_interval((samples[:, 0] - samples[:, 1]) / len(first))


def figure_intervals(
    scores: Scores, labels: Scores, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """The 95 % intervals of the figures of `training.evaluate.compare`, by the bootstrap.

    Returns:
        Figure -> lower and upper limit; `rows` and `neutral_left_out` have no interval.
    """
    random = np.random.default_rng(seed)
    samples: dict[str, list[float]] = {}
    for _ in range(_FEWER_SAMPLES):
        rows = random.integers(0, len(labels), len(labels))
        for name, value in compare(scores[rows], labels[rows]).items():
            samples.setdefault(name, []).append(value)
    names = compare(scores, labels).keys() - {"rows", "neutral_left_out", "accuracy"}
    intervals = {
        name: _central_interval(np.array(samples[name])) for name in sorted(names & samples.keys())
    }
    if (right := right_rows(scores, labels)).size:
        intervals = {"accuracy": accuracy_interval(right, seed)} | intervals
    return intervals


def _central_interval(samples: npt.NDArray[np.float64]) -> tuple[float, float]:
    lower, upper = np.quantile(samples, [(1 - _SHARE) / 2, (1 + _SHARE) / 2])
    return float(lower), float(upper)


def paired_p(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> float:
    """The probability that two equally good models differ at least this much on n rows.

    McNemar's exact test, see `shared.paired_test`. Only rows on which exactly one model is right
    count.
    """
    return exact_p(int((first & ~second).sum()), int((second & ~first).sum()))


def adjusted(values: list[float]) -> list[float]:
    """Adjust p values for multiple comparisons by Holm's method (Holm, 1979)."""
    order = np.argsort(values)
    adjusted, highest = [0.0] * len(values), 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, values[at] * (len(values) - rank)))
        adjusted[at] = highest
    return adjusted
