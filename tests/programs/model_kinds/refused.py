"""Models that must be refused."""

import pickle
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pandas as pd
from programs.model_kinds import data
from programs.model_kinds.fitting import columns, logistic, scaled
from programs.model_kinds.kind import Kind, Made
from programs.model_kinds.texts import text
from sklearn.cluster import DBSCAN
from sklearn.decomposition import NMF, PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, maxabs_scale

GROUP = "To be refused"

#: Stands for the script of a user: a class that looks its columns up by name, and knows none.
_SCRIPT = """
from sklearn.base import BaseEstimator, ClassifierMixin

class Rule(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = sorted(set(y))
        return self

    def predict(self, X):
        return ["lived" if one == "female" else "died" for one in X["sex"]]
"""


def _rule() -> Any:
    script: dict[str, Any] = {"__name__": "__main__"}
    exec(_SCRIPT, script)  # noqa: S102  the text is above
    return script["Rule"]().fit(None, ["died", "lived"])


def _pickled_in_main(model: Any, path: Path) -> None:
    """Pickle an object whose class is only in the script that runs."""
    main, name = sys.modules["__main__"], type(model).__name__
    setattr(main, name, type(model))
    try:
        path.write_bytes(pickle.dumps(model))
    finally:
        delattr(main, name)


def _cloudpickled(model: Any, path: Path) -> None:
    path.write_bytes(cloudpickle.dumps(model))


def _saved(
    folder: Path, build: Callable[[], Any], save: Callable[[Any, Path], object], **options: Any
) -> Made:
    """A file of anything; it is not asked about rows."""
    save(build(), folder / "model.pkl")
    return Made("model.pkl", pd.DataFrame(), pd.DataFrame(), options)


def _refused(
    name: str,
    build: Callable[[], Any],
    save: Callable[[Any, Path], object] = joblib.dump,
    **options: Any,
) -> Kind:
    make = partial(_saved, build=build, save=save, **options)
    return Kind(GROUP, name, make, accepted=False)


def _numbers() -> pd.DataFrame:
    return data.people()[data.NUMBERS].fillna(30.0)


def _fates() -> Any:
    return data.people()["fate"].to_numpy()


def _with_threshold() -> Any:
    return {"model": scaled(logistic()).fit(_numbers(), _fates()), "threshold": 0.3}


def _of_nan() -> Any:
    model = GaussianNB().fit(_numbers(), _fates())
    model.theta_[:] = np.nan
    return model


KINDS = [
    _refused("not fitted", lambda: make_pipeline(columns(), LogisticRegression())),
    _refused("PCA without a predictor", lambda: PCA(2).fit(_numbers())),
    _refused("a vectoriser alone", lambda: TfidfVectorizer().fit(data.texts()[0])),
    _refused("a clusterer without predict (DBSCAN)", lambda: DBSCAN().fit(_numbers())),
    _refused(
        "scaled by the batch",
        lambda: make_pipeline(FunctionTransformer(maxabs_scale), logistic()).fit(
            _numbers(), _fates()
        ),
        inputs=",".join(f"{name}:double" for name in data.NUMBERS),
    ),
    text(
        "topics that depend on the batch (NMF)",
        lambda: make_pipeline(CountVectorizer(), NMF(3, tol=0.01, random_state=0), logistic()),
        group=GROUP,
        accepted=False,
    ),
    _refused("a class of the script (plain pickle)", _rule, _pickled_in_main),
    _refused("a class of the script that knows no columns (cloudpickle)", _rule, _cloudpickled),
    _refused("a dict with a threshold beside the model", _with_threshold),
    _refused(
        "a list of two models",
        lambda: [
            logistic().fit(_numbers(), _fates()),
            RandomForestClassifier(3).fit(_numbers(), _fates()),
        ],
    ),
    _refused("weights that are not numbers", _of_nan),
    _refused("a dict of coefficients", lambda: {"coef": np.ones(3), "intercept": 0.5}),
    _refused("a pandas frame", _numbers),
]
