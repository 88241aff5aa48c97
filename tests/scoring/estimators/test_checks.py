import json

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC, OneClassSVM

from scoring.estimators.checks import class_values_of

TEXTS = ["good", "very good", "fine and good", "bad", "very bad", "awful and bad", "so", "hm so"]
SIDES = [1, 1, 1, 0, 0, 0, 1, 0]
MANY = np.array([[side, place % 2, place % 3 == 0] for place, side in enumerate(SIDES)], dtype=int)
BOTH = np.array([[side, 1 - side] for side in SIDES])
VECTORISER = TfidfVectorizer().fit(TEXTS)
NUMBERS = VECTORISER.transform(TEXTS)


def fitted(classifier, labels=SIDES):
    return make_pipeline(TfidfVectorizer(), classifier).fit(TEXTS, labels)


def searched(classifier):
    return GridSearchCV(make_pipeline(TfidfVectorizer(), classifier), {}, cv=2)


class Labels(BaseEstimator):
    """An estimator of somebody's own that predicts labels, and does not say of what kind it is."""

    def predict(self, texts):
        return np.array([len(text) % 2 for text in texts])


class Distances(BaseEstimator):
    """An estimator whose predict_proba returns distances."""

    classes_ = np.array([0, 1])

    def predict(self, texts):
        return np.zeros(len(texts))

    def predict_proba(self, texts):
        return np.array([[-2.0, 3.0]] * len(texts))


@pytest.mark.parametrize(
    "estimator",
    [
        fitted(OneVsRestClassifier(LogisticRegression()), MANY),
        fitted(OneVsRestClassifier(LogisticRegression()), BOTH),
        searched(OneVsRestClassifier(LogisticRegression())).fit(TEXTS, BOTH),
        fitted(MLPClassifier((2,), tol=10.0, random_state=0), MANY),
    ],
)
def test_labels_that_do_not_exclude_each_other_have_no_mean(estimator):
    """A multi-label classifier is refused without class values, and with ones that may pass 1."""
    with pytest.raises(ValueError, match=r"multi-label.*--class-values"):
        class_values_of(estimator, {})
    count = len(estimator.classes_)
    with pytest.raises(ValueError, match="add up to 1 at most"):
        class_values_of(estimator, {"class_values": [1.0] * count})
    one = [0.0] * (count - 1) + [1.0]
    assert class_values_of(estimator, {"class_values": one}).tolist() == one


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (fitted(RandomForestClassifier(3), MANY), "several labels at once"),
        (fitted(KNeighborsClassifier(), MANY), "several labels at once"),
        (fitted(MultiOutputClassifier(LogisticRegression()), MANY), "several labels at once"),
        (fitted(ClassifierChain(LogisticRegression()), MANY), "several labels at once"),
        (fitted(Ridge(), MANY), "one finite number per text"),
        (fitted(LogisticRegression(), range(8)), "--class-values"),
        (fitted(KMeans(2)), "groups texts by itself"),
        (fitted(OneClassSVM()), "groups texts by itself"),
        (
            make_pipeline(TfidfVectorizer(), TruncatedSVD(2), GaussianMixture(2)).fit(TEXTS),
            "groups texts by itself",
        ),
        (fitted(RidgeClassifier()), "CalibratedClassifierCV"),
        (searched(LinearSVC()).fit(TEXTS, SIDES), "CalibratedClassifierCV"),
        (Labels(), "predicts labels"),
        (Distances(), "no probabilities"),
        (fitted(Ridge(), [1, 2, 3, 4, 5, 5, 4, 3]), "--target-range"),
        (make_pipeline(TfidfVectorizer(), LogisticRegression()), "it is not fitted"),
        (make_pipeline(VECTORISER, LogisticRegression()), "it is not fitted"),
        (
            make_pipeline(TfidfVectorizer(), LogisticRegression().fit(NUMBERS, SIDES)),
            "it is not fitted",
        ),
        (make_pipeline(TfidfVectorizer(), Ridge()), "it is not fitted"),
        (searched(LogisticRegression()), "it is not fitted"),
        (LogisticRegression(), "it is not fitted"),
        (VECTORISER, "only turns texts into numbers"),
        (LogisticRegression().fit(NUMBERS, SIDES), "LogisticRegression alone"),
        ({"vectorizer": VECTORISER, "model": LogisticRegression()}, r"dict.*make_pipeline"),
        (
            (VECTORISER, LogisticRegression()),
            r"tuple \(TfidfVectorizer, LogisticReg.*make_pipeline",
        ),
        ([], r"list \(nothing\)"),
        (LogisticRegression, "the class LogisticRegression itself"),
        (json.dumps, "not a function that uses it"),
        (np.zeros(3), "holds a ndarray"),
        (None, "holds a NoneType"),
    ],
)
def test_what_cannot_give_scores_is_refused_with_what_to_do(estimator, reason):
    """What a pickle holds is refused if its numbers would mean nothing, or if it has none."""
    with pytest.raises(ValueError, match=reason):
        class_values_of(estimator, {})


def test_classes_that_exclude_each_other_are_taken():
    """A classifier of one label per text has a mean, also one that is behind a search."""
    for classifier in (LogisticRegression(), OneVsRestClassifier(LogisticRegression())):
        for estimator in (fitted(classifier), searched(classifier).fit(TEXTS, SIDES)):
            assert class_values_of(estimator, {}).tolist() == [0.0, 1.0]
    assert class_values_of(fitted(Ridge()), {}) is None
