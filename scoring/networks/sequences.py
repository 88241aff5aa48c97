"""Rows of unequal length, made into arrays."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt


def length_batches(
    lengths: Sequence[int], batch_rows: int, batch_words: int
) -> Iterator[tuple[npt.NDArray[np.intp], int]]:
    """Batches of rows of like length, so that little of a batch is padding.

    Args:
        lengths: of n rows.
        batch_rows: the most rows of a batch.
        batch_words: the most words and padding in it, where it has more than one row.

    Yields:
        The numbers of the rows in a batch, and the longest length among them, at least 1.
    """
    order = np.argsort(np.asarray(lengths, dtype=np.intp), kind="stable")
    start = 0
    while start < len(order):
        rows = order[start : start + batch_rows]
        while len(rows) > 1 and len(rows) * lengths[rows[-1]] > batch_words:
            # The longest is last, and the others are no longer: so many fit for certain.
            rows = rows[: max(1, batch_words // lengths[rows[-1]])]
        yield rows, max(1, lengths[rows[-1]])
        start += len(rows)


def padded(
    rows: Sequence[Sequence[int]], width: int, padding: str = "post"
) -> npt.NDArray[np.int32]:
    """Rows no longer than `width`, filled up with zeros after them (`post`) or before (`pre`).

    Returns:
        An array of len(rows) x width.
    """
    lengths = np.fromiter(map(len, rows), np.intp, len(rows))[:, np.newaxis]
    columns = np.arange(width)
    filled = columns < lengths if padding == "post" else columns >= width - lengths
    array = np.zeros((len(rows), width), dtype=np.int32)
    array[filled] = np.fromiter(chain.from_iterable(rows), np.int32, int(lengths.sum()))
    return array
