"""How sure an accuracy is, and whether one model's is better than another's."""

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from training.evaluate import compare, fifth

Scores = npt.NDArray[np.float64]

#: Samples drawn for an interval, and the share of them that it holds; fewer of what takes long.
_SAMPLES, _SHARE = 2000, 0.95
_FEWER_SAMPLES = 400


def right_rows(scores: Scores, labels: Scores) -> npt.NDArray[np.bool_]:
    """For each row that is not neutral, whether its score is on the label's side of 0.5."""
    polar = fifth(labels) != 2
    return np.asarray((scores[polar] >= 0.5) == (labels[polar] > 0.5))


def accuracy_interval(right: npt.NDArray[np.bool_], seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of an accuracy, by the percentile bootstrap (Efron, 1979).

    Args:
        right: which of n rows are right, n >= 1.
        seed: of the samples.
    """
    # Rows drawn with replacement are right as often as a binomial draw of their share.
    drawn = np.random.default_rng(seed).binomial(len(right), right.mean(), _SAMPLES) / len(right)
    return _middle(drawn)


def difference_interval(
    first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of the first accuracy less the second, on the same n rows, n >= 1.

    Rows are drawn in pairs, as what is hard for one model is mostly hard for the other.
    """
    better, worse = (first & ~second).mean(), (second & ~first).mean()
    drawn = np.random.default_rng(seed).multinomial(
        len(first), [better, worse, 1 - better - worse], _SAMPLES
    )
    return _middle((drawn[:, 0] - drawn[:, 1]) / len(first))


def figure_intervals(
    scores: Scores, labels: Scores, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """The 95 % intervals of the figures of `training.evaluate.compare`, by the bootstrap."""
    random = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {}
    for _ in range(_FEWER_SAMPLES):
        rows = random.integers(0, len(labels), len(labels))
        for name, value in compare(scores[rows], labels[rows]).items():
            drawn.setdefault(name, []).append(value)
    wanted = compare(scores, labels).keys() - {"rows", "neutral_left_out", "accuracy"}
    found = {name: _middle(np.array(drawn[name])) for name in sorted(wanted & drawn.keys())}
    if (right := right_rows(scores, labels)).size:
        found = {"accuracy": accuracy_interval(right, seed)} | found
    return found


def _middle(drawn: npt.NDArray[np.float64]) -> tuple[float, float]:
    least, most = np.quantile(drawn, [(1 - _SHARE) / 2, (1 + _SHARE) / 2])
    return float(least), float(most)


def paired_p(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> float:
    """The probability that two equally good models differ so much on n rows, or more.

    McNemar's exact test (1947): only rows tell that one has right and the other wrong.
    """
    better, worse = int((first & ~second).sum()), int((second & ~first).sum())
    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0


def adjusted(values: list[float]) -> list[float]:
    """Several p by Holm's method (1979): how likely any of these differences is a chance one."""
    order = np.argsort(values)
    found, least = [0.0] * len(values), 0.0
    for rank, at in enumerate(order):
        least = max(least, min(1.0, values[at] * (len(values) - rank)))
        found[at] = least
    return found
