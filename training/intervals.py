"""How sure an accuracy is, and whether one model's is better than another's."""

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from training.evaluate import fifth

Scores = npt.NDArray[np.float64]

#: Samples drawn for an interval, and the share of them that it holds.
_SAMPLES, _SHARE = 2000, 0.95


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
    least, most = np.quantile(drawn, [(1 - _SHARE) / 2, (1 + _SHARE) / 2])
    return float(least), float(most)


def paired_p(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> float:
    """The probability that two equally good models differ so much on n rows, or more.

    McNemar's exact test (1947): only rows tell that one has right and the other wrong.
    """
    better, worse = int((first & ~second).sum()), int((second & ~first).sum())
    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0
