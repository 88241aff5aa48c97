"""The numbers that a linear estimator computes for a row, before a link to probabilities."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LinearScores:
    """The numbers that a linear estimator computes for a row, before a link to probabilities.

    With two classes there is one number, the log-odds of the second class wherever the estimator
    has probabilities; with K > 2 classes there is one for each, and the largest decides; for a
    regressor it is the prediction.

    Attributes:
        coefficients: an array of E numbers x columns.
        intercepts: E numbers.
    """

    coefficients: Floats
    intercepts: Floats

    def turned(self) -> "LinearScores":
        """The numbers with the other sign: the log-odds of the first class."""
        return LinearScores(-self.coefficients, -self.intercepts)
