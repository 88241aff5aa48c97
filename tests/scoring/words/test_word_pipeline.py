from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from scoring.words import chunks, compiled_words
from scoring.words.proof import trial_texts
from scoring.words.word_counts import WordCounter
from scoring.words.word_pipeline import WordPipeline

GOOD = ["a good film", "well made and moving", "I liked it", "splendid, really splendid!"]
BAD = ["a bad film", "badly made and dull", "I left early", "not good, not at all"]
TEXTS = [*GOOD, *BAD, "", "Caf\u00e9 \u2014 d\u00e9j\u00e0 vu", "unknown", "good good good bad"]

VECTORISERS: list[Any] = [
    [TfidfVectorizer()],
    [TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)],
    [TfidfVectorizer(norm="l1", use_idf=False, min_df=1)],
    [TfidfVectorizer(norm=None)],
    [CountVectorizer()],
    [CountVectorizer(binary=True), TfidfTransformer()],
]
CLASSIFIERS: list[Any] = [
    LogisticRegression(),
    SGDClassifier(loss="log_loss", random_state=0),
    SGDClassifier(loss="modified_huber", random_state=0),
    MultinomialNB(),
    ComplementNB(),
    OneVsRestClassifier(LogisticRegression()),
    OneVsRestClassifier(SGDClassifier(loss="modified_huber", random_state=0)),
    CalibratedClassifierCV(LinearSVC(), cv=2),
    CalibratedClassifierCV(LinearSVC(fit_intercept=False), cv=2, ensemble=False),
    CalibratedClassifierCV(SGDClassifier(random_state=0), cv=2, method="isotonic"),
    CalibratedClassifierCV(RidgeClassifier(), cv=2),
    CalibratedClassifierCV(MultinomialNB(), cv=2),
    GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2),
    make_pipeline(TruncatedSVD(2, random_state=0), RandomForestClassifier(5, random_state=0)),
]


@pytest.mark.parametrize("steps", VECTORISERS)
@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize("labels", [[1] * 4 + [0] * 4, [2, 1, 2, 1, 0, 0, 1, 0]])
def test_gives_the_probabilities_of_the_pipeline(
    steps: list[Any], classifier: Any, labels: list[int]
) -> None:
    """The probabilities equal scikit-learn's, for all weightings, classifiers and class counts."""
    pipeline = make_pipeline(*steps, classifier).fit(GOOD + BAD, labels)
    fast = WordPipeline.from_estimator(pipeline)
    assert fast is not None
    np.testing.assert_allclose(fast.predict_proba(TEXTS), pipeline.predict_proba(TEXTS), atol=1e-12)
    np.testing.assert_array_equal(fast.predict_proba(TEXTS[:1]), fast.predict_proba(TEXTS)[:1])


#: Texts with a word beyond the first table of weights, with no word, and with very many words.
LONG_TEXTS = [
    "good " * 300 + "bad " * 70,
    " ".join(GOOD + BAD) * 12,
    "",
    "unknown " * 5_000,
    "film made " * 40,
]


@pytest.mark.skipif(compiled_words.LIBRARY is None, reason="nothing was compiled")
@pytest.mark.parametrize("steps", VECTORISERS)
@pytest.mark.parametrize("classifier", CLASSIFIERS[:6] + CLASSIFIERS[7:9])
@pytest.mark.parametrize("labels", [[1] * 4 + [0] * 4, [2, 1, 2, 1, 0, 0, 1, 0]])
def test_compiled_sums_are_those_of_scipy_to_the_last_bit(
    steps: list[Any], classifier: Any, labels: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiled decisions are bit for bit those computed from counts by SciPy."""
    pipeline = make_pipeline(*steps, classifier).fit(GOOD + BAD, labels)
    compiled = WordPipeline.from_estimator(pipeline)
    monkeypatch.setattr(WordCounter, "decision_function", lambda *_: None)
    counted = WordPipeline.from_estimator(pipeline)
    assert compiled is not None
    assert counted is not None
    texts = [*TEXTS, *LONG_TEXTS, *trial_texts(list(pipeline[0].vocabulary_))]
    found = compiled.predict_proba(texts)
    np.testing.assert_array_equal(found, counted.predict_proba(texts))
    np.testing.assert_allclose(found, pipeline.predict_proba(texts), rtol=0, atol=1e-12)


def test_gives_the_probabilities_of_several_labels() -> None:
    """A text may have any number of labels; each has a probability of its own."""
    labels = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 1], [0, 0, 0]] * 2)
    pipeline = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression()))
    pipeline.fit(GOOD + BAD, labels)
    fast = WordPipeline.from_estimator(pipeline)
    assert fast is not None
    assert fast.is_row_by_row
    np.testing.assert_allclose(fast.predict_proba(TEXTS), pipeline.predict_proba(TEXTS), atol=1e-12)


def test_a_long_text_without_a_norm_keeps_the_probabilities_of_the_pipeline() -> None:
    """Sigmoids that are all 0 are normalised as scikit-learn does for each classifier."""
    labels = [2, 1, 2, 1, 0, 0, 1, 0]
    for classifier in (
        OneVsRestClassifier(LogisticRegression()),
        SGDClassifier(loss="log_loss", random_state=0),
        SGDClassifier(loss="modified_huber", random_state=0),
    ):
        pipeline = make_pipeline(CountVectorizer(), classifier).fit(GOOD + BAD, labels)
        fast = WordPipeline.from_estimator(pipeline)
        assert fast is not None
        assert fast.is_row_by_row
        for word in ("good", "bad", "not", "dull", "liked", "early"):
            texts = [f"{word} " * 40_000, f"{word} " * 3]
            expected = pipeline.predict_proba(texts)
            np.testing.assert_allclose(fast.predict_proba(texts), expected, rtol=0, atol=1e-12)


def test_gives_the_predictions_of_a_regression() -> None:
    """A regression predicts the same numbers."""
    pipeline = make_pipeline(TfidfVectorizer(), Ridge()).fit(GOOD + BAD, [0.9] * 4 + [0.1] * 4)
    fast = WordPipeline.from_estimator(pipeline)
    assert fast is not None
    np.testing.assert_allclose(fast.predict(TEXTS), pipeline.predict(TEXTS), atol=1e-12)


def test_nested_pipelines_and_steps_that_do_nothing_are_supported() -> None:
    """A pipeline in a pipeline, and `passthrough` steps, give the same probabilities."""
    inner = make_pipeline(CountVectorizer(), "passthrough", TfidfTransformer())
    pipeline = make_pipeline("passthrough", inner, make_pipeline(LogisticRegression()))
    pipeline.fit(GOOD + BAD, [1] * 4 + [0] * 4)
    fast = WordPipeline.from_estimator(pipeline)
    assert fast is not None
    np.testing.assert_allclose(fast.predict_proba(TEXTS), pipeline.predict_proba(TEXTS), atol=1e-12)


def test_texts_beyond_one_chunk_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are scored in chunks and keep their order."""
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(
        GOOD + BAD, [1] * 4 + [0] * 4
    )
    fast = WordPipeline.from_estimator(pipeline)
    assert fast is not None
    monkeypatch.setattr(chunks, "_ROWS", 5)
    np.testing.assert_array_equal(fast.predict_proba(TEXTS), pipeline.predict_proba(TEXTS))


@pytest.mark.parametrize(
    "pipeline",
    [
        LogisticRegression(),
        make_pipeline(CountVectorizer(analyzer=str.split), LogisticRegression()),
        make_pipeline(FeatureUnion([("words", CountVectorizer())]), LogisticRegression()),
    ],
)
def test_leaves_other_pipelines_to_scikit_learn(pipeline: Any) -> None:
    """Pipelines that do not start with a word vectoriser are not supported."""
    if isinstance(pipeline, Pipeline):
        pipeline.fit(GOOD + BAD, [1] * 4 + [0] * 4)
    assert WordPipeline.from_estimator(pipeline) is None


def test_a_pipeline_with_other_scores_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline whose scores differ from scikit-learn's is left to scikit-learn."""
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(
        GOOD + BAD, [1] * 4 + [0] * 4
    )
    original = LogisticRegression.predict_proba
    monkeypatch.setattr(
        LogisticRegression, "predict_proba", lambda self, x: original(self, x) * 0.999
    )
    assert WordPipeline.from_estimator(pipeline) is None
