"""Same row, same score: lets a model compute each row in a way that no other row can change.

Libraries of linear algebra choose their code by the number of rows: one row is multiplied by other
instructions than a hundred, which add the products in another order, and so the last bits of a
score depend on the rows around it. Padding keeps the number of rows from mattering: rows are scored
in batches whose sizes are such that all of them give the same bits. Which sizes these are is tried
when a model is loaded, as it depends on the model, the library and the processor.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

logger = logging.getLogger(__name__)

Score = Callable[[pd.DataFrame], pd.DataFrame]

#: Sizes of batches that are tried: those near the widths of vectors, and those of a large part.
_TRIED = (1, 2, 3, 5, 8, 13, 31)

#: At least so many rows are scored in batches of each size. Other sizes begin with other rows. All
#: rows with every size would take a pipeline of scikit-learn a second, for each process and model.
_ROWS_OF_A_SIZE = 12

#: How many rows are scored alone or in small batches, and how many at least in the largest one.
STEADY_ROWS, MANY = 40, 1024


@dataclass(frozen=True)
class Batches:
    """How rows are put into batches.

    Attributes:
        multiple: the rows of a batch are a multiple of this; copies of its last row fill it up.
        most: the most rows of a batch; 0: any number.
    """

    multiple: int = 1
    most: int = 0

    def score(self, score: Score, frame: pd.DataFrame) -> pd.DataFrame:
        """Score n rows, in batches.

        Args:
            score: scores a frame, as `Model.score` does.
            frame: the rows.
        """
        rows = len(frame)
        if self == AS_THEY_COME or not rows:
            return score(frame)
        found = [
            self._scored(score, frame.iloc[begin : begin + self.most])
            for begin in range(0, rows, self.most)
        ]
        return found[0] if len(found) == 1 else pd.concat(found)

    def _scored(self, score: Score, batch: pd.DataFrame) -> pd.DataFrame:
        rows = len(batch)
        size = -(-rows // self.multiple) * self.multiple
        if size == rows:
            return score(batch)
        filled = batch.iloc[np.minimum(np.arange(size), rows - 1)]
        return score(filled).iloc[:rows]


#: All rows that there are at a time.
AS_THEY_COME = Batches()

#: The ways that are tried, the fastest first. A multiple of 16 rows leaves none over for the code
#: that multiplies the rest; with one number of rows alone there is nothing to choose at all.
_WAYS = (AS_THEY_COME, Batches(16, 4096), Batches(256, 256))


def steady_batches(score: Score, rows: pd.DataFrame, name: str) -> Batches:
    """Find batches in which each row gets the same bits, whatever rows are with it.

    Args:
        score: scores a frame, as `Model.score` does.
        rows: at least a few rows that the model can score.
        name: of the model, for the log.

    Returns:
        The first way that is steady for these rows. If none is, or if the model raises for them,
        the one that leaves least to choose.
    """
    if not len(rows):
        return AS_THEY_COME
    try:
        for way in _WAYS:
            if _is_steady(partial(way.score, score), rows, max(MANY, way.most)):
                return way
    # A model is user code, and may raise anything for rows that were made up.
    except Exception as error:  # noqa: BLE001
        logger.warning("%s: made-up rows raise %s", name, type(error).__name__)
        return _WAYS[-1]
    logger.warning("%s: the last digits of a score may depend on the rows around it", name)
    return _WAYS[-1]


def in_scales(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows, with numbers of three orders of magnitude.

    Numbers far from those of the training make all probabilities 0 and 1, which hide a difference.
    """
    scaled = rows.copy()
    for name, column in rows.items():
        if column.dtype == np.float64:
            scaled[name] = column * np.array([1.0, 1e-2, 1e-4])[np.arange(len(rows)) % 3]
    return scaled


def _is_steady(score: Score, rows: pd.DataFrame, most: int) -> bool:
    """Whether rows get the same bits alone, in batches of many sizes, and in one of `most`."""
    few = rows.iloc[:STEADY_ROWS].reset_index(drop=True)
    turns = np.arange(most) % len(few)
    many = few.iloc[turns].reset_index(drop=True)
    expected = score(many)
    first = expected.iloc[: len(few)]
    if not first.equals(score(few)):
        return False
    # Each place in a large batch gives what the first one gives.
    if not first.iloc[turns].reset_index(drop=True).equals(expected):
        return False
    return all(
        first.iloc[begin : begin + size]
        .reset_index(drop=True)
        .equals(score(few.iloc[begin : begin + size].reset_index(drop=True)))
        for begin, size in _few_batches(len(few))
    )


def _few_batches(rows: int) -> Iterator[tuple[int, int]]:
    """Begins and sizes of batches of n rows, one after the other through all rows, and again."""
    begin = 0
    for size in _TRIED:
        for _ in range(-(-_ROWS_OF_A_SIZE // size) if size < rows else 0):
            begin = begin if begin + size <= rows else 0
            yield begin, size
            begin += size
