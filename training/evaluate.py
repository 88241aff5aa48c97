"""Measures how well a model's scores agree with labels."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.model import SCORE, TEXT, Model
from training.data_errors import NoScores, TooFewLabels

#: The borders of the fifths [0, .2], (.2, .4], (.4, .6], (.6, .8], (.8, 1], as in the Stanford
#: Sentiment Treebank (Socher et al., EMNLP 2013). The middle fifth is neutral.
_FIFTHS = [0.2, 0.4, 0.6, 0.8]


def evaluate(model: Model, labelled: pd.DataFrame) -> dict[str, float]:
    """Score texts and compare the scores with the labels.

    Args:
        model: a loaded model.
        labelled: rows with `text` and `score` (0..1), as `training.data.read_labelled` returns
            them.

    Returns:
        Figure -> value: `rows`; `accuracy` over the negative and positive rows, at the threshold
        0.5; `neutral_left_out`, the number of neutral rows; `calibration_error`, see the function.
        If the labels are graded (not only 0, 0.5 and 1) also `pearson`, `spearman`,
        `mean_absolute_error`, `root_mean_square_error` and `accuracy_5`, the accuracy over the five
        fifths. Undefined figures (a correlation of constant scores, an accuracy of no rows) are
        missing.

    Raises:
        training.data_errors.TooFewLabels: `labelled` is empty.
    """
    check_rows(labelled)
    return compare(scores_of(model, labelled), labelled["score"].to_numpy(dtype=np.float64))


def check_rows(labelled: pd.DataFrame) -> None:
    """Raise `training.data_errors.TooFewLabels` if there is no row to measure on."""
    if labelled.empty:
        raise TooFewLabels(purpose="evaluate", found="0 rows", needed="one row or more")


def scores_of(model: Model, labelled: pd.DataFrame) -> npt.NDArray[np.float64]:
    """The scores of n labelled rows, in their order.

    Raises:
        training.data_errors.NoScores: the model gives none for some texts.
    """
    # A new frame: the model gets only the column `text`, and an index without repetitions.
    frame = pd.DataFrame({TEXT: labelled[TEXT].to_numpy()})
    scores = model.score(frame)[SCORE].to_numpy(dtype=np.float64)
    if none := int(np.isnan(scores).sum()):
        # As a number they would count as negative.
        raise NoScores(rows=none, all_rows=len(scores))
    return scores


def compare(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]) -> dict[str, float]:
    """The figures of `evaluate`, computed from n scores and n labels in 0..1."""
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
    # The variance underflows to 0 for tiny differences, which therefore count as no differences.
    if all(np.ptp(values) > 0 and values.var() > 0 for values in (scores, labels)):
        figures["pearson"] = float(np.corrcoef(scores, labels)[0, 1])
        ranks = pd.Series(scores).rank(), pd.Series(labels).rank()
        figures["spearman"] = float(np.corrcoef(*ranks)[0, 1])
    return figures


def calibration_error(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]) -> float:
    """The expected calibration error of n scores (Naeini, Cooper and Hauskrecht, AAAI 2015).

    For each decile of the score it takes the absolute difference between the mean score and the
    mean label. The result is the mean of these differences, weighted by the rows of the decile.
    """
    return float(sum(abs(each.sum()) for each in _by_decile(scores, scores - labels)) / len(scores))


def by_decile(
    scores: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]
) -> list[tuple[float, float, int]]:
    """The mean score, mean label and number of rows of each decile of the score that has rows."""
    parts = zip(_by_decile(scores, scores), _by_decile(scores, labels), strict=True)
    return [(float(a.mean()), float(b.mean()), len(a)) for a, b in parts if len(a)]


def _by_decile(
    scores: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> list[npt.NDArray[np.float64]]:
    deciles = np.minimum(9, (scores * 10).astype(int))
    return [values[deciles == decile] for decile in range(10)]


def fifth(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """The fifths, 0..4, of n scores in 0..1."""
    return np.searchsorted(_FIFTHS, scores, side="left")
