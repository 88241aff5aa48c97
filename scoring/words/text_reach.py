"""Which words of a text an estimator knows, by the vocabulary of its vectoriser."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from scoring.saved.parts import all_parts
from scoring.words.counted_texts import CountedTexts
from scoring.words.languages import MOST_WORDS
from scoring.words.word_counts import WordCounter
from scoring.words.word_terms import Reach


class TextReach:
    """Counts the words of texts, and those of them that an estimator knows.

    Attributes:
        words: some of the words that the estimator knows.
    """

    def __init__(self, words: Sequence[str], count: Callable[[Sequence[str]], Reach]) -> None:
        """Take some words, and the function that counts those of n texts, n >= 1."""
        self.words = words
        self._count = count

    @classmethod
    def of(cls, estimator: Any) -> Self | None:
        """Find the vectoriser of an estimator; of several that with the most terms.

        Returns:
            None if no vectoriser in it has a vocabulary of words: then it is unknown which words
            it knows, as for characters, hashes and functions of the user's own.
        """
        found = [one for one in all_parts(estimator) if _has_words(one)]
        if not found:
            return None
        vectoriser = max(found, key=lambda one: len(one.vocabulary_))
        counter = getattr(vectoriser, "_counter", None) or WordCounter.from_vectoriser(vectoriser)
        if counter is not None:
            return cls.of_counter(counter)
        words = {word for term in vectoriser.vocabulary_ for word in term.split(" ")}
        words |= set(vectoriser.get_stop_words() or ())
        preprocess, cut = vectoriser.build_preprocessor(), vectoriser.build_tokenizer()

        def count(texts: Sequence[str]) -> Reach:
            cut_texts = (cut(preprocess(text)) for text in texts)
            return np.array(
                [(len(text), sum(word in words for word in text)) for text in cut_texts],
                dtype=np.int32,
            )

        return cls(sorted(words)[:: len(words) // MOST_WORDS + 1], count)

    @classmethod
    def of_counter(cls, counter: WordCounter) -> Self:
        """Count the words that a counter knows."""
        return cls(counter.some_words(MOST_WORDS), counter.reach)

    def counted(self, texts: CountedTexts) -> Reach:
        """The words of n texts, and those that are known; n x 2. Counts them if nobody has."""
        if texts.reach is None:
            texts.reach = self._count(texts) if texts else np.empty((0, 2), dtype=np.int32)
        return texts.reach


def _has_words(part: Any) -> bool:
    return (
        isinstance(part, CountVectorizer)
        and part.analyzer == "word"
        and bool(vars(part).get("vocabulary_"))
    )
