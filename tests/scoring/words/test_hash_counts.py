"""Hashed words: the counts of compiled code equal those of scikit-learn's vectoriser."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from scoring.words import compiled_words, hash_counts
from scoring.words.fast_vectorisers import FastHashingVectorizer, with_fast_vectorisers
from scoring.words.hash_counts import HashCounter
from scoring.words.word_pipeline import WordPipeline

pytestmark = pytest.mark.skipif(not compiled_words.HASHES, reason="nothing was compiled")

ALPHABET = (
    "aaabbI_1 '.,-!?:)\n\0\u00e9\u0130\u03a3\u03c3\u00df\u4e2d\u2014\u0301\U0001f642"
    "\U00010400\ud800"
)
TEXT = st.text(ALPHABET, max_size=60) | st.text(max_size=20)

OPTIONS = st.fixed_dictionaries(
    {
        "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 2), (1, 3), (2, 3)]),
        "token_pattern": st.sampled_from(
            [
                r"(?u)\b\w\w+\b",
                r"(?u)\b\w+\b",
                r"\w{3,}",
                r"[a-zA-Z]{2,}",
                r"[a-z_']+",
                r"[^\W\d_]+",
            ]
        ),
        "lowercase": st.booleans(),
        "stop_words": st.sampled_from([None, ["aa", "b", "ab"], "english"]),
        "n_features": st.sampled_from([1, 2, 5, 64, 1000, 2**20, 2**30]),
        "norm": st.sampled_from([None, "l1", "l2"]),
        "alternate_sign": st.booleans(),
        "binary": st.booleans(),
        "dtype": st.sampled_from([np.float32, np.float64]),
    }
)


def fast_of(vectoriser: HashingVectorizer) -> FastHashingVectorizer:
    counter = HashCounter.from_vectoriser(vectoriser)
    assert counter is not None
    fast = FastHashingVectorizer(**vectoriser.get_params())
    fast._counter = counter
    return fast


def same(vectoriser: HashingVectorizer, texts: list[str]) -> bool:
    """Whether compiled code gives the vectoriser's weights, with the same cells."""
    expected, found = vectoriser.transform(texts), fast_of(vectoriser).transform(texts)
    return bool(
        found.dtype == expected.dtype
        and found.shape == expected.shape
        and found.indptr.tolist() == expected.indptr.tolist()
        and found.indices.tolist() == expected.indices.tolist()
        and np.allclose(found.data, expected.data, rtol=0, atol=1e-12)
    )


@settings(max_examples=400)
@given(OPTIONS, st.lists(TEXT, min_size=1, max_size=8))
def test_weights_equal_those_of_the_vectoriser(options: dict[str, Any], texts: list[str]) -> None:
    """For all options and texts, also where the signs of a column cancel each other."""
    assert same(HashingVectorizer(**options), texts)


@settings(max_examples=80)
@given(OPTIONS, st.lists(TEXT, min_size=1, max_size=8))
def test_probabilities_equal_those_of_the_pipeline(
    options: dict[str, Any], texts: list[str]
) -> None:
    """Also each text alone: its probability does not depend on the others."""
    options = {**options, "dtype": np.float64, "n_features": min(options["n_features"], 2**12)}
    known = ["aa ab good film", "b bad film", "I aa", "not good b"]
    pipeline = make_pipeline(HashingVectorizer(**options), LogisticRegression())
    pipeline.fit(known, [1, 0, 1, 0])
    fast = WordPipeline.from_estimator(pipeline)
    assert fast is not None
    assert fast.is_row_by_row
    assert fast.reach is None
    found = fast.predict_proba(texts)
    np.testing.assert_allclose(found, pipeline.predict_proba(texts), rtol=0, atol=1e-12)
    for at in range(len(texts)):
        np.testing.assert_array_equal(fast.predict_proba(texts[at : at + 1]), found[at : at + 1])


def test_texts_of_any_length_and_number_fit() -> None:
    """Very long texts and words, many short ones, and empty ones keep their rows."""
    long = ["ab " * 50_000, "a" * 100_000, "x", "", " ".join(f"w{n}" for n in range(5_000))]
    assert same(HashingVectorizer(ngram_range=(1, 3)), [*long, *["b aa", "", "aa"] * 3_000])


def test_three_classes_and_weights_by_document_frequency() -> None:
    """Several classes are compiled; a transformer after the hashes gets their matrix."""
    texts = ["good film", "bad film", "really good", "not good", "so so", "so bad"]
    labels = [2, 0, 2, 0, 1, 0]
    for steps in ([], [TfidfTransformer()]):
        pipeline = make_pipeline(HashingVectorizer(), *steps, LogisticRegression())
        fast = WordPipeline.from_estimator(pipeline.fit(texts, labels))
        assert fast is not None
        assert fast.is_row_by_row is not bool(steps)
        expected = pipeline.predict_proba(texts)
        np.testing.assert_allclose(fast.predict_proba(texts), expected, rtol=0, atol=1e-12)


def test_hashes_are_counted_inside_a_union() -> None:
    """Where the whole pipeline cannot be replaced, its vectorisers are."""
    texts = ["good film", "bad film", "really  good", "not\tgood"]
    union = make_union(HashingVectorizer(n_features=64), TfidfVectorizer(analyzer="char_wb"))
    pipeline = make_pipeline(union, LogisticRegression()).fit(texts, [1, 0, 1, 0])
    fast = with_fast_vectorisers(pipeline)
    assert fast is not None
    kinds = [type(one).__name__ for _, one in fast[0].transformer_list]
    assert kinds == ["FastHashingVectorizer", "FastTfidfVectorizer"]
    expected = pipeline.predict_proba(texts)
    np.testing.assert_allclose(fast.predict_proba(texts), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"analyzer": "char"},
        {"analyzer": str.split},
        {"tokenizer": str.split, "token_pattern": None},
        {"preprocessor": str.lower},
        {"strip_accents": "unicode"},
        {"token_pattern": r"\w+|[!?]"},
        {"token_pattern": r"\b[a-z]+\b"},
        {"token_pattern": r"[^\x00-\x20\x7f]+"},
        {"token_pattern": r"[^\s.]+"},
        {"n_features": 2**31 - 1},
        {"ngram_range": (1, 40)},
        {"input": "file"},
        {"dtype": np.float16},
    ],
)
def test_other_ways_of_counting_are_left_to_the_vectoriser(options: dict[str, Any]) -> None:
    """Whatever is not counted in the same way, to the last character."""
    assert HashCounter.from_vectoriser(HashingVectorizer(**options)) is None


def test_nothing_is_hashed_without_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then scikit-learn runs the pipeline; so it does for a subclass, or a method of the user's."""
    vectoriser = HashingVectorizer()
    assert HashCounter.from_vectoriser(vectoriser) is not None
    assert HashCounter.from_vectoriser(type("Own", (HashingVectorizer,), {})()) is None
    vectoriser.build_analyzer = lambda: str.split
    assert HashCounter.from_vectoriser(vectoriser) is None
    monkeypatch.setattr(hash_counts, "HASHES", False)
    assert HashCounter.from_vectoriser(HashingVectorizer()) is None
