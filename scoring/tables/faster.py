"""Finds the parts of a fitted estimator over tables for which there is faster code."""

import copy
from collections.abc import Sequence
from typing import Any

from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline

from scoring.tables.column_values import LeftToScikitLearn
from scoring.tables.fast_columns import FastColumns
from scoring.tables.linear_columns import UnmadeColumns, with_sums
from scoring.tables.linear_proof import sums_agree
from scoring.tables.proof import columns_agree, trees_agree, without_preprocessor
from scoring.tables.tree_ensembles import with_compiled_trees

#: The attributes in which fitted estimators hold others, by their exact class. An attribute is an
#: estimator or a list of estimators.
_PARTS: dict[type, tuple[str, ...]] = {
    BaggingClassifier: ("estimators_",),
    BaggingRegressor: ("estimators_",),
    CalibratedClassifierCV: ("calibrated_classifiers_",),
    FixedThresholdClassifier: ("estimator_", "estimator"),
    GridSearchCV: ("best_estimator_",),
    RandomizedSearchCV: ("best_estimator_",),
    TunedThresholdClassifierCV: ("estimator_",),
    MultiOutputClassifier: ("estimators_",),
    MultiOutputRegressor: ("estimators_",),
    StackingClassifier: ("estimators_", "final_estimator_"),
    StackingRegressor: ("estimators_", "final_estimator_"),
    VotingClassifier: ("estimators_",),
    VotingRegressor: ("estimators_",),
}


def faster_table(estimator: Any) -> Any:
    """A copy of a fitted estimator that scores rows faster; None if nothing is gained.

    Only parts of a known class are replaced, and only if they give the same results as
    scikit-learn for trial rows: equal within 1e-12, and the same exceptions.

    Args:
        estimator: fitted, over the columns of a frame or array.
    """
    if type(estimator) is Pipeline:
        return _faster_pipeline(estimator)
    if type(estimator) in _PARTS:
        return _with_faster_parts(estimator, _PARTS[type(estimator)])
    return _faster_trees(estimator)


def _faster_trees(estimator: Any) -> Any:
    try:
        fast = with_compiled_trees(estimator)
    except ValueError:
        return None
    if fast is None:
        return None
    if (preprocessor := getattr(estimator, "_preprocessor", None)) is None:
        return fast if trees_agree(fast, estimator) else None
    bare = without_preprocessor(estimator)
    if not trees_agree(with_compiled_trees(bare), bare):
        return None
    if (columns := _faster_columns([preprocessor])) is not None:
        fast._preprocessor = columns[0]
    return fast


def _faster_pipeline(pipeline: Pipeline) -> Any:
    *before, (name, last) = pipeline.steps
    fast = faster_table(last)
    columns = _faster_columns([step for _, step in before])
    if fast is None and columns is None:
        return None
    if columns is not None:
        first, taken = columns
        if taken == len(before) and (sums := _faster_sums(pipeline, first)) is not None:
            return sums
        before = [("columns", first), *before[taken:]]
    found = copy.copy(pipeline)
    found.steps = [*before, (name, last if fast is None else fast)]
    return found


def _faster_columns(transformers: Sequence[Any]) -> tuple[FastColumns, int] | None:
    """What takes over for the first transformers, and for how many."""
    for taken in range(len(transformers), 0, -1):
        try:
            fast = FastColumns.from_transformers(transformers[:taken])
        except LeftToScikitLearn:
            continue
        return (fast, taken) if columns_agree(fast) else None
    return None


def _faster_sums(pipeline: Pipeline, columns: FastColumns) -> Pipeline | None:
    """A copy of the pipeline of a linear model that makes no matrix; None if it is none."""
    name, last = pipeline.steps[-1]
    if (fast := with_sums(last, columns)) is None:
        return None
    found = copy.copy(pipeline)
    found.steps = [("columns", UnmadeColumns(columns)), (name, fast)]
    return found if sums_agree(found, columns, last) else None


def _with_faster_parts(estimator: Any, attributes: Sequence[str]) -> Any:
    found = copy.copy(estimator)
    gained = False
    for attribute in attributes:
        part = getattr(estimator, attribute, None)
        if part is None:
            continue
        parts = list(part) if isinstance(part, list) else [part]
        fast = [faster_table(one) for one in parts]
        gained = gained or any(one is not None for one in fast)
        fast = [one if new is None else new for one, new in zip(parts, fast, strict=True)]
        setattr(found, attribute, fast if isinstance(part, list) else fast[0])
    return found if gained else None
