"""Finds the terms of many texts in one pass over their bytes, with the compiled `words.c`.

The installation compiles `words.c` if it finds a C compiler (`hatch_build.py`).
"""

import ctypes
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from scoring.effects.linear_scores import LinearScores
from scoring.effects.top_effects import TopEffects
from scoring.words.addresses import address as _address
from scoring.words.hash_index import KeyCollision
from scoring.words.word_terms import Numbers, Positions, Terms
from shared.compiled import library

LIBRARY = library(
    Path(__file__).with_name("words.so"),
    ["counter_begins", "counter_count", "counter_decide", "counter_explain"],
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
        return np.append(self.by_column, 0).astype(np.float64), _by_column(self.coefficients)


class _LinearStruct(ctypes.Structure):
    """`LinearModel` in the memory layout of the struct `linear` in `linear.h`."""

    _fields_ = (
        ("counts", ctypes.c_int64),
        ("by_count", ctypes.c_void_p),
        ("by_column", ctypes.c_void_p),
        ("norm", ctypes.c_int),
        ("single", ctypes.c_int),
        ("classes", ctypes.c_int64),
        ("coefficients", ctypes.c_void_p),
    )


class _ExplainedStruct(ctypes.Structure):
    """What to explain, and where to write it: the struct `explained` in `linear.h`."""

    _fields_ = (
        ("terms", ctypes.c_int64),
        ("classes", ctypes.c_int64),
        ("sign", ctypes.c_double),
        ("coefficients", ctypes.c_void_p),
        ("intercepts", ctypes.c_void_p),
        ("columns", ctypes.c_void_p),
        ("effects", ctypes.c_void_p),
        ("others", ctypes.c_void_p),
        ("chosen", ctypes.c_void_p),
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

    def decision_function(self, model: LinearModel) -> "CompiledDecisions":
        """Make a function from texts, in the form that `cells` takes, to decisions."""
        return self.decisions(model, *model.tables())

    def decisions(
        self,
        model: LinearModel,
        by_column: npt.NDArray[np.float64],
        coefficients: npt.NDArray[np.float64],
    ) -> "CompiledDecisions":
        """The same as `decision_function`, with the tables that `model.tables` has made."""
        return CompiledDecisions(self, model, by_column, coefficients)


class _Explaining(NamedTuple):
    """What is explained, in the form of the struct `explained`."""

    by: LinearScores
    sign: float
    coefficients: npt.NDArray[np.float64]
    intercepts: npt.NDArray[np.float64]

    @classmethod
    def of(
        cls,
        by: LinearScores,
        deciding: npt.NDArray[np.float64],
        table: npt.NDArray[np.float64],
    ) -> "_Explaining":
        """Make it, by the table of the coefficients `deciding` where these are those of `by`."""
        intercepts = np.ascontiguousarray(by.intercepts, dtype=np.float64)
        for sign in (1.0, -1.0):
            if np.array_equal(by.coefficients, sign * deciding):
                return cls(by, sign, table, intercepts)
        return cls(by, 1.0, _by_column(by.coefficients), intercepts)


class CompiledDecisions:
    """The decisions of a linear model for texts, and what moves them.

    Its methods raise MemoryError if there is too little memory for the tokens of a text.
    """

    def __init__(
        self,
        words: CompiledWords,
        model: LinearModel,
        by_column: npt.NDArray[np.float64],
        coefficients: npt.NDArray[np.float64],
    ) -> None:
        """Take a model, with the tables that `model.tables` has made.

        Args:
            words: finds the terms.
            model: the model.
            by_column: the factors of the columns.
            coefficients: a row for each column, of K classes.
        """
        self._words, self._model = words, model
        self._classes = coefficients.shape[1]
        weights = model.weights(_INITIAL_COUNTS)
        # What was explained last: the copy takes as long as some hundred texts.
        self._explaining: _Explaining | None = None
        # The struct holds only their addresses.
        self._arrays = [weights, by_column, coefficients]
        self._linear = _LinearStruct(
            counts=len(weights),
            by_count=weights.ctypes.data,
            by_column=by_column.ctypes.data,
            norm=model.norm,
            single=np.dtype(model.dtype) == np.float32,
            classes=self._classes,
            coefficients=coefficients.ctypes.data,
        )

    def __call__(self, content: bytes, starts: Positions) -> npt.NDArray[np.float64]:
        """The sums of weight times coefficient for n texts, without intercepts: n x K."""
        return self._run(LIBRARY.counter_decide, content, starts)

    def explained(
        self, content: bytes, starts: Positions, by: LinearScores, terms: int
    ) -> tuple[npt.NDArray[np.float64], TopEffects]:
        """The decisions for n texts, and the terms that move the explained number of each most.

        Args:
            content: as `CompiledWords.cells` takes it.
            starts: as `CompiledWords.cells` takes them.
            by: the coefficients of the explained numbers.
            terms: the most terms of a text.
        """
        texts = len(starts) - 1
        if self._explaining is None or self._explaining.by is not by:
            self._explaining = _Explaining.of(by, self._model.coefficients, self._arrays[2])
        sign, coefficients, intercepts = self._explaining[1:]
        found = TopEffects(
            np.empty((texts, terms), dtype=np.int32),
            np.empty((texts, terms)),
            np.empty(texts),
            np.empty(texts, dtype=np.int32),
        )
        struct = _ExplainedStruct(
            terms,
            len(by.coefficients),
            sign,
            coefficients.ctypes.data,
            intercepts.ctypes.data,
            *(array.ctypes.data for array in found),
        )
        explain = LIBRARY.counter_explain
        decisions = self._run(explain, content, starts, ctypes.byref(struct))
        return decisions, found

    def _run(
        self, function: Any, content: bytes, starts: Positions, *more: Any
    ) -> npt.NDArray[np.float64]:
        decisions = np.empty((len(starts) - 1, self._classes))
        while missing := function(
            self._words.counter,
            ctypes.c_char_p(content),
            _address(starts),
            ctypes.c_int64(len(decisions)),
            ctypes.byref(self._linear),
            *more,
            _address(decisions),
        ):
            if missing < 0:
                raise MemoryError
            weights = self._model.weights(2 * missing)
            self._arrays[0] = weights
            self._linear.counts, self._linear.by_count = len(weights), weights.ctypes.data
        return decisions


def _by_column(coefficients: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The coefficients of K classes, a row for each column; 0 for the column of no term."""
    found = np.zeros((coefficients.shape[1] + 1, len(coefficients)))
    found[:-1] = coefficients.T
    return found
