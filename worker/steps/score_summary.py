"""The summary of the outputs of a part: as `shared.jobs.summary.Summary.of`, for many rows."""

from array import array
from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.jobs.labels import Labels, is_counted, is_only_counted, labels_of
from shared.jobs.sketch import (
    BINS,
    BLOCK,
    FINEST,
    SHOWN_BINS,
    Numbers,
    empty_numbers,
    has_range,
    most_blocks,
    shift_for,
)
from shared.jobs.summary import OutputSummary, Summary, kinds_of, sketches_in
from shared.signature import Output
from shared.tables.spans import Coded

Counts = npt.NDArray[np.int64]

#: The numbers of an output, by its type.
_DTYPES: dict[str, type] = {"double": np.float64, "long": np.int64}

#: As the bucket of a double: the least number of a normal double's bucket.
_NORMAL = 1 << (52 - FINEST)


def summary_of(
    outputs: Sequence[Output],
    columns: Sequence[Sequence[Any]],
    errors: Sequence[str | None],
    failed: int,
) -> Summary:
    """The summary of rows, each of which has values or an error.

    Args:
        outputs: the outputs of the job.
        columns: the values of each output, one for each row: a list or an array. Those of rows with
            an error are passed over.
        errors: the error of each row; None for a row with values.
        failed: the number of rows with an error.
    """
    most = most_blocks(sketches_in(outputs))
    good = np.array([error is None for error in errors]) if failed else None
    found: list[OutputSummary] = []
    for output, column in zip(outputs, columns, strict=True):
        values = column if good is None else _compressed(column, good)
        if is_only_counted(output):
            found.append(Labels(other=_count_of(values)))
        elif is_counted(output):
            found.append(labels_of(output, values))
        else:
            found.append(_numbers_of(output, _numbers(output, values), most))
    return Summary(outputs=tuple(found), errors=kinds_of(errors) if failed else {})


def _count_of(values: Sequence[Any]) -> int:
    """The number of values that are not missing."""
    if isinstance(values, Coded):
        # The last value is that of a missing one; see `worker.steps.bisection`.
        codes = np.frombuffer(values.codes, np.int32)
        return int(np.count_nonzero(codes < len(values.values) - 1))
    if isinstance(values, np.ndarray) and values.dtype == np.float64:
        return int(np.count_nonzero(~np.isnan(values)))
    # NaN is the one value that differs from itself.
    return sum(value is not None and value == value for value in values)  # noqa: PLR0124


def _compressed(column: Sequence[Any], good: npt.NDArray[np.bool_]) -> Any:
    """The values of the rows that are good."""
    if isinstance(column, np.ndarray):
        return column[good]
    if isinstance(column, Coded):
        codes = np.frombuffer(column.codes, np.int32)[good]
        return Coded(array("i", codes.tobytes()), column.values)
    return list(compress(column, good))


def _numbers(output: Output, values: Sequence[Any]) -> npt.NDArray[Any]:
    """The values of an output that are not missing, as an array."""
    if output.required:
        return np.asarray(values, _DTYPES[output.type])
    if output.type == "double":
        found = np.asarray(values, np.float64)
        return found[~np.isnan(found)]
    return np.array([value for value in values if value is not None], _DTYPES[output.type])


def _numbers_of(output: Output, values: npt.NDArray[Any], most: int) -> Numbers:
    if not values.size:
        return empty_numbers(output)
    floats = values.astype(float, copy=False)
    shift = 0
    # Infinite here: sums, and the distance of a value from a range that is far away.
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(floats.sum())
        if has_range(output):
            bins = _bins_of(floats, float(output.minimum or 0), float(output.maximum or 0))
            blocks = {0: tuple(np.bincount(bins, minlength=BINS).tolist())}
        else:
            shift, blocks = _sketch_of(floats, most)
    return Numbers(
        shift=shift,
        total=total,
        least=values.min().item(),
        most=values.max().item(),
        blocks=blocks,
    )


def _bins_of(values: npt.NDArray[np.float64], minimum: float, maximum: float) -> Counts:
    """As `shared.jobs.sketch.bin_of`."""
    share = np.minimum(np.maximum((values - minimum) / (maximum - minimum), 0), 1)
    tenths = share * SHOWN_BINS
    shown = np.minimum(tenths.astype(np.int64), SHOWN_BINS - 1)
    wide = BINS // SHOWN_BINS
    within = np.minimum(((tenths - shown) * wide).astype(np.int64), wide - 1)
    bins: Counts = shown * wide + within
    return bins


def _sketch_of(
    values: npt.NDArray[np.float64], most: int
) -> tuple[int, dict[int, tuple[int, ...]]]:
    """The shift and the blocks; as `shared.jobs.sketch.bucket_of`."""
    buckets = np.abs(values).view(np.int64) >> FINEST
    buckets[buckets < _NORMAL] = 0
    buckets = np.where((values < 0) & (buckets > 0), ~buckets, buckets)
    shift = shift_for((_different(buckets // BLOCK)[0] * BLOCK).tolist(), most)
    buckets >>= shift - FINEST
    used, block_at = _different(buckets // BLOCK)
    counts = np.bincount(block_at * BLOCK + buckets % BLOCK, minlength=used.size * BLOCK)
    rows = counts.reshape(-1, BLOCK).tolist()
    return shift, {int(block): tuple(row) for block, row in zip(used.tolist(), rows, strict=True)}


def _different(blocks: Counts) -> tuple[Counts, Counts]:
    """The different blocks of n buckets, in ascending order; and the place of each among them.

    As `numpy.unique`, which sorts and takes five times as long: doubles have at most 2^18 blocks.
    """
    least = blocks.min()
    is_used = np.bincount(blocks - least) > 0
    places = np.cumsum(is_used) - 1
    return np.flatnonzero(is_used) + least, places[blocks - least]
