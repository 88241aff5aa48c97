"""A linear model over the weighted counts of terms, as compiled code takes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class LinearModel:
    """A linear model over weighted term counts.

    Attributes:
        by_count: maps n counts of a term in a text to n weights.
        by_column: the factor of each column, such as its inverse document frequency.
        norm: the norm that the weights of a text are divided by: 1 (L1), 2 (L2) or 0 (none).
        coefficients: float64 array of K classes x columns.
        dtype: the number type of the weights, float32 or float64.
    """

    by_count: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    by_column: npt.NDArray[Any]
    norm: int
    coefficients: npt.NDArray[np.float64]
    dtype: npt.DTypeLike = np.float64

    def weights(self, counts: int) -> npt.NDArray[np.float64]:
        """The weights of the counts 0 .. counts - 1. The weight of 0, which means no term, is 0."""
        return np.append(0.0, self.by_count(np.arange(1, counts, dtype=self.dtype)))

    def tables(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The factors of the columns, and their coefficients: a row for each, of K classes.

        The column after the last one belongs to no term.
        """
        return np.append(self.by_column, 0).astype(np.float64), coefficients_by_column(
            self.coefficients
        )


def sublinear(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sublinear term frequency, 1 + ln(count), as scikit-learn's `sublinear_tf` has it."""
    weights: npt.NDArray[Any] = np.log(counts) + 1
    return weights


def once(by_count: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Any:
    """The weights by count of a vectoriser that is `binary`: every count weighs as 1 does."""
    return lambda counts: by_count(np.ones_like(counts))


def coefficients_by_column(coefficients: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The coefficients of K classes, a row for each column; 0 for the column of no term."""
    found = np.zeros((coefficients.shape[1] + 1, len(coefficients)))
    found[:-1] = coefficients.T
    return found
