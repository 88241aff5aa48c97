"""Reads the files that XGBoost, LightGBM and CatBoost write themselves. They run no code."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from scoring.saved.lightgbm_booster import classifier_or_regressor

#: Format -> the library that writes it: `ubj` by XGBoost, `lgb` by LightGBM, `cbm` by CatBoost.
LIBRARIES = {"ubj": "XGBoost", "lgb": "LightGBM", "cbm": "CatBoost"}


class NotLoaded(ValueError):
    """A file of a booster that cannot be read here; the message says why."""


def load_boosted(path: Path) -> Any:
    """An estimator with scikit-learn's methods, of a file whose name ends in one of `LIBRARIES`.

    A classifier of XGBoost or LightGBM has the classes 0, 1 and so on: their files hold no others.

    Raises:
        NotLoaded: the file cannot be read here; the message says why.
    """
    library = LIBRARIES[path.suffix.removeprefix(".")]
    try:
        module = import_module(library.lower())
    except ImportError as error:
        raise NotLoaded(
            f"it is a model of {library}, which is not installed here. Install it with the extra "
            "boost of scorelane-server, here and for the workers"
        ) from error
    try:
        return _READERS[library](module, path)
    # Each library has errors of its own.
    except Exception as error:
        said = str(error).strip().partition("\n")[0][:200]
        raise NotLoaded(f"{library} {module.__version__} cannot read it ({said})") from error


def _of_xgboost(xgboost: Any, path: Path) -> Any:
    # By the content, as the name of a file in JSON ends otherwise.
    raw = bytearray(path.read_bytes())
    booster = xgboost.Booster(model_file=raw)
    objective = str(json.loads(booster.save_config())["learner"]["objective"]["name"])
    kind, _, _ = objective.partition(":")
    if kind in ("rank", "survival") or objective == "multi:softmax":
        raise ValueError(f"its objective {objective} gives no numbers for rows by themselves")
    is_classifier = objective in ("binary:logistic", "multi:softprob")
    estimator = xgboost.XGBClassifier() if is_classifier else xgboost.XGBRegressor()
    estimator.load_model(raw)
    return estimator


def _of_lightgbm(lightgbm: Any, path: Path) -> Any:
    content = path.read_bytes()
    is_cut = b"\nparameters:" in content and b"\nend of parameters" not in content
    if is_cut or b"\nend of trees" not in content:
        # LightGBM ends the process for such a file.
        raise ValueError("it is cut off. Copy the whole file again")
    return classifier_or_regressor(lightgbm.Booster(model_file=path))


def _of_catboost(catboost: Any, path: Path) -> Any:
    found = catboost.CatBoost()
    found.load_model(path)
    has_classes = len(found.classes_) > 0
    estimator = catboost.CatBoostClassifier() if has_classes else catboost.CatBoostRegressor()
    return estimator.load_model(path)


_READERS = {"XGBoost": _of_xgboost, "LightGBM": _of_lightgbm, "CatBoost": _of_catboost}
