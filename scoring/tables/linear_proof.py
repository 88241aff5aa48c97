"""Proves by trial rows that linear models give scikit-learn's results without their matrix."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from scoring.tables.column_values import Numbers
from scoring.tables.fast_columns import FastColumns
from scoring.tables.linear_columns import summing_method
from scoring.tables.linear_ties import ROUNDING, near_ties
from scoring.tables.proof import TOLERANCE, outcome, trial_frames


def sums_agree(fast: Pipeline, columns: FastColumns, estimator: Any) -> bool:
    """Whether a linear model gives the same sums, and from them the same results.

    Sums may differ by rounding alone: by at most 1e-12, or, where products that are larger cancel
    each other, in proportion to these. So they need not be equal where a number of a row is 1e15,
    and scikit-learn's own last digits are chance.

    Args:
        fast: a pipeline of what takes over for the transformers, and for the model.
        columns: makes the matrix of frames.
        estimator: the model, fitted.
    """
    trials = [_Trial(fast, columns, estimator, frame) for frame in trial_frames(columns)]
    return all(trial.agrees() for trial in trials) and any(trial.served for trial in trials)


class _Trial:
    """One frame, and what scikit-learn gives for it.

    Attributes:
        served: whether rows were compared within 1e-12.
    """

    def __init__(
        self, fast: Pipeline, columns: FastColumns, estimator: Any, frame: pd.DataFrame
    ) -> None:
        self._fast, self._estimator, self._frame = fast, estimator, frame
        self._matrix = outcome(columns, "transform", frame)
        self._exact = self._ties = np.empty(0, dtype=bool)
        names = ("predict_proba", "predict")
        self._results = [name for name in names if hasattr(estimator, name)]
        self.served = False

    def agrees(self) -> bool:
        """Whether both ways agree."""
        if isinstance(self._matrix, tuple):
            # The transformers refuse the frame, and so must the pipeline.
            return all(
                outcome(self._fast, name, self._frame) == self._matrix for name in self._results
            )
        method = str(summing_method(self._estimator))
        columns, (_, last) = self._fast.steps[0][1], self._fast.steps[-1]
        found = outcome(last, method, columns.transform(self._frame))
        expected = outcome(self._estimator, method, self._matrix)
        if isinstance(expected, tuple):
            return bool(found == expected)
        return _agree(found, expected, self._sums_agree) and all(
            map(self._results_agree, self._results)
        )

    def _sums_agree(self, found: Numbers, expected: Numbers) -> bool:
        with np.errstate(over="ignore", invalid="ignore"):
            products = abs(self._matrix) @ np.abs(np.atleast_2d(self._estimator.coef_)).T
        sizes = products + np.abs(self._estimator.intercept_)
        self._ties = near_ties(expected, sizes)
        rounding = ROUNDING * sizes
        rounding = rounding.reshape(expected.shape)
        exact = rounding <= TOLERANCE * np.maximum(1, np.abs(expected))
        self._exact = exact.reshape(len(expected), -1).all(axis=1)
        self.served = bool(self._exact.any())
        allowed = np.maximum(TOLERANCE, rounding)
        with np.errstate(invalid="ignore"):
            close = np.abs(found - expected) <= allowed
        # Sums that are not finite are scikit-learn's own.
        return bool(np.all(close | (found == expected) | (np.isnan(found) & np.isnan(expected))))

    def _results_agree(self, method: str) -> bool:
        """Whether predictions or probabilities agree, of the rows whose sums are exact enough."""

        def same(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> bool:
            if method == "predict" and hasattr(self._estimator, "classes_"):
                # scikit-learn's class for a row near a tie depends on the number of rows.
                clear = self._exact & ~self._ties
                return bool(np.array_equal(found[clear], expected[clear]))
            found, expected = found[self._exact], expected[self._exact]
            return bool(np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE))

        expected = outcome(self._estimator, method, self._matrix)
        return _agree(outcome(self._fast, method, self._frame), expected, same)


def _agree(
    found: Any, expected: Any, same: Callable[[npt.NDArray[Any], npt.NDArray[Any]], bool]
) -> bool:
    """Whether two exceptions are equal, or two arrays of one kind are the same."""
    if isinstance(expected, tuple) or isinstance(found, tuple):
        return bool(type(found) is type(expected) and found == expected)
    if (found.shape, found.dtype) != (expected.shape, expected.dtype):
        return False
    return same(found, expected)
