"""Finds the terms of many texts in one pass over their bytes, with the compiled `words.c`.

The installation compiles `words.c` if it finds a C compiler (`hatch_build.py`).
"""

import ctypes
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.words.hash_index import KeyCollision
from scoring.words.word_terms import Numbers, Positions, Reach, Terms
from shared.compiled import library

LIBRARY = library(
    Path(__file__).with_name("words.so"),
    ["counter_begins", "counter_count", "counter_decide", "counter_reach"],
)
if LIBRARY:
    LIBRARY.counter_free.argtypes = [ctypes.c_void_p]

#: The exceptions for the failures in `enum outcome` of `slots.h`.
_ERRORS = {1: MemoryError, 2: KeyCollision}

#: The size of the first table of weights by count. It grows when a text holds a term more often.
_INITIAL_COUNTS = 64


@dataclass(frozen=True)
class LinearModel:
    """A linear model over weighted term counts.

    Attributes:
        by_count: maps n counts of a term in a text to n weights.
        by_column: the factor of each column, such as its inverse document frequency.
        norm: the norm that the weights of a text are divided by: 1 (L1), 2 (L2) or 0 (none).
        coefficients: float64 array of K classes x columns.
        dtype: the number type of the weights, float32 or float64.
    """

    by_count: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    by_column: npt.NDArray[Any]
    norm: int
    coefficients: npt.NDArray[np.float64]
    dtype: npt.DTypeLike = np.float64

    def weights(self, counts: int) -> npt.NDArray[np.float64]:
        """The weights of the counts 0 .. counts - 1. The weight of 0, which means no term, is 0."""
        return np.append(0.0, self.by_count(np.arange(1, counts, dtype=self.dtype)))


class _LinearStruct(ctypes.Structure):
    """`LinearModel` in the memory layout of the struct `linear` in `words.c`."""

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
    """Finds terms with the compiled library; usable only if `LIBRARY` is not None."""

    def __init__(self, terms: Terms) -> None:
        """Copy the terms into the library's own tables.

        Raises:
            MemoryError: there is too little memory for the tables.
            scoring.words.hash_index.KeyCollision: two of the words have the same hash.
        """
        self._levels = len(terms.levels)
        # The library reads sixteen bytes at once, also from the last word on.
        joined = b"".join(terms.words) + bytes(16)
        ends = np.cumsum([len(word) for word in terms.words], dtype=np.int64)
        stops = terms.stops.astype(np.uint8)
        levels = [
            (np.ascontiguousarray(level.keys), level.columns.astype(np.int64))
            for level in terms.levels
        ]
        stays = np.packbits(terms.stays, bitorder="little")
        self._arrays = (joined, ends, terms.table, stays)
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

    def text_starts(self, content: bytes, texts: int) -> Positions | None:
        """The start of each of n texts; see `scoring.words.word_arrays.WordArrays.text_starts`."""
        starts = np.empty(texts + 1, dtype=np.int64)
        count = LIBRARY.counter_begins(
            ctypes.c_char_p(content),
            ctypes.c_int64(len(content)),
            ctypes.c_int64(texts),
            _address(starts),
        )
        return starts if count == texts else None

    def cells(self, content: bytes, starts: Positions) -> tuple[Numbers, Numbers, Numbers]:
        """Count the terms of n texts; see `scoring.words.word_arrays.WordArrays.cells`.

        Raises:
            MemoryError: there is too little memory for the tokens of a text.
        """
        # A token has at least one byte, so this bounds the number of cells.
        room = (len(content) + 1) * self._levels
        rows, columns, times = (np.empty(room, dtype=np.int64) for _ in range(3))
        found = LIBRARY.counter_count(
            self._counter,
            ctypes.c_char_p(content),
            _address(starts),
            ctypes.c_int64(len(starts) - 1),
            ctypes.c_int64(room),
            _address(rows),
            _address(columns),
            _address(times),
        )
        if found < 0:
            raise MemoryError
        return rows[:found], columns[:found], times[:found]

    def reach(self, content: bytes, starts: Positions) -> Reach:
        """Count the words of n texts; see `scoring.words.word_arrays.WordArrays.reach`.

        Raises:
            MemoryError: there is too little memory for the tokens of a text.
        """
        found = np.empty((len(starts) - 1, 2), dtype=np.int32)
        if LIBRARY.counter_reach(
            self._counter,
            ctypes.c_char_p(content),
            _address(starts),
            ctypes.c_int64(len(found)),
            _address(found),
        ):
            raise MemoryError
        return found

    def decision_function(
        self, model: LinearModel
    ) -> Callable[[bytes, Positions, Reach | None], npt.NDArray[np.float64]]:
        """Make a function from texts, in the form that `cells` takes, to decisions.

        The function returns an array of n x K: the sums of weight times coefficient, without
        intercepts. It writes what `reach` returns into its third argument, unless that is None. It
        raises MemoryError if there is too little memory for the tokens of a text.
        """
        classes = len(model.coefficients)
        # The column after the last one belongs to no term.
        by_column = np.append(model.by_column, 0).astype(np.float64)
        coefficients = np.zeros((len(by_column), classes))
        coefficients[:-1] = model.coefficients.T
        weights = model.weights(_INITIAL_COUNTS)
        linear = _LinearStruct(
            counts=len(weights),
            by_count=weights.ctypes.data,
            by_column=by_column.ctypes.data,
            norm=model.norm,
            single=np.dtype(model.dtype) == np.float32,
            classes=classes,
            coefficients=coefficients.ctypes.data,
        )
        arrays = [weights, by_column, coefficients]  # `linear` holds only their addresses

        def decide(
            content: bytes, starts: Positions, reach: Reach | None
        ) -> npt.NDArray[np.float64]:
            decisions = np.empty((len(starts) - 1, classes))
            while missing := LIBRARY.counter_decide(
                self._counter,
                ctypes.c_char_p(content),
                _address(starts),
                ctypes.c_int64(len(decisions)),
                ctypes.byref(linear),
                _address(decisions),
                None if reach is None else _address(reach),
            ):
                if missing < 0:
                    raise MemoryError
                arrays[0] = model.weights(2 * missing)
                linear.counts, linear.by_count = len(arrays[0]), arrays[0].ctypes.data
            return decisions

        return decide


def _address(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    """The address of an array. The caller must keep a reference, or the array may be freed."""
    return ctypes.c_void_p(array.ctypes.data)
