"""Counts hashed words in many texts at once, as `HashingVectorizer.transform` does."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer

from scoring.words.compiled_decisions import CompiledDecisions, TextDecisions
from scoring.words.compiled_words import HASHES, CompiledWords, Hashes
from scoring.words.hash_index import KeyCollision
from scoring.words.linear_model import LinearModel, coefficients_by_column
from scoring.words.text_bytes import TextBytes
from scoring.words.token_patterns import TokenPattern, parse_token_pattern
from scoring.words.word_counts import Counts, own_functions, preprocess_of
from scoring.words.word_terms import Positions, Terms

#: The most columns: a column and a sign must fit into 31 bits.
_MOST_COLUMNS = 2**30

#: The most coefficients that are copied: 256 MiB.
_MOST_COEFFICIENTS = 2**25

#: The most words of a term: the memory of the compiled code grows with it.
_MOST_WORDS = 16

#: The code points that UTF-8 cannot encode. scikit-learn raises an exception for a word with one.
_SURROGATES = slice(0xD800, 0xE000)


class HashWeighting(NamedTuple):
    """What a `HashingVectorizer` does with its counts, in the words of `TfidfTransformer`.

    Attributes:
        norm: the norm that the counts of a text are divided by.
    """

    norm: str | None
    use_idf: bool = False
    sublinear_tf: bool = False


class HashCounter:
    """Counts exactly as a vectoriser does that hashes words. Use `from_vectoriser` to make one.

    Attributes:
        weighting: what happens to the counts.
        counts_words: False, because it is unknown which words the model knows.
    """

    counts_words = False

    def __init__(self, vectoriser: HashingVectorizer, tokens: TokenPattern) -> None:
        """Keep how a vectoriser counts.

        Args:
            vectoriser: a vectoriser of words.
            tokens: its token pattern.
        """
        self._dtype = np.dtype(vectoriser.dtype)
        self._width = vectoriser.n_features
        self.weighting = HashWeighting(vectoriser.norm)
        lower = bool(vectoriser.lowercase)
        self._texts = TextBytes(lower=lower, signs="", preprocess=preprocess_of(vectoriser))
        stop_words = set(filter(tokens.matcher(), vectoriser.get_stop_words() or ()))
        terms = Terms.build({}, stop_words, tokens=tokens, lower=lower, width=self._width)
        least, most = vectoriser.ngram_range
        alternate, binary = bool(vectoriser.alternate_sign), bool(vectoriser.binary)
        hashes = Hashes(least, most, alternate, binary)
        self._words = CompiledWords(terms, hashes)

    @classmethod
    def from_vectoriser(cls, vectoriser: Any) -> Self | None:
        """Make a counter that gives this vectoriser's counts, or return None if it may differ.

        It may differ for all that `WordCounter` does not support, for characters, accents that are
        stripped, signs as words, and without compiled code.
        """
        tokens = _tokens_of(vectoriser)
        try:
            return cls(vectoriser, tokens) if tokens else None
        except KeyCollision:
            return None

    def counts(self, texts: Sequence[str]) -> Counts:
        """The counts of n texts, n >= 1, before they are divided by their norm."""
        rows, columns, times = self._words.cells(*self._joined(texts))
        return Counts(rows, columns, times.astype(self._dtype), len(texts), self._width)

    def decision_function(self, model: LinearModel) -> TextDecisions | None:
        """As `WordCounter.decision_function`; only for counts that are not weighed by column.

        Returns None also for a table of coefficients of which a second copy would be too large.
        """
        if model.coefficients.dtype != np.float64 or model.coefficients.size > _MOST_COEFFICIENTS:
            return None
        model = replace(model, dtype=self._dtype)
        table = coefficients_by_column(model.coefficients)
        return TextDecisions(self._joined, CompiledDecisions(self._words, model, None, table))

    def stored(self) -> None:
        """Nothing: hashes are not mapped."""
        return

    def _joined(self, texts: Sequence[str]) -> tuple[bytes, Positions]:
        """The bytes of all texts, separated by zero bytes, and the starts of the texts."""
        return self._texts.joined(texts, self._words.text_starts)


def _tokens_of(vectoriser: Any) -> TokenPattern | None:
    """The token pattern of a vectoriser that can be counted; else None."""
    if type(vectoriser) is not HashingVectorizer or not HASHES or own_functions(vectoriser):
        return None
    usual = {
        "input": "content",
        "analyzer": "word",
        "tokenizer": None,
        "preprocessor": None,
        "strip_accents": None,
    }
    least, most = vectoriser.ngram_range
    if (
        any(getattr(vectoriser, name) != usual[name] for name in usual)
        or not 1 <= least <= most <= _MOST_WORDS
        or not 1 <= vectoriser.n_features <= _MOST_COLUMNS
        or np.dtype(vectoriser.dtype) not in (np.float32, np.float64)
    ):
        return None
    tokens = parse_token_pattern(vectoriser.token_pattern or "")
    if tokens is None or tokens.whole or tokens.signs or tokens.runs[_SURROGATES].any():
        return None
    return tokens
