"""Tells the types of the columns that an estimator of XGBoost, LightGBM or CatBoost reads."""

from collections.abc import Sequence
from typing import Any

from scoring.estimators.boosted import (
    PandasCategories,
    boosted_names,
    categories_of,
    library_of,
)
from scoring.estimators.fitted_columns import Flow, type_of_values


def tell_boosted(step: Any, flows: Sequence[Flow | None]) -> None:
    """Note what an estimator tells of its columns. A missing number is no error for it.

    Args:
        step: the fitted estimator.
        flows: its columns, in their order.

    Raises:
        ValueError: it has columns of categories, and does not know these.
    """
    names = boosted_names(step) or list(map(str, range(len(flows))))
    categories = categories_of(step, names) if len(names) == len(flows) else {}
    for name, flow in zip(names, flows, strict=False):
        if flow is None:
            continue
        known = categories.get(name)
        if known is None:
            flow.tell(step, "double")
        else:
            flow.tell(step, type_of_values(known) or "string", known)
            if known:
                others = library_of(step) == "lightgbm"
                flow.column.categories = PandasCategories(known, takes_others=others)
        flow.tell_missing(allowed=known is None or bool(known))
