"""Batches and padding for rows of unequal length."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt


def length_batches(
    lengths: Sequence[int], batch_rows: int, batch_words: int
) -> Iterator[tuple[npt.NDArray[np.intp], int]]:
    """Group rows of similar length into batches, so that little of a batch is padding.

    Args:
        lengths: the lengths of n rows.
        batch_rows: the maximum number of rows in a batch.
        batch_words: the maximum number of words and padding in a batch of several rows.

    Yields:
        The indices of the rows in a batch, and the length of the longest of them, at least 1.
    """
    order = np.argsort(np.asarray(lengths, dtype=np.intp), kind="stable")
    start = 0
    while start < len(order):
        rows = order[start : start + batch_rows]
        while len(rows) > 1 and len(rows) * lengths[rows[-1]] > batch_words:
            # Rows are sorted by length, so the last is the longest: this many rows fit in any case.
            rows = rows[: max(1, batch_words // lengths[rows[-1]])]
        yield rows, max(1, lengths[rows[-1]])
        start += len(rows)


def padded(
    rows: Sequence[Sequence[int]], width: int, padding: str = "post"
) -> npt.NDArray[np.int32]:
    """Pad rows of at most `width` numbers with zeros after them (`post`) or before them (`pre`).

    Returns:
        An array of len(rows) x width.
    """
    lengths = np.fromiter(map(len, rows), np.intp, len(rows))[:, np.newaxis]
    columns = np.arange(width)
    filled = columns < lengths if padding == "post" else columns >= width - lengths
    array = np.zeros((len(rows), width), dtype=np.int32)
    array[filled] = np.fromiter(chain.from_iterable(rows), np.int32, int(lengths.sum()))
    return array
