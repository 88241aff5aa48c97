"""How well a model's scores agree with the labels."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.errors import TooFewLabels
from shared.model import SCORE, TEXT, Model

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
        `neutral_left_out`, how many were neither; where the labels are graded (more than negative,
        neutral, positive) also `pearson`, `spearman`, `mean_absolute_error`,
        `root_mean_square_error` and `accuracy_5`, over the five fifths. What is not defined (a
        correlation of constant scores, an accuracy of no rows) is left out.

    Raises:
        shared.errors.TooFewLabels: there is no row.
    """
    if labelled.empty:
        raise TooFewLabels(purpose="evaluate", found="0 rows", needed="one row or more")
    return compare(scores_of(model, labelled), labelled["score"].to_numpy(dtype=np.float64))


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


def fifth(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """The class 0..4 of n scores in 0..1."""
    return np.searchsorted(_FIFTHS, scores, side="left")
