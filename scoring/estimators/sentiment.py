"""Turns what an estimator computes into one score in 0..1, and a score into a label."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from scoring.class_values import given_values
from scoring.estimators.checks import (
    TRIAL_TEXTS,
    class_labels,
    class_values_of,
    exclude_each_other,
    target_range_of,
)
from scoring.estimators.score_rule import ScoreRule

#: The option of a card with the scores from which a text is neutral, and positive.
CUTS = "cuts"


class Sentiment(ScoreRule):
    """How the score of an estimator follows from its probabilities or its prediction.

    Attributes:
        classes: what each class is worth, by its label; empty for a regressor.
    """

    def __init__(
        self,
        class_values: npt.NDArray[np.float64] | None,
        options: dict[str, Any],
        labels: list[Any],
        *,
        has_one_class: bool,
    ) -> None:
        """Keep what was found out; see `of_texts` and `of_table`.

        Raises:
            ValueError: the card's options have no such range or cuts.
        """
        super().__init__(
            class_values,
            target_range=target_range_of(options) or (0.0, 1.0),
            has_one_class=has_one_class,
            cuts=cuts_of(options),
        )
        self.classes: dict[str, float] = {}
        if class_values is not None:
            self.classes = dict(zip(map(str, labels), class_values.tolist(), strict=True))

    @classmethod
    def of_texts(cls, estimator: Any, options: dict[str, Any]) -> Self:
        """Find out how an estimator scores texts.

        Raises:
            ValueError: it cannot give scores; the message says why, and what to do.
        """
        values = class_values_of(estimator, options)
        if values is None:
            return cls(None, options, [], has_one_class=False)
        found = np.asarray(estimator.predict_proba(list(TRIAL_TEXTS)))
        one = exclude_each_other(estimator, found)
        return cls(values, options, class_labels(estimator, options), has_one_class=one)

    @classmethod
    def of_table(cls, estimator: Any, options: dict[str, Any]) -> Self:
        """Find out how an estimator scores the rows of a table, of which only the options tell.

        Raises:
            ValueError: the options do not tell, or do not fit it.
        """
        labels = class_labels(estimator, options)
        values = given_values(options, len(labels))
        if (values is None) == (target_range_of(options) is None) or bool(labels) == (
            values is None
        ):
            raise ValueError(
                "a score needs --class-values or --positive for a classifier, or --target-range "
                "for a regressor"
            )
        one = not getattr(estimator, "multilabel_", False)
        return cls(values, options, labels, has_one_class=one)


def cuts_of(options: dict[str, Any]) -> tuple[float, float] | None:
    """The scores from which a text is neutral, and positive; None without cuts.

    Raises:
        ValueError: they are not two numbers in 0..1, the lower one first.
    """
    if CUTS not in options:
        return None
    try:
        low, high = (float(cut) for cut in options[CUTS])
    except (TypeError, ValueError) as error:
        raise ValueError("its cuts are not two numbers") from error
    if not 0 <= low <= high <= 1:
        raise ValueError("its cuts are not in 0..1, the lower one first")
    return low, high
