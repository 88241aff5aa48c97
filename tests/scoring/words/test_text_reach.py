"""Which words of a text a model knows: by compiled code, array operations and scikit-learn."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline

from scoring.words import compiled_words
from scoring.words.compiled_words import CompiledWords
from scoring.words.counted_texts import CountedTexts
from scoring.words.text_reach import TextReach
from scoring.words.word_arrays import WordArrays
from scoring.words.word_counts import WordCounter
from scoring.words.word_pipeline import WordPipeline

ALPHABET = "aaabbI_1 '.,-!?:)\n\0\u00e9\u0130\u03a3\u4e2d\u2014\u0301\U0001f642"
TEXT = st.text(ALPHABET, max_size=200)
TEXTS = ["a good film", "well made", "I liked it so", "a bad film", "badly made", "dull, so dull"]
LABELS = [1, 1, 1, 0, 0, 0]


def expected(vectoriser: CountVectorizer, texts: list[str], signs: str = "") -> list[list[int]]:
    """The words and known words of texts, as scikit-learn cuts them."""
    known = {word for term in vectoriser.vocabulary_ for word in term.split(" ")}
    known |= set(vectoriser.get_stop_words() or ())
    cut, preprocess = vectoriser.build_tokenizer(), vectoriser.build_preprocessor()
    found = [[word for word in cut(preprocess(text)) if word not in signs] for text in texts]
    return [[len(words), sum(word in known for word in words)] for words in found]


@settings(max_examples=200)
@given(
    st.sampled_from([r"(?u)\b\w\w+\b", r"\w+", r"(?u)\b\w+\b|[!?:)]", r"[a-z]{3,}"]),
    st.sampled_from([(1, 1), (1, 2), (2, 3)]),
    st.sampled_from([None, ["aa", "b"]]),
    st.lists(TEXT, min_size=1, max_size=6),
    st.lists(TEXT, min_size=1, max_size=6),
)
def test_words_are_counted_as_scikit_learn_cuts_them(
    pattern: str, ngrams: tuple[int, int], stops: Any, known: list[str], texts: list[str]
) -> None:
    """Words are the tokens without the signs; known are those of the vocabulary and stop words."""
    vectoriser = CountVectorizer(token_pattern=pattern, ngram_range=ngrams, stop_words=stops)
    vectoriser.fit(["aaa bbb abb", *known])
    counter = WordCounter.from_vectoriser(vectoriser)
    assert counter is not None
    ways: list[Any] = [WordArrays(counter._terms)]
    if compiled_words.LIBRARY:
        ways.append(CompiledWords(counter._terms))
    for counter._words in ways:
        found = counter.reach(texts + known).tolist()
        assert found == expected(vectoriser, texts + known, signs="!?:)"), counter._words


@pytest.mark.parametrize("final", [LogisticRegression(), MultinomialNB()])
def test_texts_are_counted_while_they_are_scored(final: Any) -> None:
    """The counts of a pass that also scores are those of a pass of their own, and scores stay."""
    estimator = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), final).fit(TEXTS, LABELS)
    pipeline = WordPipeline.from_estimator(estimator)
    assert pipeline is not None
    texts = CountedTexts(["good film of xyz", "", "dull dull", *TEXTS] * 700)
    np.testing.assert_array_equal(
        pipeline.predict_proba(texts), pipeline.predict_proba(list(texts))
    )
    counted = pipeline.reach.counted(texts)
    assert counted[:3].tolist() == [[4, 2], [0, 0], [2, 2]]
    assert counted.tolist() == expected(estimator[0], texts)


@pytest.mark.parametrize(
    ("vectoriser", "counts"),
    [
        (TfidfVectorizer(tokenizer=str.split, token_pattern=None), [[2, 1]]),
        (
            FeatureUnion([("c", CountVectorizer(analyzer="char")), ("w", CountVectorizer())]),
            [[2, 1]],
        ),
        (TfidfVectorizer(analyzer="char"), None),
        (HashingVectorizer(n_features=64, alternate_sign=False), None),
    ],
)
def test_words_of_any_vectoriser_with_a_vocabulary_of_words(vectoriser: Any, counts: Any) -> None:
    """A tokeniser of the user's own is used; of characters and hashes it is unknown."""
    reach = TextReach.of(make_pipeline(vectoriser, MultinomialNB()).fit(TEXTS, LABELS))
    if counts is None:
        assert reach is None
    else:
        assert reach is not None
        assert reach.counted(CountedTexts(["film qwerty"])).tolist() == counts
        assert reach.counted(CountedTexts([])).shape == (0, 2)
