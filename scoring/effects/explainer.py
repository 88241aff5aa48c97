"""The contract of what explains the scores of a scikit-learn estimator."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from scoring.effects.top_effects import TopEffects


class Explainer(Protocol):
    """Explains one number of an estimator for each row.

    Attributes:
        names: the names of the terms or columns.
        numbers: how many explained numbers there are, E.
    """

    names: pd.CategoricalDtype
    numbers: int

    @property
    def base_values(self) -> npt.NDArray[np.float64]:
        """Each of the explained numbers without any effect."""

    def explained(self, rows: Any, terms: int) -> tuple[Any, TopEffects]:
        """What the estimator gives n rows, and the effects on the number that is explained.

        Args:
            rows: a list of texts, or what the estimator takes.
            terms: the most terms or columns of a row.

        Returns:
            What `predict_proba` gives, or `predict` if that is all there is; None if it was not
            computed. And the largest effects.
        """
