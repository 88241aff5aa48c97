"""The decisions of a linear model for many texts in one pass over their bytes, by `words.c`."""

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scoring.effects.linear_scores import LinearScores
from scoring.effects.top_effects import TopEffects
from scoring.words.addresses import address as _address
from scoring.words.compiled_words import LIBRARY, CompiledWords
from scoring.words.linear_model import LinearModel, coefficients_by_column
from scoring.words.word_terms import Positions, Reach
from shared.jobs.added_outputs import MOST_TERMS

#: The size of the first table of weights by count. It grows when a text holds a term more often.
_INITIAL_COUNTS = 64


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
        ("texts", ctypes.c_int64),
        ("classes", ctypes.c_int64),
        ("sign", ctypes.c_double),
        ("coefficients", ctypes.c_void_p),
        ("intercepts", ctypes.c_void_p),
        ("columns", ctypes.c_void_p),
        ("effects", ctypes.c_void_p),
        ("others", ctypes.c_void_p),
        ("chosen", ctypes.c_void_p),
    )


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
        return cls(by, 1.0, coefficients_by_column(by.coefficients), intercepts)


class CompiledDecisions:
    """The decisions of a linear model for texts, and what moves them.

    Its methods raise MemoryError if there is too little memory for the tokens of a text.
    """

    def __init__(
        self,
        words: CompiledWords,
        model: LinearModel,
        by_column: npt.NDArray[np.float64] | None,
        coefficients: npt.NDArray[np.float64],
    ) -> None:
        """Take a model, with the tables that `model.tables` has made.

        Args:
            words: finds the terms.
            model: the model.
            by_column: the factors of the columns; None for hashed words, whose counts are weights.
            coefficients: a row for each column, of K classes.
        """
        self._words, self._model = words, model
        self._classes = coefficients.shape[1]
        weights = model.weights(_INITIAL_COUNTS)
        # What was explained last: the copy takes as long as some hundred texts.
        self._explaining: _Explaining | None = None
        # The struct holds only their addresses.
        self._weights, self._by_column, self._coefficients = weights, by_column, coefficients
        self._linear = _LinearStruct(
            counts=len(weights),
            by_count=weights.ctypes.data,
            by_column=None if by_column is None else by_column.ctypes.data,
            norm=model.norm,
            single=np.dtype(model.dtype) == np.float32,
            classes=self._classes,
            coefficients=coefficients.ctypes.data,
        )

    def __call__(
        self, content: bytes, starts: Positions, reach: Reach | None = None
    ) -> npt.NDArray[np.float64]:
        """The sums of weight times coefficient for n texts, without intercepts: n x K.

        What `CompiledWords.reach` returns is written into `reach`, unless that is None.
        """
        return self._run(LIBRARY.counter_decide, content, starts, _address_if(reach))

    def explained(
        self,
        content: bytes,
        starts: Positions,
        by: LinearScores,
        terms: int,
        reach: Reach | None = None,
    ) -> tuple[npt.NDArray[np.float64], TopEffects]:
        """The decisions for n texts, and the terms that move the explained number of each most.

        Args:
            content: as `CompiledWords.cells` takes it.
            starts: as `CompiledWords.cells` takes them.
            by: the coefficients of the explained numbers.
            terms: the most terms of a text.
            reach: gets what `CompiledWords.reach` returns, unless it is None.

        Raises:
            ValueError: there are more terms than the library has room for.
        """
        if terms > MOST_TERMS:
            raise ValueError(f"a text has at most {MOST_TERMS} explaining terms, not {terms}")
        texts = len(starts) - 1
        if self._explaining is None or self._explaining.by is not by:
            self._explaining = _Explaining.of(by, self._model.coefficients, self._coefficients)
        sign, coefficients, intercepts = self._explaining[1:]
        found = TopEffects(
            np.empty((terms, texts), dtype=np.int32).T,
            np.empty((terms, texts)).T,
            np.empty(texts),
            np.empty(texts, dtype=np.int32),
        )
        struct = _ExplainedStruct(
            terms,
            texts,
            len(by.coefficients),
            sign,
            coefficients.ctypes.data,
            intercepts.ctypes.data,
            *(array.ctypes.data for array in found),
        )
        more = ctypes.byref(struct), _address_if(reach)
        return self._run(LIBRARY.counter_explain, content, starts, *more), found

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
            self._weights = weights
            self._linear.counts, self._linear.by_count = len(weights), weights.ctypes.data
        return decisions


class TextDecisions:
    """The decisions of a linear model for texts, by compiled code, and what moves them."""

    def __init__(
        self, join: Callable[[Sequence[str]], tuple[bytes, Positions]], decide: CompiledDecisions
    ) -> None:
        """Keep what makes bytes of texts, and what scores these."""
        self._join, self._decide = join, decide

    def __call__(self, texts: Sequence[str], reach: Reach | None = None) -> npt.NDArray[np.float64]:
        """The decisions for n texts, n >= 1: an array of n x K.

        What `WordCounter.reach` returns is written into `reach`, unless that is None.
        """
        return self._decide(*self._join(texts), reach)

    def explained(
        self, texts: Sequence[str], by: LinearScores, terms: int, reach: Reach | None = None
    ) -> tuple[npt.NDArray[np.float64], TopEffects]:
        """As `CompiledDecisions.explained`."""
        return self._decide.explained(*self._join(texts), by, terms, reach)


def _address_if(reach: Reach | None) -> ctypes.c_void_p | None:
    return None if reach is None else _address(reach)
