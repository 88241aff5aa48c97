"""Networks over the columns of a table: they take a frame, and give rows of numbers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scoring.networks.feeds import Feeds

#: The maximum number of rows per call, and of rows that hold strings: the words of a text may have
#: large vectors, all of which are in memory at once.
_ROWS, _ROWS_OF_STRINGS = 4096, 256


class RowsRefused(ValueError):
    """A network cannot compute some row of a call, such as a word that its lookup lacks."""


class TableNetwork(ABC):
    """A network over the columns of a table. A subclass runs it.

    Attributes:
        feeds: the inputs of the network.
        units: how many numbers it gives for a row.
        batch_rows: the maximum number of rows per call.
        words: some strings that it knows, if it takes strings.
    """

    def __init__(self, feeds: Feeds, units: int) -> None:
        self.feeds, self.units = feeds, units
        self.words: tuple[str, ...] = ()
        self.batch_rows = _ROWS_OF_STRINGS if feeds.has_strings else _ROWS

    @abstractmethod
    def run(self, arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Run the network on n rows.

        Args:
            arrays: the array of each input, in the order of `feeds`.

        Returns:
            An array of n x K.

        Raises:
            RowsRefused: it can compute none, because of one of them.
        """

    def outputs(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """The numbers of n rows, n x K; NaN in rows that the network cannot compute."""
        outputs = np.empty((len(frame), self.units))
        for start in range(0, len(frame), self.batch_rows):
            arrays, fits = self.feeds.arrays(frame.iloc[start : start + self.batch_rows])
            found = self._run_what_can_be(arrays)
            found[~fits] = np.nan
            outputs[start : start + len(found)] = found
        return outputs

    def _run_what_can_be(self, arrays: list[npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
        """Run the network; rows that it refuses become NaN, and are found by halving."""
        rows = len(arrays[0])
        try:
            return self.run(arrays).astype(np.float64)
        except RowsRefused:
            if rows == 1:
                return np.full((1, self.units), np.nan)
        halves = [
            self._run_what_can_be([array[half] for array in arrays])
            for half in (slice(rows // 2), slice(rows // 2, None))
        ]
        return np.concatenate(halves)
