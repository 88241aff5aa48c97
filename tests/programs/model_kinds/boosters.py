"""XGBoost, LightGBM and CatBoost: their classes for scikit-learn, and their own files."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import catboost
import joblib
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from programs.model_kinds import data
from programs.model_kinds.fitting import columns, table
from programs.model_kinds.kind import Kind, Made, answers
from sklearn.pipeline import make_pipeline

GROUP = "Boosters"
NATIVE = "Boosters, their own files"

#: Columns that these libraries take as they are; the last two as categories.
MIXED = [*data.NUMBERS, "sex", "port"]
CATEGORIES = MIXED[-2:]


def _with_categories(frame: pd.DataFrame) -> pd.DataFrame:
    fitted = data.people()
    return frame.assign(
        **{
            name: frame[name].astype(pd.CategoricalDtype(sorted(fitted[name].dropna().unique())))
            for name in CATEGORIES
        }
    )


def _filled(frame: pd.DataFrame) -> pd.DataFrame:
    """CatBoost takes no missing category."""
    return frame.assign(**{name: frame[name].fillna("none") for name in CATEGORIES})


def _mixed(
    folder: Path,
    build: Callable[[], Any],
    target: str = "fate",
    prepare: Callable[[pd.DataFrame], pd.DataFrame] = _with_categories,
    *,
    unknown: bool = False,
) -> Made:
    """Fit a model to numbers and categories, and save it as a pickle."""
    frame, new = data.people(), data.asked(unknown=unknown)[MIXED]
    model = build().fit(prepare(frame[MIXED]), frame[target])
    joblib.dump(model, folder / "model.pkl")
    rows = prepare(new) if prepare is _filled else new
    expected = answers(model, prepare(new))
    return Made("model.pkl", rows, expected)


def _native(
    folder: Path,
    build: Callable[[], Any],
    save: Callable[[Any, str], object],
    file: str,
    target: str,
    names: Sequence[str] = data.NUMBERS,
) -> Made:
    """Fit a model to numbers, and save it as a file of its library."""
    frame, new = data.people(), data.asked()[data.NUMBERS]
    wanted = frame[target] if target == "price" else pd.factorize(frame[target], sort=True)[0]
    model = build().fit(frame[data.NUMBERS], wanted)
    save(model, str(folder / file))
    return Made(file, new[list(names)], answers(model, new))


def _plain(model: Any, path: str) -> None:
    model.save_model(path)


def _lightgbm_text(model: Any, path: str) -> None:
    model.booster_.save_model(path)


def mixed(name: str, build: Callable[[], Any], **more: Any) -> Kind:
    """A kind over numbers and categories."""
    return Kind(GROUP, name, partial(_mixed, build=build, **more))


def native(
    name: str, build: Callable[[], Any], file: str, target: str = "fate", **more: Any
) -> Kind:
    """A kind saved by its own library."""
    save = _lightgbm_text if file.endswith(".txt") else _plain
    return Kind(
        NATIVE, name, partial(_native, build=build, save=save, file=file, target=target, **more)
    )


def _xgb(kind: str = "Classifier", **options: Any) -> Any:
    return getattr(xgboost, f"XGB{kind}")(n_estimators=30, max_depth=4, n_jobs=1, **options)


def _lgbm(kind: str = "Classifier", **options: Any) -> Any:
    given = {"n_estimators": 30, "verbose": -1, "n_jobs": 1, "min_child_samples": 5} | options
    return getattr(lightgbm, f"LGBM{kind}")(**given)


def _cat(kind: str = "Classifier", **options: Any) -> Any:
    given = {"iterations": 30, "verbose": 0, "thread_count": 1, "allow_writing_files": False}
    return getattr(catboost, f"CatBoost{kind}")(**given, **options)


class _Coded:
    """XGBoost takes the numbers of classes, not their names."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, rows: Any, target: Any) -> Any:
        return self.model.fit(rows, pd.factorize(np.asarray(target), sort=True)[0])


KINDS = [
    mixed("XGBoost, missing values and categories", lambda: _Coded(_xgb(enable_categorical=True))),
    mixed("XGBoost, three classes", lambda: _Coded(_xgb(enable_categorical=True)), target="rank"),
    mixed("XGBoost of prices", lambda: _xgb("Regressor", enable_categorical=True), target="price"),
    mixed("LightGBM, missing values, categories, unknown ones", _lgbm, unknown=True),
    mixed("LightGBM, three classes", _lgbm, target="rank"),
    mixed("LightGBM of prices", lambda: _lgbm("Regressor"), target="price", unknown=True),
    mixed(
        "CatBoost with categories, unknown ones",
        lambda: _cat(cat_features=CATEGORIES),
        prepare=_filled,
        unknown=True,
    ),
    mixed(
        "CatBoost of prices",
        lambda: _cat("Regressor", cat_features=CATEGORIES),
        prepare=_filled,
        target="price",
    ),
    table(
        "XGBoost behind a ColumnTransformer",
        lambda: make_pipeline(columns(), _Coded(_xgb()).model),
        group=GROUP,
        target=lambda frame: pd.factorize(frame["rank"], sort=True)[0],
    ),
    table(
        "LightGBM behind a ColumnTransformer",
        lambda: make_pipeline(columns(text=False), _lgbm()),
        group=GROUP,
    ),
    native("XGBoost, binary", _xgb, "model.ubj"),
    native("XGBoost, JSON, three classes", _xgb, "model.json", "rank"),
    native("XGBoost, binary, prices", lambda: _xgb("Regressor"), "model.ubj", "price"),
    native("LightGBM, text", _lgbm, "model.txt"),
    native("LightGBM, text, prices", lambda: _lgbm("Regressor"), "model.txt", "price"),
    native("CatBoost, three classes", _cat, "model.cbm", "rank"),
    native("CatBoost of prices", lambda: _cat("Regressor"), "model.cbm", "price"),
]
