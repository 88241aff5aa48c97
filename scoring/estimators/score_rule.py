"""Computes one score in 0..1 from what an estimator gives, and a label from a score.

Nothing here imports scikit-learn, because `scoring.mapped` scores without it.
"""

import numpy as np
import numpy.typing as npt

from scoring.class_values import expected_score

#: How far the sum of a text's probabilities may be from 1. Some libraries compute with 32 bits.
SUM_TOLERANCE = 1e-4

_LABELS = np.array(["negative", "neutral", "positive"], dtype=object)


class ScoreRule:
    """How the score follows from probabilities or a prediction.

    Attributes:
        class_values: what each of K classes is worth; None for a regressor.
        cuts: the scores from which a text is neutral, and positive; None without labels of scores.
    """

    def __init__(
        self,
        class_values: npt.NDArray[np.float64] | None,
        *,
        target_range: tuple[float, float],
        has_one_class: bool,
        cuts: tuple[float, float] | None,
    ) -> None:
        """Keep the rule.

        Args:
            class_values: what each class is worth; None for a regressor.
            target_range: the lowest and the highest number that a regressor was fitted to.
            has_one_class: a row belongs to exactly one class.
            cuts: the scores from which a text is neutral, and positive.
        """
        self.class_values = class_values
        self.target_range = target_range
        self.has_one_class = has_one_class
        self.cuts = cuts

    def score(self, raw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The unclipped scores of n rows; NaN for a row that belongs to none of the classes.

        Args:
            raw: n x K probabilities, or n predictions of a regressor, which may leave 0..1.
        """
        if self.class_values is None:
            low, high = self.target_range
            return (raw - low) / (high - low)
        scores = expected_score(raw, self.class_values)
        if self.has_one_class:
            # Probabilities of 0 alone would become the score 0, the most negative of all.
            scores[without_class(raw)] = np.nan
        return scores

    def labels(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
        """The labels of n scores by the cuts; a score that is NaN has none."""
        labels = _LABELS.take(np.searchsorted(self.cuts or (), scores, side="right"), mode="clip")
        labels[np.isnan(scores)] = np.nan
        return labels


def without_class(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """For each of n texts, whether its probabilities do not add up to 1, which means no class.

    Some classifiers give zeros alone: `RadiusNeighborsClassifier` for a text without neighbours,
    and one-against-the-rest if each of its classifiers says "the rest".
    """
    return np.asarray(~(np.abs(probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE))
