"""Finds the estimator that does the work inside a search, another wrapper or a pipeline."""

from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)

# Importable from `sklearn.model_selection` only after an import that allows experiments.
from sklearn.model_selection._search_successive_halving import (
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
)

from scoring.estimators.named_classes import NamedClasses

#: Class -> the attributes of which one holds the estimator. A threshold classifier of a fitted
#: estimator has no `estimator_`.
_INSIDE: dict[type, tuple[str, ...]] = {
    GridSearchCV: ("best_estimator_",),
    RandomizedSearchCV: ("best_estimator_",),
    HalvingGridSearchCV: ("best_estimator_",),
    HalvingRandomSearchCV: ("best_estimator_",),
    TunedThresholdClassifierCV: ("estimator_",),
    FixedThresholdClassifier: ("estimator_", "estimator"),
    FrozenEstimator: ("estimator",),
    NamedClasses: ("estimator",),
}

#: Their classes are other ones than those of the estimator inside, or have other names.
_PREDICTS_OTHERS = (FixedThresholdClassifier, NamedClasses, TunedThresholdClassifierCV)


def unwrapped(estimator: Any) -> Any:
    """The estimator inside, whose probabilities are those of the whole.

    A regressor's predictions are the same too. A threshold classifier predicts other classes than
    the estimator inside it, but its probabilities are that estimator's.
    """
    for attribute in _INSIDE.get(type(estimator), ()):
        if (inside := getattr(estimator, attribute, None)) is not None:
            return unwrapped(inside)
    return estimator


def predicts_as_inside(estimator: Any) -> bool:
    """Whether what `unwrapped` finds also predicts the same classes as the whole."""
    if isinstance(estimator, _PREDICTS_OTHERS):
        return False
    for attribute in _INSIDE.get(type(estimator), ()):
        if (inside := getattr(estimator, attribute, None)) is not None:
            return predicts_as_inside(inside)
    return True


def final_step(estimator: Any) -> Any:
    """The estimator that predicts, inside searches and pipelines, also those of other libraries."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, NamedClasses):
            estimator = estimator.estimator
        elif getattr(estimator, "steps", None):
            estimator = estimator.steps[-1][1]
        else:
            return estimator
