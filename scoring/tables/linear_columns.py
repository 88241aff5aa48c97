"""Adds up a linear model's weights times a frame's derived columns, without making their matrix.

A matrix of numbers and one-hot columns consists mostly of zeros, and a library of linear algebra
adds its products in an order that depends on the number of rows. Here each row's products are added
from the first column to the last, so its sum depends on no other row. A category's product is its
weight, which is looked up.

The order of the products changes last digits, and so it could change the class of a row between two
classes: a decision of 0 is another class than one of 1e-16. Where rounding could do that, the
decision is scikit-learn's for this row alone. For the same row among others, scikit-learn's own
decision may differ.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import ElasticNet
from sklearn.linear_model._base import LinearClassifierMixin, LinearModel

from scoring.tables.column_parts import Cells, OneHotPart, OtherPart
from scoring.tables.column_values import LeftToScikitLearn, Numbers
from scoring.tables.fast_columns import FastColumns
from scoring.tables.linear_ties import MOST_PRODUCTS, each_alone, near_ties

#: The rows whose columns are read at a time, so that they stay in the second cache.
_BLOCK_ROWS = 8192

#: The method that adds products up -> the classes whose code for it is known to be
#: `X @ coef_.T + intercept_`.
SUMMING: dict[str, tuple[Any, ...]] = {
    "decision_function": (LinearClassifierMixin,),
    "_decision_function": (LinearModel, ElasticNet),
}


class UnmadeMatrix:
    """The rows of a matrix that is made only if scikit-learn has to treat them."""

    def __init__(self, columns: FastColumns, frame: Any) -> None:
        """Take n rows of a frame, and what makes their matrix."""
        self._columns, self._frame = columns, frame

    def __len__(self) -> int:
        """The number of rows."""
        return len(self._frame)

    def made(self) -> Any:
        """The matrix, as scikit-learn's transformers make it."""
        return self._columns.transform(self._frame)

    def taken(self, places: npt.NDArray[np.intp]) -> "UnmadeMatrix":
        """Some of the rows."""
        return UnmadeMatrix(self._columns, self._frame.iloc[places])

    def sums(self, weights: Numbers) -> tuple[Numbers, Numbers]:
        """The sums of weight x value.

        Args:
            weights: D x columns of the matrix.

        Returns:
            n x D sums. They are not finite for rows that have no number, or too large ones.
            D numbers, which the sum of |weight x value| exceeds in no row. NaN: it is not known.

        Raises:
            LeftToScikitLearn: scikit-learn has to treat these rows; one of them may have an unknown
                category.
        """
        found = np.zeros((len(self), len(weights)), order="F")
        limits = np.zeros(len(weights))
        for begin, parts in self._blocks(weights):
            block = np.zeros(len(weights))
            for cells, own in parts:
                _add(cells, own, found[begin : begin + _BLOCK_ROWS])
                block += _limits(cells, own)
            np.maximum(limits, block, out=limits)
        return found, limits

    def sizes(self, weights: Numbers) -> Numbers:
        """The sums of |weight x value|, n x D; see `sums`."""
        found = np.zeros((len(self), len(weights)), order="F")
        for begin, parts in self._blocks(np.abs(weights)):
            for (columns, numbers), own in parts:
                _add((columns, np.abs(numbers)), own, found[begin : begin + _BLOCK_ROWS])
        return found

    def _blocks(self, weights: Numbers) -> Iterator[tuple[int, Iterator[tuple[Cells, Numbers]]]]:
        """The first row of each block, and its parts with their weights."""
        self._columns.check(self._frame)
        rows = len(self)
        for begin in range(0, rows, _BLOCK_ROWS):
            end = begin + _BLOCK_ROWS
            frame = self._frame if rows <= _BLOCK_ROWS else self._frame.iloc[begin:end]
            yield begin, self._parts(frame, weights)

    def _parts(self, frame: Any, weights: Numbers) -> Iterator[tuple[Cells, Numbers]]:
        first = 0
        for part in self._columns.parts:
            cells = part.cells(frame)
            width = cells[1].shape[1] if cells[0] is None else part.width
            yield cells, weights[:, first : first + width]
            first += width
        if first != weights.shape[1]:
            raise LeftToScikitLearn


def _add(cells: Cells, weights: Numbers, sums: Numbers) -> None:
    """Add the products of a part of the columns, from the left to the right."""
    columns, numbers = cells
    for decision, row in enumerate(weights):
        out = sums[:, decision]
        if columns is None:
            product = np.empty(len(out))
            for column, weight in zip(numbers.T, row, strict=True):
                out += np.multiply(column, weight, out=product)
            continue
        # The last place is for the column -1, which is no cell.
        table = np.append(row, 0.0)
        for chosen in columns.T:
            out += table[chosen]


def _limits(cells: Cells, weights: Numbers) -> Numbers:
    """For each decision what the sum of the products' absolute values exceeds in no row."""
    columns, numbers = cells
    sizes = np.abs(weights)
    if columns is not None:
        most: Numbers = columns.shape[1] * sizes.max(axis=1, initial=0.0)
        return most
    largest = np.maximum(numbers.max(axis=0), -numbers.min(axis=0))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(sizes @ largest)


class UnmadeColumns(FastColumns):
    """As `FastColumns`, for a model of `with_sums`."""

    def __init__(self, made: FastColumns) -> None:
        """Take what makes the matrix."""
        super().__init__(made.parts, made.original, made.names)
        self.made = made

    def transform(self, frame: Any) -> Any:
        """Not the matrix, but `UnmadeMatrix`."""
        return UnmadeMatrix(self.made, frame)


class _Ties:
    """Lets scikit-learn decide rows whose class rounding could change."""

    def __init__(self, theirs: Callable[[Any], Any], weights: Numbers, intercept: Numbers) -> None:
        self._theirs, self._weights, self._intercept = theirs, weights, np.abs(intercept)

    @np.errstate(over="ignore", invalid="ignore")
    def decide(self, rows: UnmadeMatrix, found: Numbers, limits: Numbers) -> None:
        """Replace decisions near ties by scikit-learn's.

        Args:
            rows: n rows.
            found: their decisions, n or n x D.
            limits: see `UnmadeMatrix.sums`.
        """
        # The limits are those of all rows together, and only spare most rows their own.
        places = np.flatnonzero(near_ties(found, limits + self._intercept))
        if not len(places):
            return
        sizes = rows.taken(places).sizes(self._weights) + self._intercept
        places = places[near_ties(found[places], sizes)]
        if len(places):
            found[places] = each_alone(self._theirs, rows.taken(places).made())


def with_sums(estimator: Any, columns: FastColumns) -> Any:
    """A copy of a linear model that takes `UnmadeMatrix`; None for any other estimator.

    Only the method that adds products up is replaced. Classes, probabilities and all else remain
    scikit-learn's own.

    Args:
        estimator: fitted.
        columns: what makes its matrix.
    """
    method = summing_method(estimator)
    if method is None:
        return None
    weights = np.atleast_2d(estimator.coef_)
    products = _products(columns, weights.shape[1])
    if products is None or len(weights) * products > MOST_PRODUCTS:
        return None
    intercept = np.asarray(estimator.intercept_, np.float64)
    # As scikit-learn: a classifier of two classes has one decision for each row, not 1 x 1.
    is_flat = len(weights) == 1 and (method == "decision_function" or estimator.coef_.ndim == 1)
    theirs: Callable[[Any], Any] = getattr(estimator, method)
    ties = _Ties(theirs, weights, intercept)

    def added(rows: UnmadeMatrix) -> Any:
        sums, limits = rows.sums(weights)
        found = sums[:, 0] if is_flat else np.ascontiguousarray(sums)
        found += intercept
        finite = np.isfinite(sums).all(axis=1)
        if not finite.all():
            # It refuses what is no number. Only the rows with too large ones get its sums, because
            # the last digits of those depend on the other rows.
            found[~finite] = theirs(rows.made())[~finite]
        if method == "decision_function":
            ties.decide(rows, found, limits)
        return found

    def decisions(rows: Any) -> Any:
        """The sums with the intercept: n numbers, or n x D."""
        if not isinstance(rows, UnmadeMatrix):
            return theirs(rows)
        try:
            return added(rows)
        # scikit-learn has the messages for what cannot be transformed.
        except (LeftToScikitLearn, TypeError, ValueError, KeyError):
            return theirs(rows.made())

    fast = copy.copy(estimator)
    setattr(fast, method, decisions)
    return fast


def summing_method(estimator: Any) -> str | None:
    """The method with which a fitted linear model adds products up; None: it is not known."""
    for method, owners in SUMMING.items():
        own = getattr(type(estimator), method, None)
        if own is None or all(own is not getattr(one, method) for one in owners):
            continue
        # Sparse weights, after `sparsify`, are an array of one object.
        kinds = [np.asarray(getattr(estimator, name)).dtype for name in ("coef_", "intercept_")]
        return method if kinds == [np.float64, np.float64] else None
    return None


def _products(columns: FastColumns, width: int) -> int | None:
    """How many products are added up for a row; None: the matrix has not so many columns."""
    known = [part for part in columns.parts if not isinstance(part, OtherPart)]
    others = width - sum(part.width for part in known)
    if others < 0 or (others and len(known) == len(columns.parts)):
        return None
    return others + sum(
        len(part.names) if isinstance(part, OneHotPart) else part.width for part in known
    )
