"""Generates customers, rows of a table with ten columns and gaps, and fits pipelines to them."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import is_regressor
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from training.add_model import add_model
from training.added.meaning import Meaning

#: The seed of the rows that models are fitted to; no benchmark scores these.
SEED = 1_000_003

#: The number of rows that a model is fitted to.
FITTED_ROWS = 20_000

NUMBERS = ["age", "income", "balance", "months", "logins", "discount", "distance", "rating"]
WORDS = ["plan", "country"]

#: The share of missing values in the columns that have some.
MISSING = {"age": 0.02, "income": 0.05, "rating": 0.1, "country": 0.01}

#: The number of rows drawn at once. It bounds memory; another number would give other rows.
_CHUNK = 50_000

_PLANS = np.array(["free", "basic", "family", "business", "student, part-time"], dtype=object)
_COUNTRIES = np.array(
    ["AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "IT", "NL", "PL", "SE"],
    dtype=object,
)

#: Name of the model -> what makes it, not yet fitted.
PIPELINES: dict[str, Callable[[], Pipeline]] = {
    "logistic": lambda: make_pipeline(_prepared(), LogisticRegression(max_iter=1000)),
    "ridge": lambda: make_pipeline(_prepared(), Ridge()),
    "linear": lambda: make_pipeline(_prepared(), LinearRegression()),
    "forest": lambda: make_pipeline(
        _prepared(), RandomForestClassifier(n_estimators=100, random_state=1)
    ),
    "boosting": lambda: make_pipeline(
        _prepared(), GradientBoostingClassifier(n_estimators=100, random_state=1)
    ),
    "histograms": lambda: make_pipeline(
        _prepared(), HistGradientBoostingClassifier(max_iter=100, random_state=1)
    ),
}


def rows(n: int, seed: int) -> pd.DataFrame:
    """Generate `n` rows. With the same seed, fewer rows are the beginning of more."""
    random = np.random.default_rng(seed)
    chunks = [_chunk(random) for _ in range(0, n, _CHUNK)]
    return pd.concat(chunks, ignore_index=True).iloc[:n]


def write_csv(path: Path, n: int, seed: int) -> None:
    """Write `n` generated rows as a CSV with a column `ref` (1, 2, ...) before the ten columns."""
    random = np.random.default_rng(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        for first in range(0, n, _CHUNK):
            chunk = _chunk(random).iloc[: n - first]
            chunk.insert(0, "ref", np.arange(first + 1, first + len(chunk) + 1))
            chunk.to_csv(file, header=not first, index=False)


def fit(name: str, folder: Path, models: Path) -> Path:
    """Fit a pipeline and add it as a model; returns the path of the pickle."""
    frame = rows(FITTED_ROWS, SEED)
    path = folder / f"{name}.pkl"
    pipeline = PIPELINES[name]()
    target = _spends(frame) if is_regressor(pipeline) else _leaves(frame)
    joblib.dump(pipeline.fit(frame, target), path)
    with tempfile.TemporaryDirectory() as place:
        example = Path(place) / "example.csv"
        frame.head(1000).to_csv(example, index=False)
        add_model(path, name=name, output=models, meaning=Meaning(example=example))
    return path


def _prepared() -> Any:
    """Missing numbers become medians and all are scaled; words become columns of zeros and ones."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    return make_column_transformer((numbers, NUMBERS), (words, WORDS))


def _chunk(random: np.random.Generator) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "age": random.integers(18, 91, _CHUNK).astype(float),
            "income": random.lognormal(10, 0.6, _CHUNK).round(2),
            "balance": random.normal(0, 900, _CHUNK).round(2),
            "months": random.integers(0, 240, _CHUNK),
            "logins": random.poisson(12, _CHUNK),
            "discount": random.integers(0, 8, _CHUNK) / 20,
            "distance": random.exponential(20, _CHUNK).round(4),
            "rating": random.random(_CHUNK),
            "plan": random.choice(_PLANS, _CHUNK),
            "country": random.choice(_COUNTRIES, _CHUNK),
        }
    )
    for name, share in MISSING.items():
        frame.loc[random.random(_CHUNK) < share, name] = np.nan
    return frame


def _leaves(frame: pd.DataFrame) -> npt.NDArray[Any]:
    """Whether each customer leaves: `yes` or `no`, by a rule with chance in it."""
    filled = frame.fillna({"age": 50, "income": 22_000, "rating": 0.5})
    tends = 2 - 4 * filled["rating"] - filled["months"] / 80 + filled["discount"]
    tends += np.where(frame["plan"] == "free", 1.0, 0.0) + np.sin(filled["age"] / 9)
    tends -= (filled["logins"] - 12) / 6 - (filled["balance"] < -500)
    chance = np.random.default_rng(SEED).logistic(0, 0.7, len(frame))
    return np.where(tends + chance > 0, "yes", "no")


def _spends(frame: pd.DataFrame) -> npt.NDArray[Any]:
    """What each customer spends in a month, by a rule with chance in it."""
    chance = np.random.default_rng(SEED).normal(0, 5, len(frame))
    spent = frame["income"].fillna(22_000) / 1000 + 3 * frame["logins"] - 40 * frame["discount"]
    return (spent + np.where(frame["plan"] == "business", 50.0, 0.0) + chance).to_numpy()
