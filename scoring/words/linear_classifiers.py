"""Reads fitted linear classifiers: their coefficients, and how decisions become probabilities."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax
from sklearn.calibration import CalibratedClassifierCV, _CalibratedClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.svm import LinearSVC

from scoring.estimators.unwrapping import unwrapped
from scoring.saved.logistic import OneVsRestLogistic, TwoClassSoftmax

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

    def __init__(self, coefficients: Floats, probabilities: Callable[[Floats], Floats]) -> None:
        """Keep both parts of a classifier.

        Args:
            coefficients: an array of D decisions x columns.
            probabilities: maps decisions to probabilities. The decisions are the sums of weight x
                coefficient without intercepts, an array of n x D; the result is one of n x K.
        """
        self.coefficients = coefficients
        self.probabilities = probabilities


def linear_classifier(final: Any) -> LinearClassifier | None:
    """Read a linear classifier, or a calibrated one; None for any other estimator.

    The links to probabilities are those of scikit-learn: softmax for `MultinomialNB` and
    `LogisticRegression`, and normalised one-vs-rest sigmoids for `SGDClassifier` and
    `OneVsRestLogistic`.
    """
    if type(final) is MultinomialNB:
        link = _link(_softmax, final.class_log_prior_)
        return LinearClassifier(final.feature_log_prob_, link)
    if type(final) is LogisticRegression:
        return LinearClassifier(final.coef_, _link(_softmax, final.intercept_))
    if type(final) is OneVsRestLogistic:
        return LinearClassifier(final.coef_, _link(_one_vs_rest, final.intercept_))
    if type(final) is SGDClassifier and final.loss == "log_loss":
        return LinearClassifier(final.coef_, _link(_one_vs_rest, final.intercept_))
    if type(final) is CalibratedClassifierCV:
        return _calibrated(final)
    return None


def _link(normalise: Callable[[Floats], Floats], intercepts: Floats) -> Callable[[Floats], Floats]:
    def probabilities(decisions: Floats) -> Floats:
        decisions = decisions + intercepts
        if decisions.shape[1] > 1:
            return normalise(decisions)
        second = expit(decisions)
        return np.hstack([1 - second, second])

    return probabilities


def _softmax(decisions: Floats) -> Floats:
    probabilities: Floats = softmax(decisions, axis=1)
    return probabilities


def _one_vs_rest(decisions: Floats) -> Floats:
    """Normalised sigmoids, as in `SGDClassifier.predict_proba` (Zadrozny and Elkan, 2002)."""
    each = expit(decisions)
    # A long text without a norm may give every class the probability 0; all are then equal.
    each[~each.any(axis=1)] = 1.0
    return np.asarray(each / each.sum(axis=1, keepdims=True))


def _calibrated(final: CalibratedClassifierCV) -> LinearClassifier | None:
    """Read a calibrated classifier: one linear classifier, or one for each fold.

    The decisions are those of all folds, next to each other.
    """
    folds = final.calibrated_classifiers_
    if not all(map(_is_linear_fold, folds)):
        return None
    inside = [unwrapped(fold.estimator) for fold in folds]
    coefficients = [np.atleast_2d(each.coef_) for each in inside]
    ends = np.cumsum([len(each) for each in coefficients])
    intercepts = [
        np.broadcast_to(each.intercept_, len(rows))
        for each, rows in zip(inside, coefficients, strict=True)
    ]

    def probabilities(decisions: Floats) -> Floats:
        decisions = decisions + np.concatenate(intercepts)
        of_folds = np.split(decisions, ends[:-1], axis=1)
        total = sum(_fold_probabilities(*pair) for pair in zip(folds, of_folds, strict=True))
        return np.asarray(total / len(folds))

    return LinearClassifier(np.vstack(coefficients), probabilities)


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


def _fold_probabilities(fold: Any, decisions: Floats) -> Floats:
    """The calibrated probabilities of a fold, as `_CalibratedClassifier.predict_proba` has them."""
    classes = len(fold.classes)
    each = np.column_stack(
        [
            calibrator.predict(column)
            for calibrator, column in zip(fold.calibrators, decisions.T, strict=True)
        ]
    )
    if classes == 2:
        each = np.hstack([1 - each, each])
    else:
        each[~each.any(axis=1)] = 1.0
        each /= each.sum(axis=1, keepdims=True)
    each[(each > 1) & (each <= 1 + 1e-5)] = 1
    return each
