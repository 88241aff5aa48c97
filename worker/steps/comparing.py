"""Counts how the values that two models give for the rows of a part differ."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.jobs.comparison import (
    LARGEST,
    REF_CHARS,
    TOLERANCES,
    Comparison,
    Counts,
    Difference,
    Moments,
    change_of,
    compared,
    scale_of,
)
from shared.jobs.labels import MOST_CHARACTERS, Labels, is_counted, limited, text_of
from shared.signature import Output
from worker.steps.label_test import Judged, judged
from worker.steps.label_test import Labels as RowLabels
from worker.tables.lists import list_of

#: The values of an output, by its type.
_DTYPES: dict[str, Any] = {
    "double": np.float64,
    "long": np.int64,
    "boolean": np.bool_,
    "string": np.object_,
}

_NOT_JUDGED = Judged({})


class Scored(NamedTuple):
    """The rows of a part that two models have scored.

    Attributes:
        outputs: of both models.
        suffix: what the names of the second model's outputs end with.
        columns: the values of each output; None or NaN where there is none.
        errors: of each row, why the first model has no values; None if it has.
        refs: of each row.
        first_row: the number of the first row, from 0.
        labels: of each row; None: they have none.
    """

    outputs: Sequence[Output]
    suffix: str
    columns: Sequence[Sequence[Any]]
    errors: Sequence[str | None]
    refs: Sequence[str]
    first_row: int
    labels: RowLabels | None = None


def comparisons_of(scored: Scored) -> tuple[Comparison, ...]:
    """The comparison of each output that both models give, in the order of the first model's."""
    good = np.array([error is None for error in scored.errors], np.bool_)
    return tuple(
        _comparison(scored, first, second, good)
        for first, second in compared(scored.outputs, scored.suffix)
    )


def _comparison(scored: Scored, at: int, to: int, good: npt.NDArray[np.bool_]) -> Comparison:
    output, other = scored.outputs[at], scored.outputs[to]
    columns = [_known(scored.columns[place]) for place in (at, to)]
    rows = np.flatnonzero(good & columns[0][1] & columns[1][1])
    counts: dict[str, int] = {"rows": rows.size, "unscored": int(good.sum()) - rows.size}
    if not rows.size:
        return Comparison(counts=Counts(**counts))
    first, second = (
        values[rows].astype(_DTYPES[one.type])
        for (values, _), one in zip(columns, (output, other), strict=True)
    )
    moments, changes = Moments(), Labels()
    sizes = np.asarray(first != second, np.float64)
    counts["equal"] = int((first == second).sum())
    if is_counted(output):
        changes = _changes(output, first, second)
    else:
        moments, distances = _moments(first.astype(np.float64), second.astype(np.float64))
        counts |= _near(scale_of(output, other), first, second, distances)
        # Different whole numbers may be equal as doubles.
        sizes = np.where((distances == 0) & (sizes > 0), 1, distances)
    found = _NOT_JUDGED
    if scored.labels:
        cells = list_of(scored.labels.cells)
        labels = scored.labels._replace(cells=[cells[row] for row in rows.tolist()])
        found = judged(output, first, second, labels)
    return Comparison(
        counts=Counts(**counts, **found.counts),
        moments=moments,
        errors=found.errors,
        changes=changes,
        largest=_largest(scored, rows, sizes, (first, second)),
    )


def _known(column: Sequence[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """A column as an array, and whether each value is there; of others any value."""
    values = column if isinstance(column, np.ndarray) else _array(list_of(column))
    if values.dtype.kind == "f":
        return values, ~np.isnan(values)
    if values.dtype.kind != "O":
        return values, np.ones(len(values), np.bool_)
    return values, np.array([value is not None for value in values], np.bool_)


def _array(values: list[Any]) -> npt.NDArray[Any]:
    found = np.empty(len(values), object)
    found[:] = values
    return found


def _moments(first: Any, second: Any) -> tuple[Moments, Any]:
    """The moments of n pairs, n >= 1, and how far apart each pair is."""
    # Infinite here: differences and squares of numbers near the largest double.
    with np.errstate(over="ignore", invalid="ignore"):
        shifts = second - first
        columns = np.array([first, second, shifts])
        means = columns.mean(axis=1)
        centred = columns - means[:, np.newaxis]
        squares = (centred**2).sum(axis=1)
        product = (centred[0] * centred[1]).sum()
        sums = [len(first), *means.tolist(), *squares.tolist(), float(product)]
    return Moments(*sums), abs(shifts)


def _near(scale: tuple[float, float] | None, first: Any, second: Any, distances: Any) -> Any:
    """How many pairs are within each tolerance, and on the same side of the middle."""
    found: dict[str, int] = {}
    if scale:
        lowest, highest = scale
        whole: Any = highest - lowest
        middle = (lowest + highest) / 2
        found["same_side"] = int(((first >= middle) == (second >= middle)).sum())
    else:
        whole = np.maximum(abs(first.astype(np.float64)), abs(second.astype(np.float64)))
    names = ("within_first", "within_second", "within_third")
    for name, tolerance in zip(names, TOLERANCES, strict=True):
        found[name] = int((distances <= tolerance * whole).sum())
    return found


def _changes(output: Output, first: Any, second: Any) -> Labels:
    """How often which value of the first model is which other value of the second."""
    pairs = Counter(zip(first.tolist(), second.tolist(), strict=True))
    counts: Counter[str] = Counter()
    other = 0
    for (one, another), rows in pairs.items():
        if one == another:
            continue
        texts = text_of(output, one), text_of(output, another)
        if max(map(len, texts)) <= MOST_CHARACTERS:
            counts[change_of(*texts)] += rows
        else:
            other += rows
    return limited(counts, other)


def _largest(
    scored: Scored, rows: Any, sizes: Any, values: tuple[Any, Any]
) -> tuple[Difference, ...]:
    """The rows that differ most; of rows that differ equally those that come first."""
    order = np.lexsort((rows, -sizes))[:LARGEST].tolist()
    return tuple(
        Difference(
            size=repr(float(sizes[at])),
            row=scored.first_row + int(rows[at]) + 1,
            ref=_short(scored.refs[int(rows[at])]),
            first=_json(values[0][at]),
            second=_json(values[1][at]),
        )
        for at in order
        if sizes[at]
    )


def _json(value: Any) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    return json.dumps(plain)


def _short(ref: str) -> str:
    # Half of a surrogate pair, which JSON may hold, cannot be written as UTF-8.
    return ref[:REF_CHARS].encode("utf-8", "replace").decode()
