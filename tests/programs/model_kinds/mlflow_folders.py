"""Folders of MLflow models, as MLflow writes them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lightgbm
import mlflow
import pandas as pd
import xgboost
from mlflow.models import infer_signature
from programs.model_kinds import data
from programs.model_kinds.fitting import columns, logistic, scaled, trees
from programs.model_kinds.kind import Kind, Made, answers
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

GROUP = "MLflow folders"


class Twice(mlflow.pyfunc.PythonModel):
    """A model of a user's own."""

    def predict(self, context, model_input, params=None):
        """Two columns, of numbers and of booleans."""
        del context, params
        twice = model_input["fare"] * 2
        return pd.DataFrame({"twice": twice, "many": model_input["visits"] > 5})


def _saved(
    folder: Path,
    build: Callable[[], Any],
    save: Callable[..., object],
    target: str = "fate",
    names: list[str] = data.COLUMNS,
    **rows: bool,
) -> Made:
    """Fit an estimator, and save it with a signature that MLflow infers."""
    frame, new = data.people(), data.asked(**rows)[names]
    taken = frame[names].astype({"visits": "float64"})
    wanted = frame[target]
    if target == "fate" and names == data.NUMBERS:
        wanted = (wanted == "lived").astype(int)
    model = build().fit(taken, wanted)
    signature = infer_signature(taken, model.predict(taken))
    save(model, path=folder / "folder", signature=signature)
    return Made("folder", new, answers(model, new.astype({"visits": "float64"})))


def _own(folder: Path) -> Made:
    new = data.asked()[["fare", "visits"]]
    model = Twice()
    expected = model.predict(None, new)
    mlflow.pyfunc.save_model(
        folder / "folder", python_model=model, signature=infer_signature(new, expected)
    )
    return Made("folder", new, expected)


def _onnx(folder: Path) -> Made:
    frame, new = data.people(), data.asked(missing=False)[data.NUMBERS].astype("float64")
    taken = frame[data.NUMBERS].fillna(30.0).astype("float64")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        taken.to_numpy(), frame["rank"]
    )
    graph = to_onnx(model, taken.to_numpy()[:1], options={"zipmap": False})
    signature = infer_signature(taken.to_numpy(), model.predict_proba(taken.to_numpy()))
    mlflow.onnx.save_model(graph, folder / "folder", signature=signature)
    expected = answers(model, new.to_numpy())
    return Made("folder", new, expected, {"inputs": ",".join(f"{one}:double" for one in new)})


def folder_of(
    name: str,
    build: Callable[[], Any],
    save: Callable[..., object],
    trusted: Sequence[str] = (),
    **more: Any,
) -> Kind:
    """A kind of folder."""
    make = partial(_saved, build=build, save=save, **more)
    return Kind(GROUP, name, make, trusted=",".join(trusted))


def _sklearn(form: str, **options: Any) -> Any:
    return partial(mlflow.sklearn.save_model, serialization_format=form, **options)


def _boosted(of: Any) -> Any:
    return of(n_estimators=20, n_jobs=1)


#: Types that skops does not trust by itself: of imputers, and of LightGBM.
DTYPES = ["numpy.dtype"]
LIGHTGBM = [
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMRegressor",
]

NUMBERS = {"names": data.NUMBERS}

KINDS = [
    folder_of(
        "scikit-learn, cloudpickle",
        lambda: make_pipeline(columns(), logistic()),
        _sklearn("cloudpickle"),
    ),
    folder_of(
        "scikit-learn, pickle, forest of prices",
        lambda: trees(RandomForestRegressor),
        _sklearn("pickle"),
        target="price",
    ),
    folder_of(
        "scikit-learn, skops",
        lambda: scaled(logistic()),
        _sklearn("skops", skops_trusted_types=DTYPES),
        DTYPES,
        **NUMBERS,
    ),
    folder_of(
        "XGBoost", lambda: _boosted(xgboost.XGBClassifier), mlflow.xgboost.save_model, **NUMBERS
    ),
    folder_of(
        "LightGBM",
        lambda: _boosted(lightgbm.LGBMRegressor),
        mlflow.lightgbm.save_model,
        LIGHTGBM,
        target="price",
        **NUMBERS,
    ),
    Kind(GROUP, "ONNX, 64 bits", _onnx),
    Kind(GROUP, "a PythonModel", _own),
]
