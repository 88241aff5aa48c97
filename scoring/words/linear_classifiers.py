"""Reads fitted linear classifiers: their coefficients, and how decisions become probabilities."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.calibration import CalibratedClassifierCV, _CalibratedClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.svm import LinearSVC

from scoring.estimators.unwrapping import unwrapped
from scoring.saved.logistic import OneVsRestLogistic, TwoClassSoftmax
from scoring.words.links import CalibratedLink, Fold, Kind, Link, PlainLink

Floats = npt.NDArray[np.float64]

#: Classifiers whose `decision_function` is the sum of weight x coefficient, plus the intercept.
_DECIDING = {
    LinearSVC,
    LogisticRegression,
    OneVsRestLogistic,
    RidgeClassifier,
    SGDClassifier,
    TwoClassSoftmax,
}

#: Those losses of `SGDClassifier` that have probabilities -> how they follow from decisions.
_SGD_LINKS: dict[str, Kind] = {"log_loss": "one_vs_rest", "modified_huber": "modified_huber"}


class LinearClassifier:
    """A linear classifier of K classes."""

    def __init__(self, coefficients: Floats, link: Link) -> None:
        """Keep both parts of a classifier.

        Args:
            coefficients: an array of D decisions x columns.
            link: maps decisions to probabilities.
        """
        self.coefficients = coefficients
        self.link = link
        self.probabilities = link.probabilities


def linear_classifier(final: Any) -> LinearClassifier | None:
    """Read a linear classifier, or a calibrated one; None for any other estimator.

    The links to probabilities are those of scikit-learn; `scoring.words.links` has them.
    """
    read = _READERS.get(type(final))
    return read(final) if read else None


def _naive_bayes(final: MultinomialNB) -> LinearClassifier:
    return _plain("softmax", final.feature_log_prob_, final.class_log_prior_)


def _complement(final: ComplementNB) -> LinearClassifier | None:
    classes = len(final.classes_)
    # Only a classifier of one class adds the prior.
    return _plain("softmax", final.feature_log_prob_, np.zeros(classes)) if classes > 1 else None


def _logistic(final: LogisticRegression) -> LinearClassifier:
    kind: Kind = "one_vs_rest" if type(final) is OneVsRestLogistic else "softmax"
    return _plain(kind, final.coef_, final.intercept_)


def _by_gradient(final: SGDClassifier) -> LinearClassifier | None:
    kind = _SGD_LINKS.get(final.loss)
    return _plain(kind, final.coef_, final.intercept_) if kind else None


def _plain(kind: Kind, coefficients: Any, intercepts: Any) -> LinearClassifier:
    return LinearClassifier(coefficients, PlainLink(kind, np.asarray(intercepts)))


def _one_vs_rest(final: OneVsRestClassifier) -> LinearClassifier | None:
    """Read one classifier for each class or label; None unless each has one decision."""
    each = [linear_classifier(unwrapped(one)) for one in final.estimators_]
    found = [one for one in each if one and len(one.coefficients) == 1]
    links = [one.link for one in found]
    if len(found) < len(each) or not all(map(_is_sigmoid, links)):
        return None
    if len(each) == 1 and final.multilabel_:
        return None
    return _plain(
        "labels" if final.multilabel_ else "sigmoids",
        np.vstack([one.coefficients for one in found]),
        np.concatenate([link.intercepts for link in links if isinstance(link, PlainLink)]),
    )


def _is_sigmoid(link: Link) -> bool:
    """Whether one decision becomes a probability by the sigmoid."""
    return isinstance(link, PlainLink) and link.kind in ("softmax", "one_vs_rest")


def _calibrated(final: CalibratedClassifierCV) -> LinearClassifier | None:
    """Read a calibrated classifier: one linear classifier, or one for each fold.

    The decisions are those of all folds, next to each other.
    """
    folds = final.calibrated_classifiers_
    if not all(map(_is_linear_fold, folds)):
        return None
    inside = [unwrapped(fold.estimator) for fold in folds]
    coefficients = [np.atleast_2d(each.coef_) for each in inside]
    linked = [
        Fold(
            intercepts=np.broadcast_to(each.intercept_, len(rows)),
            slopes=[one.a_ for one in fold.calibrators],
            offsets=[one.b_ for one in fold.calibrators],
        )
        for fold, each, rows in zip(folds, inside, coefficients, strict=True)
    ]
    return LinearClassifier(np.vstack(coefficients), CalibratedLink(len(folds[0].classes), linked))


def _is_linear_fold(fold: Any) -> bool:
    inside = unwrapped(getattr(fold, "estimator", None))
    return (
        type(fold) is _CalibratedClassifier
        and type(inside) in _DECIDING
        # Isotonic calibration has steps, at which a rounding error could become a jump.
        and fold.method == "sigmoid"
        # A fold without one of the classes has fewer decisions.
        and np.array_equal(inside.classes_, fold.classes)
    )


_READERS: dict[type, Callable[[Any], LinearClassifier | None]] = {
    CalibratedClassifierCV: _calibrated,
    ComplementNB: _complement,
    LogisticRegression: _logistic,
    MultinomialNB: _naive_bayes,
    OneVsRestClassifier: _one_vs_rest,
    OneVsRestLogistic: _logistic,
    SGDClassifier: _by_gradient,
}
