"""Counts the rows that a process scores, for the reach and the drift of their job and their model.

What is counted is bounded: some numbers for reach, and the bins that the model's card names.
"""

from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.card import Card
from shared.drift.counts import REACH
from shared.drift.reference import NAME_OF, Watched
from shared.signature import Input, Output
from shared.tables.rows import Rows
from shared.tables.spans import Coded, Texts
from shared.tables.typed_columns import NO_TIME, Column
from worker.tables.lists import list_of

#: Of a part at most this many rows are put into bins: more would tell little more about drift, and
#: cost each part time.
MOST_ROWS = 2000

#: For each of n rows the number of its bin; see `training.binning.bin_of`.
Bins = npt.NDArray[np.intp]


def bins_of(column: Watched, values: Any) -> Bins:
    """The bin of each of n values; as `training.binning.bin_of`.

    Args:
        column: how they are counted.
        values: for a column of numbers an array, NaN for a missing one; for a column of names a
            list of texts, None for a missing one.
    """
    if column.is_number:
        floats = np.asarray(values, dtype=np.float64)
        found = np.searchsorted(np.array(column.edges), floats, side="left") + 1
        found[np.isnan(floats)] = 0
        return found
    places: dict[str | None, int] = {None: 0}
    places |= {value: at for at, value in enumerate(column.values, start=1)}
    other = len(column.values) + 1
    return np.array([places.get(value, other) for value in values], dtype=np.intp)


class WatchedRows:
    """The bins of some rows that were scored; those of a run of them can be counted."""

    def __init__(self, good: npt.NDArray[np.intp]) -> None:
        """Take the indexes of the rows that have outputs, in ascending order."""
        self._good = good
        self.columns: dict[str, tuple[Watched, Bins]] = {}
        #: The indexes of the rows that are in `columns`, in ascending order.
        self.sampled = good
        #: Words, known words, cut, other language: an array each; None: unknown.
        self.reach: list[npt.NDArray[Any]] | None = None

    def counts(self, begin: int = 0, end: int | None = None) -> dict[str, tuple[int, ...]]:
        """What `shared.drift.counts` describes, of the rows from `begin` to before `end`."""
        first, past = 0, len(self._good)
        if end is not None:
            first, past = np.searchsorted(self._good, (begin, end)).tolist()
        if first == past:
            return {}
        binned = self._binned(begin, end)
        found: dict[str, tuple[int, ...]] = {}
        for name, (column, bins) in self.columns.items():
            found[name] = _counts(bins[binned], len(column.counts))
        if self.reach:
            found[REACH] = tuple((self._sums[past] - self._sums[first]).tolist())
        return found

    @cached_property
    def _sums(self) -> npt.NDArray[np.int64]:
        """The counts of reach of all rows before each, and of all."""
        each = np.stack(_reach_of_rows(*(self.reach or ())), axis=1).astype(np.int64)
        return np.concatenate([np.zeros_like(each[:1]), each.cumsum(axis=0)])

    def _binned(self, begin: int, end: int | None) -> slice:
        if end is None:
            return slice(None)
        return slice(*np.searchsorted(self.sampled, (begin, end)).tolist())


class Watch:
    """How the rows of a model are counted.

    Attributes:
        card: the card of the model.
    """

    def __init__(self, card: Card) -> None:
        """Take what the card says of the model."""
        self.card = card
        self._inputs = card.signature.inputs
        self._columns = list(_usable(card))

    def watched(
        self, rows: Rows, outputs: Sequence[Output], columns: Sequence[Any], reach: Sequence[Any]
    ) -> WatchedRows:
        """Put rows into bins.

        Args:
            rows: the rows; those with an error are not counted.
            outputs: the outputs of the job.
            columns: for each of them its values, None for a row with an error.
            reach: likewise, the values of `shared.reach.REACH`; empty: unknown.
        """
        bad = np.array([error is not None for error in rows.errors], dtype=bool)
        good = np.flatnonzero(~bad)
        found = WatchedRows(good)
        if not len(good):
            return found
        if reach:
            found.reach = [_chosen(column, good) for column in reach]
        chosen = _sample(good)
        read = [_chosen(column, chosen) for column in reach[:2]]
        found.sampled = chosen
        given = dict(zip((one.name for one in outputs), columns, strict=True))
        taken = dict(zip((one.name for one in self._inputs), rows.inputs, strict=True))
        types = {one.name: one for one in self._inputs}
        for name, column in self._columns:
            if column.role == "output":
                if column.name not in given:
                    continue
                values = _outputs(column, _chosen(given[column.name], chosen))
            elif column.aspect == "known words":
                if not read:
                    continue
                words, known = read
                with np.errstate(invalid="ignore"):
                    values = known / words
            else:
                values = _inputs(column, types[column.name], taken[column.name], chosen)
            found.columns[name] = column, bins_of(column, values)
        return found


def _usable(card: Card) -> Iterator[tuple[str, Watched]]:
    """The columns of a reference that the model has, each with the name of its counts.

    A card may have been edited by hand; a column that does not fit is not counted.
    """
    reference, signature = card.reference, card.signature
    if reference is None:
        return
    inputs = {one.name: one.type for one in signature.inputs}
    outputs = {one.name: one.type for one in signature.outputs}
    for number, column in enumerate(reference.columns):
        kind = (inputs if column.role == "input" else outputs).get(column.name)
        is_number = kind in ("double", "long") or column.aspect != "value"
        fits = kind == "string" or (kind is not None and column.aspect == "value")
        if fits and column.is_number == is_number:
            yield reference.name_of(number), column


def _sample(good: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """At most `MOST_ROWS` of the indexes: one of each run of them, the same at each attempt."""
    if len(good) <= MOST_ROWS:
        return good
    borders = np.linspace(0, len(good), MOST_ROWS + 1).astype(np.intp)
    # At random, because rows may repeat with a period.
    within = np.random.default_rng(0).random(MOST_ROWS) * np.diff(borders)
    return good[borders[:-1] + within.astype(np.intp)]


def _counts(bins: Bins, count: int) -> tuple[int, ...]:
    """How many are in each of `count` bins."""
    if len(bins) == 1:
        # Most questions have one row, and a batch has many of them.
        found = [0] * count
        found[bins[0]] = 1
        return tuple(found)
    return tuple(np.bincount(bins, minlength=count).tolist())


def _reach_of_rows(
    words: npt.NDArray[Any],
    known: npt.NDArray[Any],
    cut: npt.NDArray[Any],
    other_language: npt.NDArray[Any],
) -> tuple[npt.NDArray[Any], ...]:
    """Of each row what `ReachCounts` counts, in its order."""
    few = (2 * known < words) | (words == 0)
    return np.ones(len(words)), words, known, few, known == 0, cut, other_language


def _chosen(column: Any, good: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    """The values of the rows that have outputs."""
    values = column if isinstance(column, np.ndarray) else np.array(column, dtype=object)
    chosen = values if len(good) == len(values) else values[good]
    # Objects, because other rows have None.
    return chosen if chosen.dtype != object else np.array(chosen.tolist())


def _outputs(column: Watched, values: npt.NDArray[Any]) -> Any:
    """The values of an output in the form that `bins_of` takes."""
    if column.is_number:
        return values.astype(np.float64)
    name_of = NAME_OF["boolean" if values.dtype == bool else "string"]
    return [None if value is None else name_of(value) for value in values.tolist()]


def _inputs(column: Watched, one: Input, values: Column, good: npt.NDArray[np.intp]) -> Any:
    """The values of an input in the form that `bins_of` takes."""
    if isinstance(values, array):
        numbers = np.frombuffer(values, dtype=values.typecode)[good]
        if one.type == "boolean":
            return [None if flag < 0 else NAME_OF["boolean"](flag) for flag in numbers.tolist()]
        return np.where(numbers == NO_TIME, np.nan, numbers) if one.type == "datetime" else numbers
    if isinstance(values, Texts) and column.aspect == "characters":
        return np.frombuffer(values.characters, dtype=np.int32)[good].astype(np.float64)
    if isinstance(values, Coded):
        codes = np.frombuffer(values.codes, dtype=values.codes.typecode)[good]
        texts = [values.values[code] for code in codes.tolist()]
    else:
        every = list_of(values)
        texts = every if len(good) == len(every) else [every[row] for row in good.tolist()]
    if column.aspect != "characters":
        return texts
    if None in texts:
        return np.array([np.nan if text is None else len(text) for text in texts])
    return np.fromiter(map(len, texts), dtype=np.float64, count=len(texts))
