"""Counts words faster inside any estimator: in calibrated, voting and stacked pipelines, and more.

`WordPipeline` replaces a whole pipeline. Where that is impossible, a copy of the estimator gets
vectorisers that count by `WordCounter`, and scikit-learn runs everything else.
"""

from collections.abc import Iterable
from copy import copy
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.calibration import _CalibratedClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.preprocessing import normalize
from typing_extensions import override

from scoring.saved.parts import children
from scoring.words.hash_counts import HashCounter
from scoring.words.proof import agrees
from scoring.words.word_counts import WordCounter


class FastCountVectorizer(CountVectorizer):  # type: ignore[misc]  # scikit-learn has no types
    """A fitted `CountVectorizer` that counts by `WordCounter`."""

    _counter: WordCounter

    @override
    def transform(self, raw_documents: Iterable[str]) -> Any:
        """The counts of n texts as a sparse matrix of n x terms."""
        texts = _list_of_texts(raw_documents)
        return self._counter.counts(texts).matrix() if texts else super().transform(raw_documents)


class FastTfidfVectorizer(TfidfVectorizer):  # type: ignore[misc]  # scikit-learn has no types
    """A fitted `TfidfVectorizer` that counts by `WordCounter`."""

    _counter: WordCounter

    @override
    def transform(self, raw_documents: Iterable[str]) -> Any:
        """The weights of n texts as a sparse matrix of n x terms."""
        texts = _list_of_texts(raw_documents)
        if not texts:
            return super().transform(raw_documents)
        return self._tfidf.transform(self._counter.counts(texts).matrix(), copy=False)


class FastHashingVectorizer(HashingVectorizer):  # type: ignore[misc]  # scikit-learn has no types
    """A `HashingVectorizer` that counts by `HashCounter`."""

    _counter: HashCounter

    @override
    def transform(self, X: Iterable[str]) -> Any:
        """The weights of n texts as a sparse matrix of n x columns."""
        texts = _list_of_texts(X)
        if not texts:
            return super().transform(X)
        matrix = self._counter.counts(texts).matrix()
        return matrix if self.norm is None else normalize(matrix, norm=self.norm, copy=False)


def _list_of_texts(raw_documents: Iterable[str]) -> list[str]:
    """The texts; empty if there are none, or if scikit-learn should handle or refuse them."""
    if isinstance(raw_documents, str):
        return []
    texts = list(raw_documents)
    return texts if all(isinstance(text, str) for text in texts) else []


_FAST = {
    CountVectorizer: FastCountVectorizer,
    HashingVectorizer: FastHashingVectorizer,
    TfidfVectorizer: FastTfidfVectorizer,
}


def with_fast_vectorisers(estimator: Any) -> Any | None:
    """Copy a fitted estimator, with faster vectorisers.

    Returns:
        The copy; None if no vectoriser is supported, or if the results are not proven equal.
    """
    copies: dict[int, Any] = {}
    fast = _copied(estimator, copies)
    if fast is estimator:
        return None
    words: dict[str, None] = {}
    for part in copies.values():
        if isinstance(part, FastCountVectorizer | FastTfidfVectorizer):
            words.update(dict.fromkeys(part.vocabulary_))
    return fast if agrees(fast, estimator, list(words)) else None


def _copied(part: Any, copies: dict[int, Any]) -> Any:
    """The part itself if there is nothing to replace in it; else a copy.

    Args:
        part: any value inside the estimator.
        copies: the identity of each part that was seen -> what stands in its place. The estimator
            keeps all parts alive, so no identity is used twice.
    """
    if id(part) in copies:
        return copies[id(part)]
    copies[id(part)] = part  # ends a circle of references
    result = part
    if type(part) in _FAST:
        result = _fast_vectoriser(part)
    # No other objects, because some are linked in chains that are too long for a recursion.
    elif isinstance(part, BaseEstimator | _CalibratedClassifier | list | tuple | dict):
        new = {
            key: replaced
            for key, value in children(part)
            if (replaced := _copied(value, copies)) is not value
        }
        if new:
            result = _with(part, new)
    copies[id(part)] = result
    return result


def _with(part: Any, new: dict[Any, Any]) -> Any:
    """A shallow copy of a part with new values for some of its children."""
    if isinstance(part, tuple):
        return tuple(new.get(at, value) for at, value in enumerate(part))
    result = copy(part)
    if isinstance(part, list | dict):
        for key, value in new.items():
            result[key] = value
    else:
        vars(result).update(new)
    return result


def _fast_vectoriser(vectoriser: Any) -> Any:
    counter: WordCounter | HashCounter | None = None
    if type(vectoriser) is HashingVectorizer:
        counter = HashCounter.from_vectoriser(vectoriser)
    # An estimator also holds the unfitted vectorisers that it was made of.
    elif "vocabulary_" in vars(vectoriser):
        counter = WordCounter.from_vectoriser(vectoriser)
    if counter is None:
        return vectoriser
    result = copy(vectoriser)
    result.__class__ = _FAST[type(vectoriser)]
    result._counter = counter
    return result
