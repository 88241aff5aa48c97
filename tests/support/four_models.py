"""Four fitted estimators of scikit-learn of different kinds, and rows for them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from training.add_model import add_model
from training.added.meaning import Meaning

_RANDOM = np.random.default_rng(17)


@dataclass(frozen=True)
class Fitted:
    """An estimator that was fitted, and what a service must give for its rows.

    Attributes:
        name: the name of its model.
        estimator: the estimator.
        rows: rows that it can score; the middle one is replaced where a test wants a bad row.
        bad: the column and the cell of a row that cannot be scored, and the error of that row.
        outputs: rows -> the columns that the service must give, by the estimator itself.
        meaning: what `add_model` is told.
        request: the outputs that a job must ask for; empty: it gets `outputs` without asking.
    """

    name: str
    estimator: Any
    rows: pd.DataFrame
    bad: tuple[str, Any, str]
    outputs: Callable[[pd.DataFrame], pd.DataFrame]
    meaning: Meaning = Meaning()  # noqa: RUF009  frozen
    request: tuple[str, ...] = ()

    @property
    def middle(self) -> int:
        """The place of the bad row."""
        return len(self.rows) // 2

    @property
    def bad_rows(self) -> pd.DataFrame:
        """The rows with a bad one in the middle; missing values are None."""
        column, cell, _ = self.bad
        rows = self.rows.astype(object)
        rows.loc[self.middle, column] = cell
        return rows.where(rows.notna(), None)

    def add(self, folder: Path) -> None:
        """Save the estimator and add it to a folder of models, as a user does."""
        file = folder.parent / f"{self.name}.joblib"
        joblib.dump(self.estimator, file)
        add_model(file, name=self.name, output=folder, meaning=self.meaning)


def _gaps(values: Any, share: float = 0.15) -> pd.Series:
    cells = pd.Series(values, dtype=object if values.dtype.kind in "OU" else float)
    return cells.where(_RANDOM.random(len(cells)) > share)


def _classified(estimator: Any, rows: pd.DataFrame) -> pd.DataFrame:
    columns = {"label": estimator.predict(rows)}
    shares = estimator.predict_proba(rows)
    for place, one in enumerate(estimator.classes_):
        columns[f"probability_{one}"] = shares[:, place]
    return pd.DataFrame(columns)


def titanic(count: int = 400) -> Fitted:
    """Who survived: numbers and words with gaps, labels 0 and 1."""
    rows = pd.DataFrame(
        {
            "Pclass": _RANDOM.integers(1, 4, count),
            "Sex": pd.Series(_RANDOM.choice(["male", "female"], count), dtype=object),
            "Age": _gaps(_RANDOM.integers(1, 160, count) / 2),
            "Fare": _RANDOM.gamma(2.0, 15.0, count),
            "Embarked": _gaps(_RANDOM.choice(["C", "Q", "S"], count)),
        }
    )
    survived = (rows["Sex"] == "female") ^ (_RANDOM.random(count) < 0.2)
    steps = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["Age", "Fare"]),
            ("classes", OneHotEncoder(), ["Pclass"]),
            ("words", OneHotEncoder(handle_unknown="ignore"), ["Sex", "Embarked"]),
        ]
    )
    estimator = make_pipeline(steps, LogisticRegression()).fit(rows, survived.astype(int))
    error = "Age is not a number: 'abc'"
    return Fitted(
        "titanic", estimator, rows, ("Age", "abc", error), lambda rows: _classified(estimator, rows)
    )


def price(count: int = 400) -> Fitted:
    """The price of a flat: a regression, its values far from 0..1."""
    rows = pd.DataFrame(
        {
            "area": _RANDOM.random(count) * 150 + 20,
            "rooms": _RANDOM.integers(1, 8, count),
            "garden": _RANDOM.random(count) < 0.3,
            "district": pd.Series(
                _RANDOM.choice(["north", "old town", "sûd"], count), dtype=object
            ),
        }
    )
    prices = 3000.0 * rows["area"] + 2e4 * rows["garden"] + _RANDOM.normal(0, 1e4, count)
    steps = ColumnTransformer(
        [
            ("numbers", "passthrough", ["area", "rooms", "garden"]),
            ("words", OneHotEncoder(), ["district"]),
        ]
    )
    estimator = make_pipeline(steps, GradientBoostingRegressor(n_estimators=30)).fit(rows, prices)
    error = "rooms is not a whole number: '2.5'"
    return Fitted(
        "price",
        estimator,
        rows,
        ("rooms", "2.5", error),
        lambda rows: pd.DataFrame({"prediction": estimator.predict(rows)}),
        # The file says that these are numbers, and not which: `passthrough` knows no types.
        Meaning(inputs="area:double,rooms:long,garden:boolean,district:string"),
    )


def topics(count: int = 400) -> Fitted:
    """Which of 50 topics a text is about."""
    names = [f"topic {number:02}" for number in range(50)]
    about = _RANDOM.integers(0, 50, count)
    about[:50] = range(50)
    words = _RANDOM.integers(0, 30, (count, 4))
    texts = [
        f'word{topic} and, w{row[0]} w{row[1]} "w{row[2]}" naïve{row[3]}'
        for topic, row in zip(about, words, strict=True)
    ]
    estimator = make_pipeline(TfidfVectorizer(), LogisticRegression())
    estimator.fit(texts, [names[topic] for topic in about])
    rows = pd.DataFrame({"text": pd.Series(texts, dtype=object)})

    def outputs(rows: pd.DataFrame) -> pd.DataFrame:
        return _classified(estimator, rows["text"])  # type: ignore[arg-type]

    asked = ("label", *(f"probability_{name}" for name in names))
    return Fitted(
        "topics", estimator, rows, ("text", "", "the text is empty"), outputs, request=asked
    )


def tags(count: int = 400) -> Fitted:
    """Which of three tags a mail has, each by itself."""
    rows = pd.DataFrame(
        {
            "length": _RANDOM.integers(1, 5000, count),
            "links": _RANDOM.poisson(2.0, count),
            "hour": _gaps(_RANDOM.random(count) * 24),
        }
    )
    truth = np.column_stack(
        [rows["length"] > 2500, rows["links"] > 2, _RANDOM.random(count) < 0.5]
    ).astype(int)
    estimator = make_pipeline(
        SimpleImputer(), StandardScaler(), OneVsRestClassifier(LogisticRegression())
    ).fit(rows, truth)
    names = ["long", "spam", "private"]

    def outputs(rows: pd.DataFrame) -> pd.DataFrame:
        shares, labels = estimator.predict_proba(rows), estimator.predict(rows)
        columns = {}
        for place, name in enumerate(names):
            columns[f"probability_{name}"] = shares[:, place]
            columns[f"label_{name}"] = labels[:, place]
        return pd.DataFrame(columns)

    error = "links is not a number: 'two'"
    return Fitted(
        "tags", estimator, rows, ("links", "two", error), outputs, Meaning(labels=tuple(names))
    )
