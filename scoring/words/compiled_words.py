"""Finds the terms of many texts in one pass over their bytes, with the compiled `words.c`.

The installation compiles `words.c` if it finds a C compiler (`hatch_build.py`).
"""

import ctypes
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from scoring.words.addresses import address as _address
from scoring.words.hash_index import KeyCollision
from scoring.words.word_terms import Numbers, Positions, Terms
from shared.compiled import library

LIBRARY = library(
    Path(__file__).with_name("words.so"), ["counter_begins", "counter_count", "counter_decide"]
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

    def tables(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The factors of the columns, and their coefficients: a row for each, of K classes.

        The column after the last one belongs to no term.
        """
        by_column = np.append(self.by_column, 0).astype(np.float64)
        coefficients = np.zeros((len(by_column), len(self.coefficients)))
        coefficients[:-1] = self.coefficients.T
        return by_column, coefficients


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


def sublinear(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sublinear term frequency, 1 + ln(count), as scikit-learn's `sublinear_tf` has it."""
    weights: npt.NDArray[Any] = np.log(counts) + 1
    return weights


def once(by_count: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Any:
    """The weights by count of a vectoriser that is `binary`: every count weighs as 1 does."""
    return lambda counts: by_count(np.ones_like(counts))


class CompiledWords:
    """Finds terms with the compiled library; usable only if `LIBRARY` is not None.

    Attributes:
        arrays: the words and what the library reads of characters: their bytes (`bytes`), the end
            of each word (`ends`), what each byte becomes (`lower`), and one bit for each code point
            (`stays`). `scoring.mapped` stores them.
    """

    _counter: ctypes.c_void_p
    _levels: int
    arrays: dict[str, npt.NDArray[Any]]

    def __init__(self, terms: Terms) -> None:
        """Copy the terms into the library's own tables.

        Raises:
            MemoryError: there is too little memory for the tables.
            scoring.words.hash_index.KeyCollision: two of the words have the same hash.
        """
        # The library reads sixteen bytes at once, also from the last word on.
        joined = b"".join(terms.words) + bytes(16)
        arrays: dict[str, npt.NDArray[Any]] = {
            "bytes": np.frombuffer(joined, dtype=np.uint8),
            "ends": np.cumsum([len(word) for word in terms.words], dtype=np.int64),
            "lower": np.frombuffer(terms.table, dtype=np.uint8),
            "stays": np.packbits(terms.stays, bitorder="little"),
        }
        stops = terms.stops.astype(np.uint8)
        levels = [
            (np.ascontiguousarray(level.keys), level.columns.astype(np.int64))
            for level in terms.levels
        ]
        sizes = np.array([len(keys) for keys, _ in levels], dtype=np.int64)
        pointers = ctypes.c_void_p * len(levels)
        counter = ctypes.c_void_p()
        outcome = LIBRARY.counter_new(
            ctypes.byref(counter),
            ctypes.c_int64(len(terms.words)),
            _address(arrays["bytes"]),
            _address(arrays["ends"]),
            _address(stops),
            ctypes.c_int(len(levels)),
            _address(sizes),
            pointers(*(keys.ctypes.data for keys, _ in levels)),
            pointers(*(columns.ctypes.data for _, columns in levels)),
            _address(arrays["lower"]),
            _address(arrays["stays"]),
            ctypes.c_int64(terms.shortest),
            ctypes.c_int64(terms.width),
        )
        if outcome:
            raise _ERRORS[outcome]
        self._keep(counter, len(terms.levels), arrays)

    @classmethod
    def of_counter(
        cls, counter: ctypes.c_void_p, levels: int, arrays: dict[str, npt.NDArray[Any]]
    ) -> Self:
        """Use a counter of the library, which is freed with this object.

        Args:
            counter: the counter.
            levels: the number of words of its longest term.
            arrays: the arrays that it reads, by name.
        """
        made = cls.__new__(cls)
        made._keep(counter, levels, arrays)
        return made

    def _keep(
        self, counter: ctypes.c_void_p, levels: int, arrays: dict[str, npt.NDArray[Any]]
    ) -> None:
        self._counter, self._levels, self.arrays = counter, levels, arrays
        weakref.finalize(self, LIBRARY.counter_free, counter)

    @property
    def counter(self) -> ctypes.c_void_p:
        """The library's counter, and `levels` the number of words of its longest term."""
        return self._counter

    @property
    def levels(self) -> int:
        """The number of words of the longest term."""
        return self._levels

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

    def decision_function(
        self, model: LinearModel
    ) -> Callable[[bytes, Positions], npt.NDArray[np.float64]]:
        """Make a function from texts, in the form that `cells` takes, to decisions.

        The function returns an array of n x K: the sums of weight times coefficient, without
        intercepts. It raises MemoryError if there is too little memory for the tokens of a text.
        """
        return self.decisions(model, *model.tables())

    def decisions(
        self,
        model: LinearModel,
        by_column: npt.NDArray[np.float64],
        coefficients: npt.NDArray[np.float64],
    ) -> Callable[[bytes, Positions], npt.NDArray[np.float64]]:
        """The same as `decision_function`, with the tables that `model.tables` has made."""
        classes = coefficients.shape[1]
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

        def decide(content: bytes, starts: Positions) -> npt.NDArray[np.float64]:
            decisions = np.empty((len(starts) - 1, classes))
            while missing := LIBRARY.counter_decide(
                self._counter,
                ctypes.c_char_p(content),
                _address(starts),
                ctypes.c_int64(len(decisions)),
                ctypes.byref(linear),
                _address(decisions),
            ):
                if missing < 0:
                    raise MemoryError
                arrays[0] = model.weights(2 * missing)
                linear.counts, linear.by_count = len(arrays[0]), arrays[0].ctypes.data
            return decisions

        return decide
