"""Reads fitted linear estimators: the numbers that their effects add up to."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.calibration import CalibratedClassifierCV, _CalibratedClassifier
from sklearn.linear_model import (
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    ElasticNetCV,
    HuberRegressor,
    Lars,
    Lasso,
    LassoCV,
    LassoLars,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeClassifier,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.svm import LinearSVC, LinearSVR

from scoring.effects.linear_scores import LinearScores
from scoring.estimators.unwrapping import unwrapped
from scoring.saved.logistic import OneVsRestLogistic, TwoClassSoftmax

Floats = npt.NDArray[np.float64]

#: Estimators with one row of `coef_` for each decision, or one row for two classes or a number.
#: Their decision is the sum of weight x coefficient plus the intercept.
_DECIDING = {
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    ElasticNetCV,
    HuberRegressor,
    Lars,
    Lasso,
    LassoCV,
    LassoLars,
    LinearRegression,
    LinearSVC,
    LinearSVR,
    LogisticRegression,
    LogisticRegressionCV,
    OneVsRestLogistic,
    Ridge,
    RidgeClassifier,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
}


def linear_scores(final: Any) -> LinearScores | None:
    """Read a fitted linear estimator; None for any other, or for several outputs.

    A calibrated classifier of two classes is linear in its log-odds if it has one sigmoid: the
    sigmoid of `-(a f + b)` of a decision f (Platt, 1999). The mean of several is not.
    """
    read = _READERS.get(type(final))
    return read(final) if read else None


def _naive_bayes(final: MultinomialNB) -> LinearScores:
    return _binary_or_all(final.feature_log_prob_, final.class_log_prior_)


def _complement(final: ComplementNB) -> LinearScores:
    """Of one class it adds the prior, which is 0."""
    return _binary_or_all(final.feature_log_prob_, np.zeros(len(final.classes_)))


def _two_class_softmax(final: TwoClassSoftmax) -> LinearScores:
    # The softmax of -d and d is the sigmoid of 2 d.
    return LinearScores(2 * final.coef_, np.atleast_1d(2 * final.intercept_))


def _deciding(final: Any) -> LinearScores | None:
    coefficients = np.atleast_2d(np.asarray(final.coef_, dtype=np.float64))
    if coefficients.ndim != 2 or len(coefficients) != _numbers_of(final):
        return None
    intercepts = np.broadcast_to(np.asarray(final.intercept_, dtype=np.float64), len(coefficients))
    return LinearScores(coefficients, intercepts.copy())


def _numbers_of(final: Any) -> int:
    """How many numbers an estimator of one output computes for a row."""
    classes = np.asarray(getattr(final, "classes_", [None]))
    return 1 if len(classes) <= 2 else len(classes)


def _binary_or_all(coefficients: Floats, intercepts: Floats) -> LinearScores:
    if len(coefficients) == 2:
        return LinearScores(np.diff(coefficients, axis=0), np.diff(intercepts))
    return LinearScores(coefficients, intercepts)


def _one_vs_rest(final: OneVsRestClassifier) -> LinearScores | None:
    """The numbers of the classifiers of all classes; of a text with several labels none decides."""
    each = [linear_scores(unwrapped(one)) for one in final.estimators_]
    found = [one for one in each if one and len(one.intercepts) == 1]
    if final.multilabel_ or len(found) < len(each):
        return None
    return LinearScores(
        np.vstack([one.coefficients for one in found]),
        np.concatenate([one.intercepts for one in found]),
    )


def _calibrated(final: CalibratedClassifierCV) -> LinearScores | None:
    folds = final.calibrated_classifiers_
    if len(folds) != 1 or len(final.classes_) != 2:
        return None
    [fold] = folds
    inside = linear_scores(unwrapped(getattr(fold, "estimator", None)))
    is_platt = type(fold) is _CalibratedClassifier and fold.method == "sigmoid"
    if inside is None or not is_platt or len(fold.calibrators) != 1:
        return None
    if type(unwrapped(fold.estimator)) not in _DECIDING:
        # Calibrated is the decision; of others, the probability.
        return None
    [sigmoid] = fold.calibrators
    return LinearScores(
        -sigmoid.a_ * inside.coefficients, -(sigmoid.a_ * inside.intercepts + sigmoid.b_)
    )


_READERS: dict[type, Callable[[Any], LinearScores | None]] = {
    CalibratedClassifierCV: _calibrated,
    ComplementNB: _complement,
    MultinomialNB: _naive_bayes,
    OneVsRestClassifier: _one_vs_rest,
    TwoClassSoftmax: _two_class_softmax,
    **dict.fromkeys(_DECIDING, _deciding),
}
