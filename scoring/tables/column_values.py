"""Reads columns of a frame as numbers, or as the numbers of categories."""

import ctypes
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

#: Of so few cells each is looked up.
_FEW = 100

Numbers = npt.NDArray[np.float64]

#: Whole numbers up to this are float64 numbers without rounding.
_EXACT = 2.0**53


class LeftToScikitLearn(ValueError):
    """Rows or a transformer that the faster code does not treat; scikit-learn does."""


def numbers_of(frame: pd.DataFrame, names: Sequence[str], *, flags: bool) -> Numbers:
    """Columns as float64 numbers, column by column in memory.

    Args:
        frame: n rows.
        names: the k columns.
        flags: whether booleans count as numbers.

    Raises:
        LeftToScikitLearn: a column holds something else, or an infinite number.
    """
    found = np.empty((len(frame), len(names)), order="F")
    for position, name in enumerate(names):
        values = frame[name].values
        if not isinstance(values, np.ndarray):
            raise LeftToScikitLearn
        # float32 would stay float32 in scikit-learn.
        if values.dtype != np.float64 and values.dtype.kind not in ("iub" if flags else "iu"):
            raise LeftToScikitLearn
        found[:, position] = values
    # A sum is finite only if all its parts are; looking at each part takes longer.
    if not np.isfinite(found.sum()) and np.isinf(found).any():
        raise LeftToScikitLearn
    return found


class CategoryColumn:
    """The categories of a column, as an encoder knows them.

    Attributes:
        categories: in the encoder's order.
        missing: the number of the category NaN; -1 if it is none.
        fill: what stands for NaN, by an imputer before the encoder; None: nothing does.
    """

    def __init__(self, categories: npt.NDArray[Any], fill: Any = None) -> None:
        # Of what kinds the cells may be: a number is not looked up among booleans, nor the reverse.
        self._kinds = next(
            (kinds for kinds in ("O", "b", "iuf") if categories.dtype.kind in kinds), ""
        )
        if not self._kinds:
            raise LeftToScikitLearn
        self.categories = categories
        self.fill = fill
        values = categories.tolist()
        nan = [number for number, value in enumerate(values) if _is_nan(value)]
        self.missing = nan[-1] if nan else -1
        if self._kinds == "iuf" and np.any(np.abs(categories) > _EXACT):
            raise LeftToScikitLearn
        self._numbers = {value: number for number, value in enumerate(values)}
        if fill is not None:
            self.missing = self._numbers.get(fill, -1)

    def codes(self, column: "pd.Series[Any]") -> npt.NDArray[np.int64]:
        """The numbers of the categories of n cells; -1 for what is no category.

        Raises:
            LeftToScikitLearn: the column has another type than the categories.
        """
        if isinstance(column.dtype, pd.StringDtype) and column.dtype.na_value is not pd.NA:
            column = column.astype(object)
        values = column.to_numpy()
        if values.dtype.kind not in self._kinds:
            raise LeftToScikitLearn
        number_of, cells = numbered_objects(values)
        found = np.fromiter(
            map(self._numbers.get, cells, repeat(-1)), dtype=np.int64, count=len(cells)
        )
        for row in np.flatnonzero(found < 0):
            # NaN is not equal to itself, so the dictionary does not find it.
            if _is_nan(cells[row]):
                found[row] = self.missing
        return found if number_of is None else found[number_of]


def numbered_objects(
    values: npt.NDArray[Any],
) -> tuple[npt.NDArray[np.int64] | None, list[Any]]:
    """The different objects of n cells, by their identity: a part of a file has few of them.

    Comparing addresses takes a quarter of the time of looking each cell up.

    Args:
        values: n values, of any dtype.

    Returns:
        The number of each cell's object among the different ones, and these; None and all cells, if
        the cells are no objects, or few, or too different.
    """
    if values.dtype != object or len(values) < _FEW:
        return None, values.tolist()
    values = np.ascontiguousarray(values)
    # NumPy does not show an array of references as numbers.
    pointer = ctypes.cast(values.ctypes.data, ctypes.POINTER(ctypes.c_ssize_t))
    numbers, addresses = pd.factorize(np.ctypeslib.as_array(pointer, values.shape))
    if len(addresses) > len(values) // 4:
        return None, values.tolist()
    one_of_each = np.empty(len(addresses), dtype=np.int64)
    one_of_each[numbers] = np.arange(len(values))
    return numbers, values[one_of_each].tolist()


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value  # noqa: PLR0124  only NaN differs
