"""Parts of a matrix that scikit-learn's transformers make from columns, in fewer steps."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from scoring.tables.column_values import CategoryColumn, LeftToScikitLearn, Numbers, numbers_of
from scoring.tables.number_steps import Step

#: The cells of n rows of a part; see `Part.cells`.
Cells = tuple[npt.NDArray[np.int64] | None, Numbers]


class Part(Protocol):
    """Some neighbouring columns of the matrix."""

    names: tuple[str, ...]
    width: int

    def cells(self, frame: pd.DataFrame) -> Cells:
        """The cells of n rows that may differ from 0.

        Returns:
            The columns within the part of n x k cells, where -1 means no cell; None if the k cells
            are the part's k columns. The n x k numbers in them; if columns are given, each cell has
            the number 1.

        Raises:
            LeftToScikitLearn: scikit-learn has to treat these rows.
        """

    def categories(self) -> dict[str, npt.NDArray[Any]]:
        """The categories of those columns of the frame that have categories."""


class NumberPart:
    """Columns of numbers, scaled or imputed in scikit-learn's order of operations."""

    def __init__(
        self, names: Sequence[str], steps: Sequence[Step], *, takes_flags: bool = True
    ) -> None:
        self.names = tuple(names)
        self.width = len(self.names)
        self.steps = tuple(steps)
        # Numbers and booleans together stay objects in scikit-learn, if nothing is calculated.
        self._takes_flags = takes_flags and bool(steps)

    def cells(self, frame: pd.DataFrame) -> Cells:
        """See `Part.cells`."""
        numbers = numbers_of(frame, self.names, flags=self._takes_flags)
        for step in self.steps:
            step(numbers)
        return None, numbers

    def categories(self) -> dict[str, npt.NDArray[Any]]:
        """None of them has."""
        return {}


class _CategoryPart:
    def __init__(self, names: Sequence[str], columns: Sequence[CategoryColumn]) -> None:
        self.names = tuple(names)
        self._columns = tuple(columns)
        self.width = len(self.names)

    def categories(self) -> dict[str, npt.NDArray[Any]]:
        """The categories by the name of the column."""
        return {
            name: column.categories for name, column in zip(self.names, self._columns, strict=True)
        }

    def _codes(self, frame: pd.DataFrame) -> npt.NDArray[np.int64]:
        found = np.empty((len(frame), len(self.names)), dtype=np.int64, order="F")
        for position, (name, column) in enumerate(zip(self.names, self._columns, strict=True)):
            found[:, position] = column.codes(frame[name])
        return found


class OneHotPart(_CategoryPart):
    """A column of its own for each category."""

    def __init__(
        self, names: Sequence[str], columns: Sequence[CategoryColumn], encoder: OneHotEncoder
    ) -> None:
        super().__init__(names, columns)
        dropped = encoder.drop_idx_ if encoder.drop_idx_ is not None else [None] * len(names)
        self._refuses = encoder.handle_unknown == "error"
        tables, self.width = [], 0
        for column, out in zip(columns, dropped, strict=True):
            kept = np.arange(len(column.categories)) != (-1 if out is None else out)
            # The last place is for the code -1.
            tables.append(np.append(np.where(kept, self.width + np.cumsum(kept) - 1, -1), -1))
            self.width += int(kept.sum())
        self._tables = tables

    def cells(self, frame: pd.DataFrame) -> Cells:
        """See `Part.cells`; leaves rows with unknown categories to an encoder that refuses them."""
        codes = self._codes(frame)
        if self._refuses and (codes < 0).any():
            raise LeftToScikitLearn
        for position, table in enumerate(self._tables):
            codes[:, position] = table[codes[:, position]]
        return codes, (codes >= 0).astype(np.float64)


class OrdinalPart(_CategoryPart):
    """The number of each category."""

    def __init__(
        self,
        names: Sequence[str],
        columns: Sequence[CategoryColumn],
        encoder: OrdinalEncoder,
        steps: Sequence[Step],
    ) -> None:
        super().__init__(names, columns)
        self._steps = tuple(steps)
        self._refuses = encoder.handle_unknown == "error"
        self._tables = []
        for column in columns:
            table = np.arange(len(column.categories) + 1, dtype=np.float64)
            if column.fill is None and column.missing >= 0:
                table[column.missing] = encoder.encoded_missing_value
            table[-1] = np.nan if self._refuses else encoder.unknown_value
            self._tables.append(table)

    def cells(self, frame: pd.DataFrame) -> Cells:
        """See `Part.cells`; leaves rows with unknown categories to an encoder that refuses them."""
        codes = self._codes(frame)
        if self._refuses and (codes < 0).any():
            raise LeftToScikitLearn
        numbers = np.empty(codes.shape, order="F")
        for position, table in enumerate(self._tables):
            numbers[:, position] = table[codes[:, position]]
        for step in self._steps:
            step(numbers)
        return None, numbers


class OtherPart:
    """Columns that scikit-learn's own transformer makes."""

    def __init__(self, transformer: Any, names: Sequence[str], *, one: bool) -> None:
        self.names = tuple(names)
        self._transformer = transformer
        self._key: Any = self.names[0] if one else list(self.names)
        self.width = -1

    def cells(self, frame: pd.DataFrame) -> Cells:
        """See `Part.cells`."""
        found = self._transformer.transform(frame[self._key])
        if isinstance(found, pd.DataFrame):
            found = found.to_numpy()
        # A sparse matrix of words could be too large for an array.
        if not isinstance(found, np.ndarray) or found.ndim != 2 or found.dtype != np.float64:
            raise LeftToScikitLearn
        return None, found

    def categories(self) -> dict[str, npt.NDArray[Any]]:
        """Nothing is known of them."""
        return {}
