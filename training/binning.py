"""Puts values into the bins of a reference; `worker.steps.watching` does so for many at once."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from shared.drift.reference import MOST_BINS, MOST_CHARACTERS, MOST_VALUES, Aspect, Watched


def bin_of(column: Watched, value: float | str | None) -> int:
    """The bin of a value: its place in `Watched.counts`.

    Args:
        column: how it is counted.
        value: None, or NaN of a column of numbers, for a missing one.
    """
    if value is None:
        return 0
    if isinstance(value, str):
        if value in column.values:
            return 1 + column.values.index(value)
        return len(column.values) + 1
    return 0 if math.isnan(value) else 1 + bisect_left(column.edges, value)


def numbers_watched(
    values: Sequence[float], name: str, role: Literal["input", "output"], aspect: Aspect = "value"
) -> Watched | None:
    """A column of numbers, with bins of about equally many of these values.

    Args:
        values: the values; NaN for a missing one.
        name: the name of the column.
        role: its role.
        aspect: what the numbers are.

    Returns:
        None if it has no finite number.
    """
    there = sorted(value for value in values if math.isfinite(value))
    if not there:
        return None
    quantiles = (there[len(there) * at // MOST_BINS] for at in range(1, MOST_BINS))
    # Short numbers: all rows are counted with them, so they need not be exact.
    edges = tuple(sorted({float(f"{edge:.6g}") for edge in quantiles}))
    nothing = (0,) * (len(edges) + 2)
    empty = Watched(name=name, role=role, aspect=aspect, edges=edges, counts=nothing)
    return _filled(empty, values)


def names_watched(
    values: Sequence[str | None], name: str, role: Literal["input", "output"]
) -> Watched | None:
    """A column of names, by the rows with each of its values.

    Returns:
        None if it has no value, more than `MOST_VALUES` different ones, or one longer than
        `MOST_CHARACTERS`: such values are no names, and a card must not hold them.
    """
    found = Counter(value for value in values if value is not None)
    if not 0 < len(found) <= MOST_VALUES or max(map(len, found)) > MOST_CHARACTERS:
        return None
    names = tuple(sorted(found, key=lambda one: (-found[one], one)))
    nothing = (0,) * (len(names) + 2)
    return _filled(Watched(name=name, role=role, values=names, counts=nothing), values)


def _filled(column: Watched, values: Iterable[float | str | None]) -> Watched:
    counts = [0] * len(column.counts)
    for value in values:
        counts[bin_of(column, value)] += 1
    return column.model_copy(update={"counts": tuple(counts)})
