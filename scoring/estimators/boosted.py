"""What is particular to the estimators of XGBoost, LightGBM and CatBoost.

They are recognised by the names of their modules: none of the libraries is imported here.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from scoring.saved.parts import all_parts

LIBRARIES = ("xgboost", "lightgbm", "catboost")

#: A column of categories -> the categories to which the estimator was fitted, in their order; none
#: for CatBoost, which takes any text.
Categories = Mapping[str, Sequence[Any]]


def library_of(part: Any) -> str:
    """The library of an estimator: `xgboost`, `lightgbm`, `catboost`, or empty."""
    if hasattr(type(part), "boosted_by"):
        return str(part.boosted_by)
    package = type(part).__module__.partition(".")[0]
    return package if package in LIBRARIES and hasattr(part, "fit") else ""


def use_one_thread(estimator: Any) -> None:
    """Keep an estimator and those inside it from starting threads: a worker process has one core.

    CatBoost takes their number with each call only, so its methods are replaced. Its `predict`
    gives n x 1 labels of several classes, and now n.
    """
    for part in all_parts(estimator):
        _use_one_thread(part)


def _use_one_thread(part: Any) -> None:
    library = library_of(part)
    if library == "catboost":
        for method in ("predict", "predict_proba"):
            if hasattr(part, method):
                vars(part)[method] = functools.partial(_of_catboost, getattr(part, method))
    elif library:
        part.n_jobs = 1
        if library == "xgboost" and part.__sklearn_is_fitted__():
            part.get_booster().set_param({"nthread": 1})


def _of_catboost(method: Any, rows: Any, **options: Any) -> Any:
    found = method(rows, **{"thread_count": 1, **options})
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


def boosted_names(part: Any) -> list[str] | None:
    """The names of the columns of the frame that an estimator was fitted to; None if of no frame.

    LightGBM replaces blanks in them by `_`, and does not know the old names.
    """
    if library_of(part) == "catboost":
        names = [str(name) for name in part.feature_names_]
        return names if names != [str(place) for place in range(len(names))] else None
    names_in = getattr(part, "feature_names_in_", None)
    return None if names_in is None else [str(name) for name in names_in]


def boosted_width(part: Any) -> int | None:
    """The number of columns that an estimator was fitted to; None if it does not tell."""
    if library_of(part) == "catboost":
        # Its `n_features_in_` is 0 after unpickling.
        return len(part.feature_names_)
    width = getattr(part, "n_features_in_", None)
    return None if width is None else int(width)


def categories_of(part: Any, names: Sequence[str]) -> Categories:
    """The columns of categories of an estimator that was fitted to a frame.

    Args:
        part: fitted.
        names: the names of its columns, in their order.

    Raises:
        ValueError: it has such columns, and does not know their categories.
    """
    library = library_of(part)
    if library == "catboost":
        if part.get_embedding_feature_indices():
            raise ValueError("it takes lists of numbers (embeddings), which no column can hold")
        places = [*part.get_cat_feature_indices(), *part.get_text_feature_indices()]
        return {names[place]: () for place in places}
    if library == "lightgbm":
        found = part.booster_.pandas_categorical or []
        params = part.booster_.params
        # The second name is that in a file.
        places = params.get("categorical_column", params.get("categorical_feature", []))
        if not found:
            return {}
        if len(places) != len(found):
            raise ValueError(_UNKNOWN.format(", ".join(names[place] for place in places)))
        return {names[place]: values for place, values in zip(places, found, strict=True)}
    return _of_xgboost(part, names) if library == "xgboost" else {}


_UNKNOWN = (
    "it was fitted to columns of pandas categories ({0}), and its file does not hold the "
    "categories in their order. Fit it again with XGBoost 3.1 or newer, or with an OrdinalEncoder "
    "before it in one pipeline"
)


def _of_xgboost(part: Any, names: Sequence[str]) -> Categories:
    booster = part.get_booster()
    types = booster.feature_types or []
    places = [place for place, kind in enumerate(types) if kind == "c"]
    if not places:
        return {}
    held: dict[str, Any] = {}
    if hasattr(booster, "get_categories"):
        # With other arguments it gives an object that cannot be read.
        found = booster.get_categories(export_to_arrow=True)
        held = dict(found.to_arrow() or []) if found is not None else {}
    by_name = {names[place]: held.get(names[place]) for place in places}
    if unknown := [name for name, values in by_name.items() if values is None]:
        raise ValueError(_UNKNOWN.format(", ".join(unknown)))
    return {name: values.to_pylist() for name, values in by_name.items() if values is not None}


@dataclass(frozen=True)
class PandasCategories:
    """The categories of a column of pandas to which an estimator was fitted.

    Attributes:
        values: the categories, in the order of the fit.
        takes_others: whether another category counts as a missing value, as in LightGBM; XGBoost
            refuses it.
    """

    values: Sequence[Any]
    takes_others: bool


def with_categories(rows: pd.DataFrame, columns: Mapping[str, PandasCategories]) -> pd.DataFrame:
    """Rows in which some columns have the categories to which the estimator was fitted.

    Raises:
        ValueError: a row has a category that the estimator refuses.
    """
    if not columns:
        return rows
    made = {}
    for name, known in columns.items():
        categories = pd.Index(known.values)
        codes = categories.get_indexer(rows[name])
        if not known.takes_others and (codes[rows[name].notna().to_numpy()] < 0).any():
            raise ValueError(f"{name} has a category to which the estimator was not fitted")
        made[name] = pd.Categorical.from_codes(codes, categories=categories)
    return rows.assign(**made)
