"""Fits estimators of scikit-learn to the columns of a table."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn.ensemble as forests
from programs.model_kinds import data
from programs.model_kinds.kind import Kind, Made, answers
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

WORDS = ["sex", "port"]
CODES = ["cabin", "alone"]


def fitted(
    folder: Path,
    build: Callable[[], Any],
    target: Any = "fate",
    columns: list[str] = data.COLUMNS,
    save: Callable[[Any, Path], object] = joblib.dump,
    file: str = "model.pkl",
    as_array: bool = False,
    options: dict[str, Any] | None = None,
    **rows: bool,
) -> Made:
    """Fit an estimator to the people, save it, and ask it about other rows.

    Args:
        folder: the folder that gets the file.
        build: makes the estimator, not fitted.
        target: the name of the target's columns, or a function that computes them.
        columns: the names of the columns to which it is fitted.
        save: stores it.
        file: the name of the file.
        as_array: whether it is fitted to an array; then it has no names of columns.
        options: what `add_model` must be told.
        rows: what the rows may hold that it is asked about; see `data.asked`.
    """
    frame, new = data.people(), data.asked(**rows)[columns]
    wanted = target(frame) if callable(target) else frame[target]
    taken = frame[columns]
    if not rows.get("missing", True):
        kept = taken.notna().all(axis=1).to_numpy()
        taken, wanted = taken[kept], np.asarray(wanted)[kept]
    model = build().fit(taken.to_numpy() if as_array else taken, np.asarray(wanted))
    save(model, folder / file)
    expected = answers(model, new.to_numpy() if as_array else new)
    if as_array:
        new.columns = [f"x{at}" for at in range(len(columns))]
    return Made(file, new, expected, options or {})


def table(
    name: str,
    build: Callable[[], Any],
    *,
    group: str = "Tables",
    accepted: bool = True,
    **more: Any,
) -> Kind:
    """A kind of pipeline over the people; `more` is what `fitted` takes."""
    return Kind(group, name, partial(fitted, build=build, **more), accepted)


def columns(*, dense: bool = False, text: bool = True) -> ColumnTransformer:
    """Steps for each of the columns, not fitted."""
    steps = [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), data.NUMBERS),
        ("words", OneHotEncoder(handle_unknown="ignore"), WORDS),
        ("codes", OneHotEncoder(), CODES),
    ]
    if text:
        steps.append(("text", TfidfVectorizer(), "name"))
    return ColumnTransformer(steps, sparse_threshold=0 if dense else 0.3)


def ordinal(**options: Any) -> ColumnTransformer:
    """Numbers as they are, words as whole numbers."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, **options)
    return ColumnTransformer([("words", encoder, WORDS), ("numbers", "passthrough", data.NUMBERS)])


def scaled(*steps: Any) -> Any:
    """A pipeline that first fills gaps and scales."""
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), *steps)


def logistic(**options: Any) -> LogisticRegression:
    """A logistic regression that has converged."""
    return LogisticRegression(max_iter=1000, **options)


def boosted(**options: Any) -> Any:
    """Histogram gradient boosting with native categories."""
    given = {"categorical_features": [0, 1], "max_iter": 30, "random_state": 0} | options
    return make_pipeline(ordinal(), forests.HistGradientBoostingClassifier(**given))


def trees(kind: type, **options: Any) -> Any:
    """An ensemble of 30 trees behind the preprocessing."""
    return make_pipeline(columns(text=False), kind(n_estimators=30, random_state=0, **options))
