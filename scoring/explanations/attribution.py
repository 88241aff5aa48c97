"""The contract of what says which derived column did what to the numbers of an estimator."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from scoring.explanations.source_columns import Sources

Floats = npt.NDArray[np.float64]


class Attribution(Protocol):
    """Says what each derived column does to the numbers of an estimator.

    Attributes:
        numbers: how many explained numbers there are, E.
        rows_at_once: the most rows that are explained at once.
    """

    numbers: int
    rows_at_once: int = 1024

    @property
    def base_values(self) -> Floats:
        """Each of the explained numbers without any effect; after `effects` has explained rows."""

    def effects(self, rows: Any, sources: Sources, width: int) -> tuple[Floats, Any]:
        """The effects on the explained number of n rows.

        Args:
            rows: n rows of derived columns, as the estimator takes them.
            sources: the column of the user's that each derived one is of.
            width: the number of the user's columns, C.

        Returns:
            n x C effects, and for each row which number is explained.
        """
