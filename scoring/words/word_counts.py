"""The counts of words and word n-grams in many texts at once.

What `sklearn.feature_extraction.text.CountVectorizer.transform` does word by word in Python, which
is where a word TF-IDF pipeline spends nine tenths of its time, is done here on the bytes of
thousands of texts together: by compiled code, or by array operations.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from scoring.words.compiled_words import LIBRARY, CompiledWords, Decision
from scoring.words.hash_index import SameKeys
from scoring.words.utf8 import signs_of
from scoring.words.word_arrays import WordArrays
from scoring.words.word_terms import Numbers, Positions, Terms

logger = logging.getLogger(__name__)

#: The token patterns that mean: runs of word characters, from so many on; and of these signs each
#: by itself.
_RUN = re.compile(
    r"(?:\(\?u\))?(?:\\b)?((?:\\w)*)\\w\+(?:\\b)?"
    r"(?:\|(\[(?:[^][\\^]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})+\]))?"
)

_CAPITAL = re.compile("[A-Z]")

#: Capitals that are left when a text was lowered, as letters that no lowered text has (Deseret).
_KEPT = {ord("A") + at: 0x10400 + at for at in range(26)}


class Counts(NamedTuple):
    """Which terms n texts hold; c cells, sorted by text and then by column.

    Attributes:
        rows: the numbers of c texts.
        columns: the columns of c terms.
        values: how often the text has the term, or what weight it has there.
        texts: n.
        width: the columns that there are.
    """

    rows: Numbers
    columns: Numbers
    values: npt.NDArray[Any]
    texts: int
    width: int

    def matrix(self) -> csr_matrix:
        """The same as a sparse matrix of n rows."""
        row_ends = np.cumsum(np.bincount(self.rows, minlength=self.texts))
        indptr = np.append(0, row_ends).astype(np.int32)
        cells = (self.values, self.columns.astype(np.int32), indptr)
        matrix = csr_matrix(cells, shape=(self.texts, self.width))
        matrix.has_canonical_format = True
        return matrix


def _any_of(points: list[int]) -> re.Pattern[str] | None:
    """What matches any of these characters, if there are any."""
    if not points:
        return None
    # As ranges: of a thousand characters one by one it would take a hundred times as long.
    borders = [at for at in range(1, len(points)) if points[at] != points[at - 1] + 1]
    runs = zip([0, *borders], [*borders, len(points)], strict=True)
    ranges = (f"\\U{points[first]:08x}-\\U{points[past - 1]:08x}" for first, past in runs)
    return re.compile(f"[{''.join(ranges)}]")


class WordCounter:
    """Counts as a fitted vectoriser does; made by `WordCounter.like`."""

    def __init__(self, vectoriser: CountVectorizer, shortest: int, signs: str = "") -> None:
        """Take over a vectoriser.

        Args:
            vectoriser: fitted; its tokens are runs of word characters, and signs.
            shortest: the characters of the shortest run that is a token; 1 if there are signs.
            signs: the characters that are a token each, as `utf8.signs_of` gives them.
        """
        self._dtype = np.dtype(vectoriser.dtype)
        self._binary = vectoriser.binary
        self._preprocess = vectoriser.build_preprocessor()

        least, most = vectoriser.ngram_range
        # What is beyond ASCII is set apart here, and is a word like others then.
        self._apart = _any_of([ord(sign) for sign in signs if not sign.isascii()])
        is_word = re.compile(rf"\w{{{shortest},}}|[{re.escape(signs) or '0'}]").fullmatch
        terms = {tuple(term.split(" ")): n for term, n in vectoriser.vocabulary_.items()}
        # A vocabulary that was given may hold others: no text has them.
        terms = {
            term: n
            for term, n in terms.items()
            if least <= len(term) <= most and all(map(is_word, term))
        }
        self._lower = vectoriser.lowercase
        self._terms = Terms.of(
            {tuple(map(self._as_lowered, term)): n for term, n in terms.items()},
            set(map(self._as_lowered, filter(is_word, vectoriser.get_stop_words() or ()))),
            shortest=shortest,
            signs=signs,
            lower=vectoriser.lowercase,
            width=len(vectoriser.vocabulary_),
        )
        self._words = CompiledWords(self._terms) if LIBRARY else WordArrays(self._terms)

    @classmethod
    def like(cls, vectoriser: Any) -> Self | None:
        """A counter that gives what this vectoriser counts, or None where it may cut otherwise.

        Subclasses, an `analyzer`, a `tokenizer` or a `preprocessor` of somebody's own, and any
        `token_pattern` but runs of word characters, with signs or without, are left to the
        vectoriser. So is a vocabulary in which two words have one key.
        """
        if type(vectoriser) not in (CountVectorizer, TfidfVectorizer):
            return None
        usual = {"input": "content", "analyzer": "word", "tokenizer": None, "preprocessor": None}
        run = _RUN.fullmatch(vectoriser.token_pattern or "")
        if run is None or any(getattr(vectoriser, name) != usual[name] for name in usual):
            return None
        shortest, signs = len(run[1]) // len(r"\w") + 1, signs_of(run[2]) if run[2] else ""
        if signs is None or (signs and shortest > 1):
            return None
        try:
            return cls(vectoriser, shortest, signs)
        except SameKeys:
            logger.warning("the pipeline is run by scikit-learn: two of its words have one key")
            return None

    def counts(self, texts: Sequence[str]) -> Counts:
        """What `CountVectorizer.transform` counts in n texts, n >= 1."""
        rows, columns, times = self._words.cells(*self._joined(texts))
        values = np.ones(len(times)) if self._binary else times
        return Counts(rows, columns, values.astype(self._dtype), len(texts), self._terms.width)

    def decider(self, of: Decision) -> Callable[[Sequence[str]], npt.NDArray[np.float64]] | None:
        """What gives a linear model's decisions for n texts, n >= 1, without their counts; n x K.

        None where nothing is compiled, or the numbers are of other types.
        """
        known = self._dtype in (np.int64, np.float32, np.float64)
        if not isinstance(self._words, CompiledWords) or not known:
            return None
        if of.coefficients.dtype != np.float64:
            return None
        single = self._dtype == np.float32
        by_count = (
            (lambda counts: of.by_count(np.ones_like(counts))) if self._binary else of.by_count
        )
        decide = self._words.decider(
            replace(of, by_count=by_count, dtype=np.float32 if single else np.float64)
        )
        return lambda texts: decide(*self._joined(texts))

    def _joined(self, texts: Sequence[str]) -> tuple[bytes, Positions]:
        """The bytes of all texts, a 0 between two; and where each text begins."""
        plain = [text if text.isascii() else self._narrow(text) for text in texts]
        joined = "\0".join(plain).encode("latin-1")
        begins = self._words.begins(joined, len(texts))
        if begins is None:
            return self._joined([text.replace("\0", " ") for text in texts])
        return joined, begins

    def _as_lowered(self, text: str) -> str:
        """Keep the capitals of a text that was lowered from being lowered once more.

        Accents are stripped behind that, and make capitals of some symbols: of U+1F110 `(A)`.
        """
        return text.translate(_KEPT) if self._lower and _CAPITAL.search(text) else text

    def _narrow(self, text: str) -> str:
        # Each byte of UTF-8 as a character: one wide text would make all of them wide when joined.
        preprocessed = self._as_lowered(self._preprocess(text))
        if self._apart:
            preprocessed = self._apart.sub(r" \g<0> ", preprocessed)
        return preprocessed.encode("utf-8", "surrogatepass").decode("latin-1")
