"""Explains boosted trees of other libraries by the contributions that these compute themselves."""

from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from scoring.estimators.boosted import library_of
from scoring.explanations.attribution import Attribution
from scoring.explanations.boosted_contributions import Contributions, contributions_of
from scoring.explanations.source_columns import Sources

Floats = npt.NDArray[np.float64]

#: The contributions that are in memory at once.
_CELLS = 1 << 22


class ShapleyValues(Attribution):
    """The contributions of XGBoost, LightGBM or CatBoost.

    With its base value they add up to the raw number of a row, as exactly as the library computes:
    LightGBM and CatBoost in 64 bits, XGBoost in 32 bits, so that the sum of XGBoost's differs by
    some millionths of the sizes of the contributions. Each row is compared with its raw number.
    """

    #: CatBoost prepares its trees again for each call.
    rows_at_once = 1 << 14

    def __init__(self, final: Any, by: Contributions, *, turned: bool) -> None:
        """Take a fitted estimator.

        Args:
            final: the estimator.
            by: what its library tells about it.
            turned: whether the score is the probability of the first of two classes.
        """
        self._by, self._library = by, library_of(final)
        self.numbers = by.numbers
        self._sign = -1.0 if turned else 1.0
        self._base: Floats | None = None

    @property
    @override
    def base_values(self) -> Floats:
        """Each of the explained numbers without any effect.

        Raises:
            RuntimeError: no row was explained yet, and the library tells them with a row.
        """
        if self._base is None:
            raise RuntimeError("no row was explained yet")
        return self._sign * self._base

    @override
    def effects(self, rows: Any, sources: Sources, width: int) -> tuple[Floats, Any]:
        step = max(1, _CELLS // (self.numbers * (len(sources) + 1)))
        count = rows.shape[0]
        found, chosen = np.zeros((count, width)), np.zeros(count, dtype=np.int32)
        for begin in range(0, count, step):
            run = slice(begin, begin + step)
            parts, chosen[run] = self._parts(rows[run], len(sources))
            # Column by column, so that the sums of a row depend on no other row.
            for column, source in enumerate(sources):
                found[run, source] += self._sign * parts[:, column]
        return found, chosen

    def _parts(self, rows: Any, columns: int) -> tuple[Floats, Any]:
        """The contributions of the columns to the explained number of n rows, and which it is.

        Raises:
            ValueError: they do not add up to that number.
        """
        by, count = self._by, rows.shape[0]
        shape = (count, by.numbers, columns + 1)
        every = np.asarray(by.parts(rows), dtype=np.float64).reshape(shape)
        raw = np.asarray(by.raw(rows), dtype=np.float64).reshape(shape[:2])
        chosen = raw.argmax(axis=1).astype(np.int32)
        parts = every[np.arange(count), chosen]
        apart = np.abs(parts.sum(axis=1) - raw.max(axis=1))
        # Also false where a number is not finite.
        if not (apart <= by.tolerance * np.abs(parts).sum(axis=1)).all():
            raise ValueError(f"the contributions of {self._library} do not add up to its number")
        if self._base is None:
            self._base = every[0, :, -1].copy()
        if not (every[:, :, -1] == self._base).all():
            raise ValueError(f"the base values of {self._library} differ from row to row")
        return parts, chosen


def shapley_values(final: Any, *, turned: bool) -> tuple[Contributions, ShapleyValues] | None:
    """What explains a fitted estimator of the libraries; None for any other estimator.

    Raises:
        scoring.explanations.refusal.NotExplained: its library does not explain it.
    """
    by = contributions_of(final)
    return None if by is None else (by, ShapleyValues(final, by, turned=turned))
