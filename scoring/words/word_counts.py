"""Counts words and word n-grams in many texts at once.

`sklearn.feature_extraction.text.CountVectorizer.transform` works word by word in Python, and takes
nine tenths of the time of a word TF-IDF pipeline. This module gives the same counts, but works on
the bytes of thousands of texts together, in compiled code or by array operations.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from scoring.words.compiled_decisions import CompiledDecisions, TextDecisions
from scoring.words.compiled_words import CUTS_CHARACTERS, LIBRARY, CompiledWords
from scoring.words.gram_bytes import GramBytes, Grams
from scoring.words.hash_index import KeyCollision
from scoring.words.linear_model import LinearModel, once
from scoring.words.stored_tables import STORES, Stored, stored
from scoring.words.text_bytes import TextBytes
from scoring.words.token_patterns import TokenPattern, parse_token_pattern
from scoring.words.word_arrays import WordArrays
from scoring.words.word_terms import Numbers, Positions, Reach, Terms

logger = logging.getLogger(__name__)

#: The most characters of a term that are looked for in compiled code, whose memory grows with them.
_MOST_CHARACTERS = 32


class Counts(NamedTuple):
    """The terms in n texts, as c cells sorted by text and then by column.

    Attributes:
        rows: the text of each cell, 0 .. n - 1.
        columns: the column of the term of each cell.
        values: the count of the term in the text, or its weight.
        texts: the number of texts, n.
        width: the number of columns.
    """

    rows: Numbers
    columns: Numbers
    values: npt.NDArray[Any]
    texts: int
    width: int

    def matrix(self) -> csr_matrix:
        """The cells as a sparse matrix of n x width."""
        row_ends = np.cumsum(np.bincount(self.rows, minlength=self.texts))
        indptr = np.append(0, row_ends).astype(np.int32)
        cells = (self.values, self.columns.astype(np.int32), indptr)
        matrix = csr_matrix(cells, shape=(self.texts, self.width))
        matrix.has_canonical_format = True
        return matrix


def own_functions(vectoriser: Any) -> bool:
    """Whether a function stands in the object itself, perhaps in the place of a method."""
    parameters = vectoriser.get_params(deep=False)
    own = (value for name, value in vars(vectoriser).items() if name not in parameters)
    return any(map(callable, own))


class WordCounter:
    """Counts exactly as a fitted vectoriser does. Use `WordCounter.from_vectoriser` to make one.

    Attributes:
        counts_words: the terms are words, and not characters.
    """

    def __init__(self, vectoriser: CountVectorizer, cut: TokenPattern | Grams) -> None:
        """Copy the terms of a vectoriser.

        Args:
            vectoriser: fitted.
            cut: how it cuts texts, into words or into characters.
        """
        self._dtype = np.dtype(vectoriser.dtype)
        # How `Stored` describes the preparation of texts; accents are stripped by scikit-learn.
        self._described: dict[str, Any] | None = None
        self._binary = vectoriser.binary
        self.counts_words = isinstance(cut, TokenPattern)
        if isinstance(cut, TokenPattern):
            if vectoriser.strip_accents is None:
                self._described = {"lower": bool(vectoriser.lowercase), "signs": cut.signs}
            self._texts, self._terms = _of_words(vectoriser, cut)
            self._words = CompiledWords(self._terms) if LIBRARY else WordArrays(self._terms)
        else:
            if vectoriser.strip_accents is None:
                self._described = {"lower": bool(vectoriser.lowercase), "grams": list(cut)}
            self._texts, self._terms = _of_characters(vectoriser, cut)
            self._words = CompiledWords(self._terms, cut)

    @classmethod
    def from_vectoriser(cls, vectoriser: Any) -> Self | None:
        """Make a counter that gives this vectoriser's counts, or return None if it may differ.

        It may differ for a subclass, for a custom `analyzer`, `tokenizer`, `preprocessor` or
        `strip_accents`, for a `token_pattern` that `parse_token_pattern` does not support, and for
        a vocabulary in which two words have the same key. Characters are counted only by compiled
        code.
        """
        if type(vectoriser) not in (CountVectorizer, TfidfVectorizer):
            return None
        # A function of the user's may change any text, but here ASCII texts have no accents to
        # strip. One may also have replaced a method of this object, such as `build_analyzer`.
        if callable(vectoriser.strip_accents) or own_functions(vectoriser):
            return None
        cut = _cut_of(vectoriser)
        if cut is None:
            return None
        try:
            return cls(vectoriser, cut)
        except KeyCollision:
            logger.warning("scikit-learn runs the pipeline, because two of its words have one key")
            return None

    def counts(self, texts: Sequence[str]) -> Counts:
        """The counts of n texts, n >= 1, equal to those of `CountVectorizer.transform`."""
        rows, columns, times = self._words.cells(*self._joined(texts))
        values = np.ones(len(times)) if self._binary else times
        return Counts(rows, columns, values.astype(self._dtype), len(texts), self._terms.width)

    def decision_function(self, model: LinearModel) -> "TextDecisions | None":
        """Make a compiled function from n texts, n >= 1, to decisions, an array of n x K.

        Returns None if no library was compiled, or if a number type is not supported.
        """
        supported = self._dtype in (np.int64, np.float32, np.float64)
        if not isinstance(self._words, CompiledWords) or not supported:
            return None
        if model.coefficients.dtype != np.float64:
            return None
        single = self._dtype == np.float32
        by_count = once(model.by_count) if self._binary else model.by_count
        model = replace(model, by_count=by_count, dtype=np.float32 if single else np.float64)
        decide = CompiledDecisions(self._words, model, *model.tables())
        return TextDecisions(self._joined, decide)

    def reach(self, texts: Sequence[str]) -> Reach:
        """The number of words of n texts, n >= 1, and of those that are in the vocabulary."""
        return self._words.reach(*self._joined(texts))

    def some_words(self, most: int) -> list[str]:
        """Words that the vectoriser knows, also as parts of terms; at most about `most` of them."""
        words = self._terms.words
        return [word.decode("utf-8", "replace") for word in words[:: len(words) // most + 1]]

    def stored(self) -> Stored | None:
        """What counting needs, for `scoring.mapped`; None where no compiled code counts."""
        if not STORES or not isinstance(self._words, CompiledWords) or self._described is None:
            return None
        if self._dtype not in (np.int64, np.float32, np.float64):
            return None
        about, arrays = stored(self._words, shortest=self._terms.shortest, width=self._terms.width)
        weights = {"binary": bool(self._binary), "single": bool(self._dtype == np.float32)}
        return Stored(self._described, about, weights, None, arrays)

    def _joined(self, texts: Sequence[str]) -> tuple[bytes, Positions]:
        """The bytes of all texts, separated by zero bytes, and the starts of the texts."""
        return self._texts.joined(texts, self._words.text_starts)


def _cut_of(vectoriser: CountVectorizer) -> TokenPattern | Grams | None:
    """How a vectoriser cuts texts; None if that is not supported."""
    if vectoriser.input != "content" or vectoriser.preprocessor is not None:
        return None
    least, most = vectoriser.ngram_range
    if isinstance(vectoriser.analyzer, str) and vectoriser.analyzer in ("char", "char_wb"):
        if not CUTS_CHARACTERS or not 1 <= least <= most <= _MOST_CHARACTERS:
            return None
        return Grams(least, most, vectoriser.analyzer == "char_wb")
    if vectoriser.analyzer != "word" or vectoriser.tokenizer is not None:
        return None
    tokens = parse_token_pattern(vectoriser.token_pattern or "")
    # A run that is no token must not separate its neighbours, and here it would.
    return None if tokens is None or (tokens.whole and most > 1) else tokens


def preprocess_of(vectoriser: Any) -> Callable[[str], str]:
    """What a vectoriser without a preprocessor of the user's does with a text before it cuts it."""
    if vectoriser.strip_accents is not None:
        preprocess: Callable[[str], str] = vectoriser.build_preprocessor()
        return preprocess
    return str.lower if vectoriser.lowercase else str


def _of_words(vectoriser: CountVectorizer, tokens: TokenPattern) -> tuple[TextBytes, Terms]:
    texts = TextBytes(
        lower=vectoriser.lowercase,
        signs=tokens.signs,
        preprocess=preprocess_of(vectoriser),
    )
    min_words, max_words = vectoriser.ngram_range
    is_token = tokens.matcher()
    terms = {tuple(term.split(" ")): n for term, n in vectoriser.vocabulary_.items()}
    # A vocabulary given by the user may hold other terms, which no text can contain.
    terms = {
        term: n
        for term, n in terms.items()
        if min_words <= len(term) <= max_words and all(map(is_token, term))
    }
    protect = texts.protect_capitals
    return texts, Terms.build(
        {tuple(map(protect, term)): n for term, n in terms.items()},
        set(map(protect, filter(is_token, vectoriser.get_stop_words() or ()))),
        tokens=tokens,
        lower=vectoriser.lowercase,
        width=len(vectoriser.vocabulary_),
    )


def _of_characters(vectoriser: CountVectorizer, grams: Grams) -> tuple[TextBytes, Terms]:
    texts = GramBytes(
        lower=vectoriser.lowercase,
        preprocess=preprocess_of(vectoriser),
        inside=grams.inside,
    )
    lower = bool(vectoriser.lowercase)
    return texts, texts.gram_terms(vectoriser.vocabulary_, lower=lower)
