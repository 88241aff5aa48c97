"""Follows the input columns of a fitted estimator through its steps, to find out their types."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.utils import get_tags

from scoring.estimators.boosted import boosted_names, boosted_width, library_of
from scoring.estimators.boosted_flow import tell_boosted
from scoring.estimators.fitted_columns import Categories, FittedColumn, Flow, type_of_values
from scoring.estimators.unwrapping import unwrapped

#: What a step gives to the next one: a flow, or None for a column that is computed of several.
Flows = list[Flow | None]

#: Estimators that pass their input on as it is to the estimators inside them.
_AROUND: dict[type, str] = {
    MultiOutputClassifier: "estimators_",
    MultiOutputRegressor: "estimators_",
    OneVsRestClassifier: "estimators_",
    VotingClassifier: "estimators_",
    VotingRegressor: "estimators_",
    StackingClassifier: "estimators_",
    StackingRegressor: "estimators_",
    TransformedTargetRegressor: "regressor_",
    CalibratedClassifierCV: "calibrated_classifiers_",
}


def fitted_names(estimator: Any) -> list[str] | None:
    """The names of the columns of the frame that an estimator was fitted to; None if of no frame.

    They are those of the estimator itself, or of the first of those inside it.
    """
    if library_of(estimator):
        return boosted_names(estimator)
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        return [str(name) for name in names]
    return next(filter(None, map(fitted_names, estimators_inside(estimator))), None)


def fitted_width(estimator: Any) -> int | None:
    """The number of columns that an estimator was fitted to; None if it does not tell."""
    if (width := boosted_width(estimator)) is not None:
        return width
    inside = map(fitted_width, estimators_inside(estimator))
    return next((one for one in inside if one is not None), None)


def estimators_inside(estimator: Any) -> list[Any]:
    """The fitted estimators that get the same input as an estimator that is made of them."""
    inside = unwrapped(estimator)
    if inside is not estimator:
        return [inside]
    found = getattr(estimator, _AROUND.get(type(estimator), ""), [])
    parts = found if isinstance(found, list | tuple) else [found]
    # A calibrated classifier holds its estimator in an object that is no estimator.
    parts = [part if isinstance(part, BaseEstimator) else part.estimator for part in parts]
    return [part for part in parts if type(part).__name__ != "_ConstantPredictor"]


def fitted_columns(estimator: Any, names: Sequence[str]) -> list[FittedColumn]:
    """What the steps of a fitted estimator tell about its input columns.

    Args:
        estimator: fitted.
        names: the names of the columns, in the order of the fit.
    """
    columns = [FittedColumn(name) for name in names]
    _through(estimator, [Flow(column) for column in columns])
    return columns


def _through(step: Any, flows: Flows) -> Flows:
    """Note what a step tells of the columns, and follow those that it passes on."""
    if step is None or step == "passthrough":
        return flows
    if isinstance(step, str):  # "drop"
        return []
    for kinds, follow in _FOLLOW:
        if isinstance(step, kinds):
            return follow(step, flows)
    if library_of(step):
        tell_boosted(step, flows)
        return []
    if inside := estimators_inside(step):
        for estimator in inside:
            _through(estimator, flows)
        return []
    return _any_other(step, flows)


def _pipeline(step: Pipeline, flows: Flows) -> Flows:
    for _, inner in step.steps:
        flows = _through(inner, flows)
    return flows


def _union(step: FeatureUnion, flows: Flows) -> Flows:
    for _, inner in step.transformer_list:
        _through(inner, flows)
    return []


def _columns(step: ColumnTransformer, flows: Flows) -> Flows:
    given: Flows = [None] * max((one.stop for one in step.output_indices_.values()), default=0)
    for name, inner, _ in step.transformers_:
        chosen = [flows[place] for place in step._transformer_to_input_indices[name]]
        if not chosen or (isinstance(inner, str) and inner == "drop"):
            continue
        passed, places = _through(inner, chosen), step.output_indices_[name]
        if len(passed) == places.stop - places.start:
            given[places] = passed
    return given


def _encoder(step: Any, flows: Flows) -> Flows:
    """An encoder of categories: its categories are the values of the column."""
    passed: Flows = []
    for flow, found in zip(flows, step.categories_, strict=False):
        categories = Categories.of(found)
        passed.append(None)
        if flow is None:
            continue
        flow.tell(step, categories.type, categories.values)
        takes_unknown = isinstance(step, TargetEncoder) or step.handle_unknown != "error"
        takes = categories.has_none or categories.has_nan or takes_unknown
        if categories.has_none and not categories.has_nan:
            flow.column.missing_is_none = True
        if not isinstance(step, OrdinalEncoder):
            flow.tell_missing(allowed=takes)
            continue
        missing = step.encoded_missing_value if categories.has_nan else step.unknown_value
        is_filled = categories.has_none or (missing is not None and not np.isnan(missing))
        if not takes or is_filled:
            flow.tell_missing(allowed=takes)
        passed[-1] = Flow(flow.column, is_typed=True, is_filled=flow.is_filled or is_filled)
    return passed if isinstance(step, OrdinalEncoder) else []


def _imputer(step: SimpleImputer, flows: Flows) -> Flows:
    statistics = step.statistics_.tolist()
    takes = isinstance(step.missing_values, float) and np.isnan(step.missing_values)
    passed: Flows = []
    for flow, filling in zip(flows, statistics, strict=False):
        passed.append(None)
        if flow is None:
            continue
        is_number = step.statistics_.dtype.kind in "fiu"
        flow.tell(step, "double" if is_number else type_of_values([filling]))
        flow.tell_missing(allowed=takes)
        passed[-1] = Flow(flow.column, is_typed=flow.is_typed, is_filled=flow.is_filled or takes)
    without_data = [one for one in statistics if isinstance(one, float) and np.isnan(one)]
    return [] if without_data and not step.keep_empty_features else passed


def _neighbours_imputer(step: KNNImputer, flows: Flows) -> Flows:
    takes = isinstance(step.missing_values, float) and np.isnan(step.missing_values)
    _tell_all(step, flows, "double", takes_missing=takes)
    return []


def _function(step: FunctionTransformer, flows: Flows) -> Flows:
    if step.func is None:
        return flows
    if isinstance(step.func, np.ufunc) or step.validate:
        for flow in filter(None, flows):
            flow.tell(step, "double")
        return flows if isinstance(step.func, np.ufunc) else []
    _tell_all(step, flows, None, takes_missing=False)
    return []


def _scaler(step: Any, flows: Flows) -> Flows:
    """A scaler of each column by itself, which leaves missing values as they are."""
    for flow, values in zip(flows, _spans(step, len(flows)), strict=True):
        if flow is not None:
            flow.tell(step, "double", values)
    return flows


def _spans(step: Any, width: int) -> list[list[float]]:
    """For each column a low and a high number of those that a scaler was fitted to."""
    pairs: list[tuple[Any, Any]] = [
        (getattr(step, "data_min_", None), getattr(step, "data_max_", None))
    ]
    for centre, scale in (("mean_", "scale_"), ("center_", "scale_")):
        middle, size = getattr(step, centre, None), getattr(step, scale, None)
        if middle is not None and size is not None:
            pairs.append((middle - size, middle + size))
    for low, high in pairs:
        if low is not None and high is not None and np.shape(low) == np.shape(high) == (width,):
            return [list(pair) for pair in zip(low.tolist(), high.tolist(), strict=True)]
    return [[]] * width


def _histogram_boosting(step: Any, flows: Flows) -> Flows:
    encoder = getattr(step, "_preprocessor", None)
    places: list[int] = []
    if encoder is not None:
        places = encoder._transformer_to_input_indices["encoder"]
        _encoder(encoder.named_transformers_["encoder"], [flows[place] for place in places])
    numbers = [flow for place, flow in enumerate(flows) if place not in places]
    _tell_all(step, numbers, "double", takes_missing=True)
    # Categories that are unknown or missing are missing values to the trees.
    for flow in filter(None, (flows[place] for place in places)):
        flow.tell_missing(allowed=True)
    return []


def _any_other(step: Any, flows: Flows) -> Flows:
    """An estimator of scikit-learn says by its tags what it takes; one of others says nothing."""
    if not isinstance(step, BaseEstimator) or not type(step).__module__.startswith("sklearn."):
        _tell_all(step, flows, None, takes_missing=False)
        return []
    tags = get_tags(step)
    if tags.input_tags.string:
        _tell_all(step, flows, "string", takes_missing=False)
    elif tags.no_validation or tags.input_tags.dict or not tags.input_tags.two_d_array:
        _tell_all(step, flows, None, takes_missing=False)
    else:
        _tell_all(step, flows, "double", takes_missing=tags.input_tags.allow_nan)
    return []


def _tell_all(step: Any, flows: Flows, kind: Any, *, takes_missing: bool) -> None:
    for flow in filter(None, flows):
        flow.tell(step, kind)
        flow.tell_missing(allowed=takes_missing)


#: Class of a step -> what to do with it; the first that fits.
_FOLLOW: list[tuple[Any, Callable[[Any, Flows], Flows]]] = [
    (Pipeline, _pipeline),
    (FeatureUnion, _union),
    (ColumnTransformer, _columns),
    ((OneHotEncoder, OrdinalEncoder, TargetEncoder), _encoder),
    (SimpleImputer, _imputer),
    (KNNImputer, _neighbours_imputer),
    (FunctionTransformer, _function),
    (
        (
            StandardScaler,
            MinMaxScaler,
            MaxAbsScaler,
            RobustScaler,
            PowerTransformer,
            QuantileTransformer,
        ),
        _scaler,
    ),
    (BaseHistGradientBoosting, _histogram_boosting),
]
