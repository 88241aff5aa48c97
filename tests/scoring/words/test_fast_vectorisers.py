from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster._birch import _CFSubcluster
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from scoring.saved.parts import all_parts
from scoring.words import fast_vectorisers
from scoring.words.fast_vectorisers import (
    FastCountVectorizer,
    FastTfidfVectorizer,
    with_fast_vectorisers,
)

TEXTS = [
    *("a good film", "well made", "I liked it", "splendid!", "na\u00efve but good", "so good"),
    *("a bad film", "badly made", "I left early", "dull", "d\u00e9j\u00e0 vu, bad", "so bad"),
]
TWO = [1] * 6 + [0] * 6
THREE = [0, 1, 2] * 4


def svc() -> Any:
    return make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC())


def regression() -> Any:
    return make_pipeline(TfidfVectorizer(dtype=np.float32), LogisticRegression())


def bayes() -> Any:
    return make_pipeline(CountVectorizer(), MultinomialNB())


#: Estimator -> the number of vectorisers that are used when it scores.
INSIDE: dict[str, tuple[Any, int]] = {
    "folds": (CalibratedClassifierCV(svc(), cv=3), 3),
    "isotonic folds": (CalibratedClassifierCV(svc(), cv=2, method="isotonic"), 2),
    "one for all folds": (CalibratedClassifierCV(svc(), cv=3, ensemble=False), 1),
    "frozen": (CalibratedClassifierCV(FrozenEstimator(svc().fit(TEXTS, TWO)), cv=2), 1),
    "voting": (VotingClassifier([("a", regression()), ("b", bayes())], voting="soft"), 2),
    "stacking": (StackingClassifier([("a", regression()), ("b", bayes())], cv=2), 2),
    "one against the rest": (OneVsRestClassifier(regression()), 3),
    "union": (
        make_pipeline(
            FeatureUnion(
                [
                    ("a", TfidfVectorizer()),
                    ("b", CountVectorizer()),
                    ("c", HashingVectorizer(n_features=64)),
                ]
            ),
            LogisticRegression(),
        ),
        2,
    ),
    "columns": (
        make_pipeline(
            FunctionTransformer(np.expand_dims, kw_args={"axis": 1}),
            ColumnTransformer([("a", TfidfVectorizer(), 0)]),
            LogisticRegression(),
        ),
        1,
    ),
}


def fast_parts(estimator: Any) -> list[Any]:
    kinds = FastCountVectorizer | FastTfidfVectorizer
    return [part for part in all_parts(estimator) if isinstance(part, kinds)]


@pytest.mark.parametrize("name", INSIDE)
@pytest.mark.parametrize("labels", [TWO, THREE])
@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(texts=st.lists(st.sampled_from(TEXTS) | st.text(max_size=20), min_size=1, max_size=6))
def test_gives_the_probabilities_of_the_estimator(
    fitted: dict[Any, Any], name: str, labels: list[int], texts: list[str]
) -> None:
    """Vectorisers anywhere in an estimator are replaced, and the probabilities stay equal."""
    estimator, count = INSIDE[name]
    if labels is THREE and name == "frozen":
        return
    key = name, tuple(labels)
    if key not in fitted:
        estimator.fit(TEXTS, labels)
        fast = with_fast_vectorisers(estimator)
        assert fast is not None
        assert not fast_parts(estimator)
        if labels is THREE or name != "one against the rest":
            assert len(fast_parts(fast)) == count
        fitted[key] = estimator, fast
    estimator, fast = fitted[key]
    expected = estimator.predict_proba(texts)
    np.testing.assert_allclose(fast.predict_proba(texts), expected, rtol=0, atol=1e-12)


@pytest.fixture(scope="module")
def fitted() -> dict[Any, Any]:
    """Fitted estimators and their faster copies, each made once."""
    return {}


def test_texts_that_are_none_are_left_to_scikit_learn() -> None:
    """A single string, and values that are no strings, are refused as by scikit-learn."""
    estimator = make_pipeline(FeatureUnion([("a", bayes()[0])]), MultinomialNB()).fit(TEXTS, TWO)
    fast = with_fast_vectorisers(estimator)
    assert fast is not None
    with pytest.raises(ValueError, match="string object received"):
        fast.predict_proba("good")
    with pytest.raises(ValueError, match=r"np\.nan is an invalid document"):
        fast.predict_proba(["good", np.nan])


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(HashingVectorizer(n_features=64, analyzer="char"), LogisticRegression()),
        make_pipeline(TfidfVectorizer(analyzer=str.split), LogisticRegression()),
    ],
)
def test_an_estimator_without_word_vectorisers_is_not_copied(estimator: Any) -> None:
    """If there is nothing to replace, there is no copy."""
    assert with_fast_vectorisers(estimator.fit(TEXTS, TWO)) is None


def test_a_copy_with_other_scores_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the faster copy gives other scores, it is not used."""
    estimator = CalibratedClassifierCV(svc(), cv=2).fit(TEXTS, TWO)
    counts = FastTfidfVectorizer.transform
    monkeypatch.setattr(
        fast_vectorisers.FastTfidfVectorizer,
        "transform",
        lambda self, texts: counts(self, texts) * 0.999,
    )
    assert with_fast_vectorisers(estimator) is None


def test_a_pipeline_that_fails_for_a_trial_text_is_left_to_scikit_learn() -> None:
    """An estimator may raise an error for texts without a known word; others are still served."""
    vectorisers = FeatureUnion([("a", TfidfVectorizer())])
    neighbours = RadiusNeighborsClassifier(radius=0.9)
    estimator = make_pipeline(vectorisers, neighbours).fit(TEXTS, TWO)
    assert with_fast_vectorisers(estimator) is None


def test_estimators_with_long_chains_of_nodes_are_copied() -> None:
    """The nodes of a `Birch` are linked in a chain, which needs no deep recursion."""
    estimator = CalibratedClassifierCV(svc(), cv=2).fit(TEXTS, TWO)
    node = _CFSubcluster(linear_sum=np.zeros(1))
    for _ in range(5_000):
        above = _CFSubcluster(linear_sum=np.zeros(1))
        above.child_, node = node, above
    estimator.root_ = node
    assert with_fast_vectorisers(estimator) is not None
