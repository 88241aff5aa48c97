"""What scikit-learn's scalers and imputers do to numbers, without their checks."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from scoring.tables.column_values import LeftToScikitLearn, Numbers

#: Changes numbers in place: n rows of k columns.
Step = Callable[[Numbers], None]


def step_of(transformer: Any) -> Step:
    """What a scaler or imputer does to numbers, by the same operations in the same order."""
    make = _STEPS.get(type(transformer))
    if make is None:
        raise LeftToScikitLearn
    return make(transformer)


def check_imputer(imputer: SimpleImputer) -> None:
    """Refuse imputers that take something else than NaN as missing, or mark what was missing."""
    missing = imputer.missing_values
    if imputer.add_indicator or not (isinstance(missing, float) and np.isnan(missing)):
        raise LeftToScikitLearn


def _imputed(imputer: SimpleImputer) -> Step:
    check_imputer(imputer)
    fills = imputer.statistics_
    if fills.dtype.kind not in "iuf" or np.isnan(fills).any():
        raise LeftToScikitLearn

    def step(numbers: Numbers) -> None:
        missing = np.isnan(numbers)
        if missing.any():
            np.copyto(numbers, fills, where=missing)

    return step


def _shifted_then_divided(shift: Any, factor: Any, clip: Any = None) -> Step:
    def step(numbers: Numbers) -> None:
        if shift is not None:
            numbers -= shift
        if factor is not None:
            numbers /= factor
        if clip:
            np.clip(numbers, *clip, out=numbers)

    return step


def _min_max(scaler: MinMaxScaler) -> Step:
    def step(numbers: Numbers) -> None:
        numbers *= scaler.scale_
        numbers += scaler.min_
        if scaler.clip:
            np.clip(numbers, *scaler.feature_range, out=numbers)

    return step


_STEPS: dict[type, Callable[[Any], Step]] = {
    SimpleImputer: _imputed,
    MinMaxScaler: _min_max,
    StandardScaler: lambda one: _shifted_then_divided(
        one.mean_ if one.with_mean else None, one.scale_ if one.with_std else None
    ),
    RobustScaler: lambda one: _shifted_then_divided(
        one.center_ if one.with_centering else None, one.scale_ if one.with_scaling else None
    ),
    MaxAbsScaler: lambda one: _shifted_then_divided(
        None, one.scale_, (-1.0, 1.0) if getattr(one, "clip", False) else None
    ),
}
