"""Tells the classifiers that predict the class to which they give the greatest probability."""

from typing import Any

from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from scoring.estimators.boosted import library_of
from scoring.estimators.unwrapping import unwrapped

#: Their `predict` takes the greatest of numbers that grow with the probabilities, or those
#: themselves. Not among them: SVC, whose probabilities come from a calibration of its own.
_KINDS = frozenset(
    [
        AdaBoostClassifier,
        BaggingClassifier,
        BernoulliNB,
        CalibratedClassifierCV,
        ComplementNB,
        DecisionTreeClassifier,
        ExtraTreeClassifier,
        ExtraTreesClassifier,
        GaussianNB,
        GradientBoostingClassifier,
        HistGradientBoostingClassifier,
        KNeighborsClassifier,
        LinearDiscriminantAnalysis,
        LogisticRegression,
        LogisticRegressionCV,
        MLPClassifier,
        MultinomialNB,
        QuadraticDiscriminantAnalysis,
        RandomForestClassifier,
        SGDClassifier,
    ]
)

#: A vote counts probabilities or labels, and a threshold decides against the more probable class.
_NOT_ALWAYS = (VotingClassifier, FixedThresholdClassifier, TunedThresholdClassifierCV)


def predicts_most_probable(estimator: Any) -> bool:
    """Whether a fitted classifier of one output predicts its most probable class, except at ties.

    Then one pass over the rows gives the probabilities and the labels.
    """
    if type(estimator) is Pipeline:
        return predicts_most_probable(estimator.steps[-1][1])
    if type(estimator) is StackingClassifier:
        return predicts_most_probable(estimator.final_estimator_)
    if isinstance(estimator, _NOT_ALWAYS):
        return bool(getattr(estimator, "voting", "") == "soft")
    if hasattr(estimator, "best_estimator_"):
        return predicts_most_probable(estimator.best_estimator_)
    inside = unwrapped(estimator)
    if inside is not estimator:
        return predicts_most_probable(inside)
    # CatBoost's may have a threshold of their own.
    return (
        type(inside) in _KINDS
        or library_of(inside) in ("xgboost", "lightgbm")
        or _compares_sigmoids(inside)
    )


def _compares_sigmoids(final: Any) -> bool:
    """Whether it compares one decision for each class, of which the probabilities are sigmoids."""
    if type(final) is not OneVsRestClassifier or final.multilabel_:
        return False
    each = [unwrapped(one) for one in final.estimators_]
    return all(
        type(one) is LogisticRegression or (type(one) is SGDClassifier and one.loss == "log_loss")
        for one in each
    )
