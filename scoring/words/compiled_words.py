"""Finds the terms of many texts in one pass over their bytes, by the compiled `words.c`.

The installation compiles it where there is a C compiler (`hatch_build.py`).
"""

import ctypes
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.words.hash_index import SameKeys
from scoring.words.word_terms import Numbers, Positions, Terms
from shared.compiled import library

LIBRARY = library(
    Path(__file__).with_name("words.so"), ["counter_begins", "counter_count", "counter_decide"]
)
if LIBRARY:
    LIBRARY.counter_free.argtypes = [ctypes.c_void_p]

#: Why there is no counter, by `enum outcome` of `slots.h`.
_ERRORS = {1: MemoryError, 2: SameKeys}

#: Counts of a term in a text for which weights are made at first.
_COUNTS = 64


@dataclass(frozen=True)
class Decision:
    """What a linear model does with the counts of a text.

    Attributes:
        by_count: gives the weights of a term that is in a text so many times, n counts.
        by_column: what that is multiplied with, for each of the columns.
        norm: by which the weights of a text are made to have the length 1: 1 or 2; 0: by none.
        coefficients: of K classes, for each column; an array of K x columns, in double precision.
        dtype: of the weights, float32 or float64.
    """

    by_count: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    by_column: npt.NDArray[Any]
    norm: int
    coefficients: npt.NDArray[np.float64]
    dtype: npt.DTypeLike = np.float64

    def weights(self, counts: int) -> npt.NDArray[np.float64]:
        """The weights of all counts below so many; of 0, which stands for no term, 0."""
        return np.append(0.0, self.by_count(np.arange(1, counts, dtype=self.dtype)))


class _Linear(ctypes.Structure):
    """The same, as `words.c` has it."""

    _fields_ = (
        ("counts", ctypes.c_int64),
        ("by_count", ctypes.c_void_p),
        ("by_column", ctypes.c_void_p),
        ("norm", ctypes.c_int),
        ("single", ctypes.c_int),
        ("classes", ctypes.c_int64),
        ("coefficients", ctypes.c_void_p),
    )


class CompiledWords:
    """Finds terms; for `LIBRARY`s that there are."""

    def __init__(self, terms: Terms) -> None:
        """Take the terms over into the library's own tables.

        Raises:
            MemoryError: there is no room for them.
            scoring.words.hash_index.SameKeys: two of them have one hash.
        """
        self._levels = len(terms.levels)
        # It reads sixteen bytes at once.
        joined = b"".join(terms.words) + bytes(16)
        ends = np.cumsum([len(word) for word in terms.words], dtype=np.int64)
        stops = terms.stops.astype(np.uint8)
        levels = [
            (np.ascontiguousarray(level.keys), level.columns.astype(np.int64))
            for level in terms.levels
        ]
        stays = np.packbits(terms.stays, bitorder="little")
        self._kept = (joined, ends, terms.table, stays)
        sizes = np.array([len(keys) for keys, _ in levels], dtype=np.int64)
        pointers = ctypes.c_void_p * len(levels)
        self._counter = ctypes.c_void_p()
        outcome = LIBRARY.counter_new(
            ctypes.byref(self._counter),
            ctypes.c_int64(len(terms.words)),
            ctypes.c_char_p(joined),
            _address(ends),
            _address(stops),
            ctypes.c_int(len(levels)),
            _address(sizes),
            pointers(*(keys.ctypes.data for keys, _ in levels)),
            pointers(*(columns.ctypes.data for _, columns in levels)),
            ctypes.c_char_p(terms.table),
            _address(stays),
            ctypes.c_int64(terms.shortest),
            ctypes.c_int64(terms.width),
        )
        if outcome:
            raise _ERRORS[outcome]
        weakref.finalize(self, LIBRARY.counter_free, self._counter)

    def begins(self, content: bytes, texts: int) -> Positions | None:
        """Where each of n texts begins; see `scoring.words.word_arrays.WordArrays.begins`."""
        found = np.empty(texts + 1, dtype=np.int64)
        many = LIBRARY.counter_begins(
            ctypes.c_char_p(content),
            ctypes.c_int64(len(content)),
            ctypes.c_int64(texts),
            _address(found),
        )
        return found if many == texts else None

    def cells(self, content: bytes, begins: Positions) -> tuple[Numbers, Numbers, Numbers]:
        """The terms of n texts; see `scoring.words.word_arrays.WordArrays.cells`.

        Raises:
            MemoryError: there is no room for the tokens of a text.
        """
        # A token has a byte at least.
        room = (len(content) + 1) * self._levels
        rows, columns, times = (np.empty(room, dtype=np.int64) for _ in range(3))
        found = LIBRARY.counter_count(
            self._counter,
            ctypes.c_char_p(content),
            _address(begins),
            ctypes.c_int64(len(begins) - 1),
            ctypes.c_int64(room),
            _address(rows),
            _address(columns),
            _address(times),
        )
        if found < 0:
            raise MemoryError
        return rows[:found], columns[:found], times[:found]

    def decider(self, of: Decision) -> Callable[[bytes, Positions], npt.NDArray[np.float64]]:
        """What gives a linear model's decisions for texts as `cells` takes them; n x K."""
        classes = len(of.coefficients)
        # No term has the column behind the last.
        by_column = np.append(of.by_column, 0).astype(np.float64)
        coefficients = np.zeros((len(by_column), classes))
        coefficients[:-1] = of.coefficients.T
        weights = of.weights(_COUNTS)
        linear = _Linear(
            counts=len(weights),
            by_count=weights.ctypes.data,
            by_column=by_column.ctypes.data,
            norm=of.norm,
            single=np.dtype(of.dtype) == np.float32,
            classes=classes,
            coefficients=coefficients.ctypes.data,
        )
        kept = [weights, by_column, coefficients]

        def decide(content: bytes, begins: Positions) -> npt.NDArray[np.float64]:
            decisions = np.empty((len(begins) - 1, classes))
            while missing := LIBRARY.counter_decide(
                self._counter,
                ctypes.c_char_p(content),
                _address(begins),
                ctypes.c_int64(len(decisions)),
                ctypes.byref(linear),
                _address(decisions),
            ):
                if missing < 0:
                    raise MemoryError
                kept[0] = of.weights(2 * missing)
                linear.counts, linear.by_count = len(kept[0]), kept[0].ctypes.data
            return decisions

        return decide


def _address(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    """Where an array is; whoever asks must have a name for it, or it is gone by the call."""
    return ctypes.c_void_p(array.ctypes.data)
