"""Reads fitted linear classifiers: their coefficients, and how decisions become probabilities."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.calibration import CalibratedClassifierCV, _CalibratedClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.svm import LinearSVC

from scoring.estimators.unwrapping import unwrapped
from scoring.saved.logistic import OneVsRestLogistic, TwoClassSoftmax
from scoring.words.links import CalibratedLink, Fold, Link, PlainLink

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

    The links to probabilities are those of scikit-learn: softmax for `MultinomialNB` and
    `LogisticRegression`, and normalised one-vs-rest sigmoids for `SGDClassifier` and
    `OneVsRestLogistic`.
    """
    if type(final) is MultinomialNB:
        link = PlainLink("softmax", np.asarray(final.class_log_prior_))
        return LinearClassifier(final.feature_log_prob_, link)
    if type(final) is LogisticRegression:
        link = PlainLink("softmax", np.asarray(final.intercept_))
        return LinearClassifier(final.coef_, link)
    if type(final) is OneVsRestLogistic:
        link = PlainLink("one_vs_rest", np.asarray(final.intercept_))
        return LinearClassifier(final.coef_, link)
    if type(final) is SGDClassifier and final.loss == "log_loss":
        link = PlainLink("one_vs_rest", np.asarray(final.intercept_))
        return LinearClassifier(final.coef_, link)
    if type(final) is CalibratedClassifierCV:
        return _calibrated(final)
    return None


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
