"""A served model over tables uses the faster code, and gives the estimator's own results."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from scoring.sklearn_model import SklearnModel
from scoring.tables.fast_columns import FastColumns
from shared.card import write_card
from shared.signature import Input, Output, Signature

_SIGNATURE = Signature(
    inputs=(
        Input(name="age", type="double", required=False),
        Input(name="fare", type="double"),
        Input(name="sex", type="string", required=False),
    ),
    outputs=(
        Output(name="label", type="long", meaning="label"),
        Output(name="probability_0", meaning="probability", of="0"),
        Output(name="probability_1", meaning="probability", of="1"),
    ),
)


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    """Loading a model limits the threads of the process."""
    with threadpool_limits(1):
        yield


def _frame(count: int) -> pd.DataFrame:
    random = np.random.default_rng(count)
    frame = pd.DataFrame(
        {
            "age": random.normal(40, 20, count).round(),
            "fare": random.exponential(30, count).round(1),
            "sex": pd.Series(random.choice(["female", "male"], count), dtype=object),
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::9, "sex"] = np.nan
    return frame


@pytest.mark.parametrize(
    "last", [LogisticRegression(), RandomForestClassifier(10)], ids=["linear", "forest"]
)
def test_labels_and_probabilities_are_the_estimators_own(tmp_path: Path, last: Any) -> None:
    """Ties between classes, missing values and unknown categories change nothing."""
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "fare"]),
        (OneHotEncoder(handle_unknown="ignore"), ["sex"]),
    )
    frame = _frame(400)
    target = ((frame["fare"] > 25) ^ (frame["sex"] == "male")).astype(int)
    estimator = make_pipeline(columns, last).fit(frame, target)
    joblib.dump(estimator, tmp_path / "model.pkl")
    card = write_card(
        tmp_path, name="table", format="pkl", files=["model.pkl"], signature=_SIGNATURE
    )
    model = SklearnModel.load(tmp_path, card)
    assert isinstance(model._estimator.steps[0][1], FastColumns)
    rows = _frame(3000)
    rows.loc[5, "sex"] = "unheard-of"
    scores = model.score(rows)
    np.testing.assert_array_equal(scores["label"], estimator.predict(rows))
    expected = estimator.predict_proba(rows)
    # A linear model's sums are formed in another order, a forest's in the same.
    tolerance = 1e-12 if isinstance(last, LogisticRegression) else 0
    np.testing.assert_allclose(
        scores[["probability_0", "probability_1"]], expected, rtol=0, atol=tolerance
    )
