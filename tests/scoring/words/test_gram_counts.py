"""Terms of characters: the counts of compiled code equal those of scikit-learn's vectorisers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from support.equal_counts import equal_counts

from scoring.words import compiled_words, word_counts
from scoring.words.compiled_words import CompiledWords
from scoring.words.fast_vectorisers import with_fast_vectorisers
from scoring.words.word_counts import WordCounter
from scoring.words.word_pipeline import WordPipeline

pytestmark = pytest.mark.skipif(not compiled_words.CUTS_CHARACTERS, reason="nothing was compiled")

#: Letters of one to four bytes, all kinds of white space, NUL, half a surrogate pair, combining
#: marks, characters that lower() makes longer or that stripping accents makes capitals.
ALPHABET = (
    "aabbBI  \t\n\r\v\f\x1c\x1f\x7f\0\u0085\u00a0\u1680\u2003\u2028\u202f\u205f\u3000\u200b\ufeff"
    "\u00e9\u00df\u1e9e\u0130\u03a3\u03c3\u0301\u0323\u4e2d\U0001f642\U0001f110\U00010400\ud800"
)
TEXT = st.text(ALPHABET, max_size=40) | st.text(max_size=20)

OPTIONS = st.fixed_dictionaries(
    {
        "analyzer": st.sampled_from(["char", "char_wb"]),
        "ngram_range": st.sampled_from([(1, 1), (1, 3), (2, 4), (3, 3), (4, 9), (6, 20)]),
        "lowercase": st.booleans(),
        "strip_accents": st.sampled_from([None, "unicode", "ascii"]),
        "binary": st.booleans(),
        "dtype": st.sampled_from([np.int64, np.float32, np.float64]),
    }
)


def same(vectoriser: CountVectorizer, texts: list[str]) -> bool:
    """Whether compiled code gives the vectoriser's counts."""
    counter = WordCounter.from_vectoriser(vectoriser)
    assert counter is not None
    assert isinstance(counter._words, CompiledWords)
    expected = CountVectorizer.transform(vectoriser, texts)
    found = counter.counts(texts).matrix()
    return equal_counts(found, expected)


@settings(max_examples=400)
@given(OPTIONS, st.lists(TEXT, min_size=1, max_size=8), st.lists(TEXT, min_size=1, max_size=8))
def test_counts_equal_those_of_the_vectoriser(
    options: dict[str, Any], known: list[str], texts: list[str]
) -> None:
    """For all options and texts, the counts equal those of the vectoriser."""
    vectoriser = CountVectorizer(**options).fit(["abba ab" * 4, *known])
    assert same(vectoriser, texts + known)


@settings(max_examples=100)
@given(OPTIONS, st.lists(TEXT, min_size=3, max_size=8), st.lists(TEXT, min_size=1, max_size=8))
def test_probabilities_equal_those_of_the_pipeline(
    options: dict[str, Any], known: list[str], texts: list[str]
) -> None:
    """Also each text alone: its probability does not depend on the others."""
    vectoriser = TfidfVectorizer(**{**options, "dtype": np.float64})
    known = ["abba ab" * 4, *known]
    pipeline = make_pipeline(vectoriser, LogisticRegression())
    pipeline.fit(known, [at % 2 for at in range(len(known))])
    fast = WordPipeline.from_estimator(pipeline)
    assert fast is not None
    assert fast.is_row_by_row
    found = fast.predict_proba(texts)
    np.testing.assert_allclose(found, pipeline.predict_proba(texts), rtol=0, atol=1e-12)
    for at in range(len(texts)):
        np.testing.assert_array_equal(fast.predict_proba(texts[at : at + 1]), found[at : at + 1])


@pytest.mark.parametrize("analyzer", ["char", "char_wb"])
def test_texts_of_any_length_and_number_fit(analyzer: str) -> None:
    """Very long texts and words, very many short ones, and empty ones keep their rows."""
    texts = ["ab " * 50_000, "a" * 100_000, "x", "", " ", *["b", "", "a b  c", "\u4e2d"] * 3_000]
    vectoriser = CountVectorizer(analyzer=analyzer, ngram_range=(1, 4)).fit(texts)
    assert same(vectoriser, texts)
    assert same(vectoriser, texts[::-1])


def test_terms_that_differ_in_one_place_are_distinct() -> None:
    """Terms of up to 20 characters, of which each is the beginning of the next ones."""
    texts = [f"{run}{last}" for run in ("0" * 19, "ab" * 9, "\u4e2d" * 6) for last in "+0ab-\u4e2d"]
    for analyzer in ("char", "char_wb"):
        vectoriser = CountVectorizer(analyzer=analyzer, ngram_range=(1, 20))
        assert same(vectoriser.fit(texts), [*texts, *(text[5:] for text in texts)])


@pytest.mark.parametrize("analyzer", ["char", "char_wb"])
def test_a_given_vocabulary_keeps_its_columns(analyzer: str) -> None:
    """Terms that no text can contain keep their columns, with the count 0."""
    vocabulary = {
        "a": 1,
        "B": 0,
        " a ": 2,
        "a  b": 3,
        "abcdef": 4,
        "\0": 5,
        "a\tb": 6,
        "\U00010400": 7,
    }
    vectoriser = CountVectorizer(vocabulary=vocabulary, analyzer=analyzer, ngram_range=(1, 3))
    texts = ["a", "B b", "a\0b", "a  b a\tb", "\U00010400 abcdef", "\U0001f111"]
    vectoriser.transform(texts)
    assert same(vectoriser, texts)


def test_other_ways_of_cutting_are_left_to_the_vectoriser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preprocessor, a subclass, sizes below 1, very long terms; and all without a library."""
    others: list[dict[str, Any]] = [
        {"preprocessor": str.lower},
        {"strip_accents": str.swapcase},
        {"input": "file"},
        {"ngram_range": (1, 100)},
    ]
    for options in others:
        assert WordCounter.from_vectoriser(CountVectorizer(analyzer="char", **options)) is None
    own = type("Own", (CountVectorizer,), {})(analyzer="char").fit(["a"])
    assert WordCounter.from_vectoriser(own) is None
    vectoriser = CountVectorizer(analyzer="char").fit(["a"])
    assert WordCounter.from_vectoriser(vectoriser) is not None
    monkeypatch.setattr(word_counts, "CUTS_CHARACTERS", False)
    assert WordCounter.from_vectoriser(vectoriser) is None


def test_no_words_are_known() -> None:
    """A pipeline of characters cannot say which words it knows."""
    pipeline = make_pipeline(TfidfVectorizer(analyzer="char"), LogisticRegression())
    fast = WordPipeline.from_estimator(pipeline.fit(["good", "bad"], [1, 0]))
    assert fast is not None
    assert fast.reach is None


def test_characters_are_counted_inside_other_estimators() -> None:
    """Where the whole pipeline cannot be replaced, its vectorisers are."""
    texts = ["good film", "bad film", "really  good", "not\tgood"]
    pipeline = make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3)))
    whole = make_pipeline("passthrough", pipeline, LogisticRegression()).fit(texts, [1, 0, 1, 0])
    stacked = type(whole)([("inside", whole[:-1]), ("final", whole[-1])])
    fast = with_fast_vectorisers(stacked)
    assert fast is not None
    np.testing.assert_array_equal(fast.predict_proba(texts), stacked.predict_proba(texts))
