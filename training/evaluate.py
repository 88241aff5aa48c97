"""How well a model's scores agree with the labels."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.model import SCORE, TEXT, Model
from training.data_errors import TooFewLabels

#: The fifths are [0, .2], (.2, .4], (.4, .6], (.6, .8], (.8, 1], as in the Stanford Sentiment
#: Treebank (Socher et al., EMNLP 2013). The middle one is neutral: neither negative nor positive.
_FIFTHS = [0.2, 0.4, 0.6, 0.8]


def evaluate(model: Model, labelled: pd.DataFrame) -> dict[str, float]:
    """Score the texts and compare.

    Args:
        model: a loaded model.
        labelled: columns `text` and `score` (0..1), as `training.data.read_labelled` gives them.

    Returns:
        `rows`; `accuracy` over the negative and the positive rows, at the threshold 0.5, and
        `neutral_left_out`, how many were neither; `calibration_error`, see the function of that
        name; where the labels are graded (more than negative,
        neutral, positive) also `pearson`, `spearman`, `mean_absolute_error`,
        `root_mean_square_error` and `accuracy_5`, over the five fifths. What is not defined (a
        correlation of constant scores, an accuracy of no rows) is left out.

    Raises:
        training.data_errors.TooFewLabels: there is no row.
    """
    check_rows(labelled)
    return compare(scores_of(model, labelled), labelled["score"].to_numpy(dtype=np.float64))


def check_rows(labelled: pd.DataFrame) -> None:
    """Raise `training.data_errors.TooFewLabels` where there is no row to measure on."""
    if labelled.empty:
        raise TooFewLabels(purpose="evaluate", found="0 rows", needed="one row or more")


def scores_of(model: Model, labelled: pd.DataFrame) -> npt.NDArray[np.float64]:
    """The scores of n labelled rows, in their order."""
    # A frame of its own: the seam asks for `text` alone, and for an index that is not repeated.
    frame = pd.DataFrame({TEXT: labelled[TEXT].to_numpy()})
    return model.score(frame)[SCORE].to_numpy(dtype=np.float64)


def compare(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]) -> dict[str, float]:
    """The figures of `evaluate`, from n scores and n labels in 0..1."""
    fifths = fifth(labels)
    polar = fifths != 2
    figures = {"rows": float(len(labels)), "neutral_left_out": float((~polar).sum())}
    if polar.any():
        right = (scores[polar] >= 0.5) == (labels[polar] > 0.5)
        figures["accuracy"] = float(right.mean())
    figures["calibration_error"] = calibration_error(scores, labels)
    if np.isin(labels, [0.0, 0.5, 1.0]).all():
        return figures
    errors = scores - labels
    figures["accuracy_5"] = float((fifth(scores) == fifths).mean())
    figures["mean_absolute_error"] = float(np.abs(errors).mean())
    figures["root_mean_square_error"] = float(np.sqrt((errors**2).mean()))
    # Differences so small that their squares are nothing count as none.
    if all(np.ptp(values) > 0 and values.var() > 0 for values in (scores, labels)):
        figures["pearson"] = float(np.corrcoef(scores, labels)[0, 1])
        ranks = pd.Series(scores).rank(), pd.Series(labels).rank()
        figures["spearman"] = float(np.corrcoef(*ranks)[0, 1])
    return figures


def calibration_error(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]) -> float:
    """How far n scores are from the labels of texts that are scored alike.

    It is the expected calibration error (Naeini, Cooper and Hauskrecht, 2015).

    Within each decile of the score, the mean score is compared with the mean label; the differences
    are averaged by the rows of the decile.
    """
    return float(sum(abs(each.sum()) for each in _by_decile(scores, scores - labels)) / len(scores))


def by_decile(
    scores: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]
) -> list[tuple[float, float, int]]:
    """For each decile of the score that has rows: their mean score, their mean label, how many."""
    parts = zip(_by_decile(scores, scores), _by_decile(scores, labels), strict=True)
    return [(float(a.mean()), float(b.mean()), len(a)) for a, b in parts if len(a)]


def _by_decile(
    scores: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> list[npt.NDArray[np.float64]]:
    deciles = np.minimum(9, (scores * 10).astype(int))
    return [values[deciles == decile] for decile in range(10)]


def fifth(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """The class 0..4 of n scores in 0..1."""
    return np.searchsorted(_FIFTHS, scores, side="left")
