"""Finds what fitted transformers, one after the other, make of columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

from scoring.tables.column_parts import NumberPart, OneHotPart, OrdinalPart, Part
from scoring.tables.column_values import CategoryColumn, LeftToScikitLearn
from scoring.tables.number_steps import Step, check_imputer, step_of


def part_of(transformers: Sequence[Any], names: Sequence[str]) -> Part:
    """What fitted transformers, one after the other, make of columns of a frame.

    Raises:
        LeftToScikitLearn: one of them, or their order, is not known.
    """
    encoder: Any = None
    steps: list[Step] = []
    fills: Sequence[Any] | None = None
    takes_flags = True
    for transformer in _flat(transformers):
        is_first = encoder is None and not steps
        if is_first and type(transformer) in (OneHotEncoder, OrdinalEncoder):
            encoder = transformer
        elif is_first and type(transformer) is SimpleImputer and _imputes_words(transformer):
            fills = _fills(transformer)
        else:
            steps.append(step_of(transformer))
            takes_flags &= type(transformer) is not SimpleImputer
    if encoder is None:
        if fills is not None:
            raise LeftToScikitLearn
        return NumberPart(names, steps, takes_flags=takes_flags)
    columns = _category_columns(encoder, fills or [None] * len(names))
    if type(encoder) is OrdinalEncoder:
        return OrdinalPart(names, columns, encoder, steps)
    if steps:
        raise LeftToScikitLearn
    return OneHotPart(names, columns, encoder)


def _flat(transformers: Sequence[Any]) -> list[Any]:
    """The transformers that change something, also those of pipelines."""
    found = []
    for transformer in transformers:
        check_output(transformer)
        if type(transformer) is Pipeline:
            found += _flat([step for _, step in transformer.steps])
        elif not (transformer is None or isinstance(transformer, str) or _is_idle(transformer)):
            found.append(transformer)
    return found


def _is_idle(transformer: Any) -> bool:
    if type(transformer) is not FunctionTransformer:
        return False
    return transformer.func is None and not transformer.validate


def check_output(transformer: Any) -> None:
    """Refuse transformers that give frames, by `set_output`."""
    output = getattr(transformer, "_sklearn_output_config", {}).get("transform", "default")
    if output not in (None, "default"):
        raise LeftToScikitLearn


def _category_columns(encoder: Any, fills: Sequence[Any]) -> list[CategoryColumn]:
    if np.dtype(encoder.dtype) != np.float64 or getattr(encoder, "_infrequent_enabled", True):
        raise LeftToScikitLearn
    if encoder.handle_unknown == "warn":
        raise LeftToScikitLearn
    return [
        CategoryColumn(categories, fill)
        for categories, fill in zip(encoder.categories_, fills, strict=True)
    ]


def _imputes_words(imputer: SimpleImputer) -> bool:
    return bool(imputer.statistics_.dtype.kind == "O")


def _fills(imputer: SimpleImputer) -> list[Any]:
    check_imputer(imputer)
    found = list(imputer.statistics_)
    if not all(isinstance(fill, str) for fill in found):
        raise LeftToScikitLearn
    return found
