"""Finds rows whose class rounding could change, and lets scikit-learn decide them one by one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.tables.column_values import Numbers

#: The most products of a row. BLAS is faster for more of them.
MOST_PRODUCTS = 64

#: The maximum difference of two sums of that many products, in relation to the sum of the products'
#: absolute values. Each may be off by 64 times 2^-53 (Higham, "Accuracy and Stability of Numerical
#: Algorithms", section 3.1).
ROUNDING = 2 * MOST_PRODUCTS * 2.0**-53


def near_ties(decisions: Numbers, sizes: Numbers) -> npt.NDArray[np.bool_]:
    """Which of n rows could get another class if their products were added in another order.

    A class is chosen where a decision is above 0, or is the highest of several.

    Args:
        decisions: n numbers, or n x D.
        sizes: for each decision the sum of the absolute values of what it consists of, or more, as
            n x D numbers, or as D numbers for all rows. NaN and infinity count as large.
    """
    decisions = decisions.reshape(len(decisions), -1)
    rounding = ROUNDING * sizes
    near: npt.NDArray[np.bool_] = ~(np.abs(decisions) > rounding)
    if near.any():
        # Nothing but zeros adds up to the same in any order.
        near &= rounding != 0
    found = np.asarray(near.any(axis=1))
    if decisions.shape[1] > 1:
        first, second = _two_highest(decisions)
        highest = 2 * rounding.max(axis=-1)
        found |= ~(first - second > highest) & (highest != 0)
    return found


def _two_highest(decisions: Numbers) -> tuple[Numbers, Numbers]:
    """The highest and the next decision of each row; faster than to sort a few of them."""
    first, second = np.maximum(*decisions.T[:2]), np.minimum(*decisions.T[:2])
    for column in decisions.T[2:]:
        second = np.maximum(second, np.minimum(first, column))
        first = np.maximum(first, column)
    return first, second


def each_alone(decide: Callable[[Any], Numbers], matrix: Any) -> Numbers:
    """The decisions of rows, of which each is passed on its own.

    Args:
        decide: gives the decisions of a matrix.
        matrix: n rows, n >= 1; dense or sparse.
    """
    # Rows that tie are often equal.
    known: dict[bytes, Numbers] = {}
    found = []
    for place in range(matrix.shape[0]):
        row = matrix[[place]]
        key = row.tobytes() if isinstance(row, np.ndarray) else _bytes_of_sparse(row)
        if key not in known:
            known[key] = decide(row)
        found.append(known[key])
    return np.concatenate(found)


def _bytes_of_sparse(row: Any) -> bytes:
    return bytes(row.indices.tobytes() + row.data.tobytes())
