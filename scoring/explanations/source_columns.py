"""Finds out of which column of the input each column is that fitted transformers make."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import OneToOneFeatureMixin
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, OneHotEncoder, TargetEncoder
from sklearn.utils import check_array

from scoring.estimators.boosted import boosted_width
from scoring.estimators.unwrapping import unwrapped
from scoring.explanations.refusal import NotExplained

#: For each column that was made, the place of the column of the input that it is made of.
Sources = npt.NDArray[np.intp]


class ManySources(NotExplained):
    """A step makes a column of several, such as a principal component, or one of unknown source."""


def sources_of(steps: Sequence[Any], width: int) -> Sources:
    """The sources of what fitted steps, one after the other, make of `width` columns.

    Raises:
        ManySources: a column is made of several, or a step takes another number of columns than
            are known to be made.
    """
    sources: Sources = np.arange(width)
    for step in steps:
        sources = sources[_of_step(unwrapped(step), len(sources))]
    return sources


def check_width(step: Any, width: int) -> None:
    """Check that a fitted step takes `width` columns, so that the sources of all are known.

    Raises:
        ManySources: it takes another number.
    """
    takes = boosted_width(step)
    if takes not in (None, width):
        name = type(step).__name__
        raise ManySources(f"{name} takes {takes} columns, and {width} are known")


def _of_step(step: Any, width: int) -> Sources:
    check_width(step, width)
    for kind, of_step in _OF_STEPS:
        if isinstance(step, kind):
            return of_step(step, width)
    if step is None or isinstance(step, str) or _is_by_column(step):
        # The one string is "passthrough".
        return np.arange(width)
    if width == 1:
        return np.zeros(len(step.get_feature_names_out()), dtype=np.intp)
    raise ManySources(f"{type(step).__name__} makes columns of several others")


def _is_by_column(step: Any) -> bool:
    """Whether a step makes each column of the one in the same place."""
    if isinstance(step, FunctionTransformer):
        # A ufunc computes each number by itself, and a check changes none; histogram boosting
        # has one of these before its trees.
        func = step.func.func if isinstance(step.func, functools.partial) else step.func
        return func is None or func is check_array or isinstance(func, np.ufunc)
    if isinstance(step, SimpleImputer):
        drops = pd.isna(step.statistics_).any() and not step.keep_empty_features
        return not (step.add_indicator or drops)
    return isinstance(step, OneToOneFeatureMixin) and not isinstance(step, Normalizer)


def _of_union(step: FeatureUnion, width: int) -> Sources:
    inside = [unwrapped(one) for _, one in step.transformer_list if one != "drop"]
    return np.concatenate([_of_step(one, width) for one in inside])


def _of_target_encoder(step: TargetEncoder, width: int) -> Sources:
    # Of two classes, as of a number, it makes one column.
    count = len(step.classes_) if step.target_type_ == "multiclass" else 1
    return np.repeat(np.arange(width), count)


def _of_columns(step: ColumnTransformer, _width: int) -> Sources:
    made = max((one.stop for one in step.output_indices_.values()), default=0)
    found = np.full(made, -1, dtype=np.intp)
    for name, inner, _ in step.transformers_:
        places, chosen = step.output_indices_[name], step._transformer_to_input_indices[name]
        if places.stop == places.start:
            continue
        count = places.stop - places.start
        if len(chosen) == 1:
            found[places] = chosen[0]
            continue
        inside = _of_step(unwrapped(inner), len(chosen))
        if len(inside) != count:
            raise ManySources(f"{name} makes {count} columns")
        found[places] = np.asarray(chosen, dtype=np.intp)[inside]
    if (found < 0).any():
        raise ManySources("a column has no source")
    return found


#: Class of a step -> the sources of what it makes of columns.
_OF_STEPS: list[tuple[type, Callable[[Any, int], Sources]]] = [
    (Pipeline, lambda step, width: sources_of([one for _, one in step.steps], width)),
    (ColumnTransformer, _of_columns),
    (FeatureUnion, _of_union),
    (SelectorMixin, lambda step, _: np.flatnonzero(step.get_support())),
    (OneHotEncoder, lambda step, width: np.repeat(np.arange(width), step._n_features_outs)),
    (TargetEncoder, _of_target_encoder),
]
