"""Names of columns that were saved next to a model of a table become those of the pipeline."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler

from training.added.file_parts import Parts, add_parts
from training.added.joining import Joined, join

TABLE = pd.DataFrame(
    {"age": [20.0, 30, 40, 50, 60, 70], "fare": [1.0, 5, 2, 6, 3, 7], "size": [3.0, 1, 2, 5, 4, 4]}
)
LABELS = ["no", "yes", "no", "yes", "no", "yes"]
ENCODER = LabelEncoder().fit(LABELS)
COLUMNS = list(TABLE)


def joined(held: Any) -> Joined:
    parts = Parts()
    add_parts(parts, held)
    return join(parts)


def fitted(table: Any) -> tuple[Any, Any]:
    scaler = StandardScaler().fit(table)
    return scaler, LogisticRegression().fit(scaler.transform(table), ENCODER.transform(LABELS))


@pytest.mark.parametrize("columns", [COLUMNS, TABLE.columns, np.array(COLUMNS)])
@pytest.mark.parametrize("key", ["columns", "feature_names_in_", "featureNames", "model_columns"])
def test_a_model_of_arrays_gets_its_columns(columns: Any, key: str) -> None:
    """Afterwards it takes a table by these names, and refuses another order."""
    scaler, model = fitted(TABLE.to_numpy())
    expected = model.predict_proba(scaler.transform(TABLE.to_numpy()))
    held = {"model": model, "scaler": scaler, "label_encoder": ENCODER, key: columns}
    found = joined(held)
    assert list(found.estimator.feature_names_in_) == COLUMNS
    assert found.class_names == ["no", "yes"]
    assert np.array_equal(found.estimator.predict_proba(TABLE), expected)
    with pytest.raises(ValueError, match="should match"):
        found.estimator.predict_proba(TABLE[COLUMNS[::-1]])


def test_names_that_the_model_has_already_must_be_the_same() -> None:
    """A list of other columns was not what the model was fitted to."""
    scaler, model = fitted(TABLE)
    assert joined({"model": model, "scaler": scaler, "columns": COLUMNS}).class_names is None
    for columns in (COLUMNS[::-1], COLUMNS[:2], ["a", "b", "c"]):
        with pytest.raises(ValueError, match=r"not the columns .* age, fare, size"):
            joined({"model": model, "scaler": scaler, "columns": columns})


@pytest.mark.parametrize("columns", [COLUMNS[:2], [*COLUMNS, "more"], ["age", "age", "size"]])
def test_the_number_of_names_must_fit(columns: list[str]) -> None:
    """Names are never cut off or repeated."""
    scaler, model = fitted(TABLE.to_numpy())
    with pytest.raises(ValueError, match=r"names, and the model takes 3 columns"):
        joined({"model": model, "scaler": scaler, "columns": columns})


def test_a_model_of_named_columns_follows_a_step_without_a_warning() -> None:
    """The model was fitted to a DataFrame of scaled columns, and the pipeline gives it an array."""
    scaler = StandardScaler().fit(TABLE)
    scaled = pd.DataFrame(scaler.transform(TABLE), columns=COLUMNS)
    model = LogisticRegression().fit(scaled, LABELS)
    expected = model.predict_proba(scaled)
    found = joined({"model": model, "scaler": scaler})
    assert np.array_equal(found.estimator.predict_proba(TABLE), expected)


def test_a_model_that_was_fitted_to_another_order_is_refused() -> None:
    """Its numbers would be mixed up without a word."""
    scaler = StandardScaler().fit(TABLE)
    scaled = pd.DataFrame(scaler.transform(TABLE), columns=COLUMNS)[COLUMNS[::-1]]
    model = LogisticRegression().fit(scaled, LABELS)
    with pytest.raises(ValueError, match="in another order"):
        joined((scaler, model))


def test_steps_for_some_of_the_columns_are_refused() -> None:
    """What a script does with parts of a table is not in the file."""
    scaler, model = fitted(TABLE)
    encoder = OneHotEncoder(handle_unknown="ignore").fit(TABLE[["size"]])
    with pytest.raises(ValueError, match="fit a pipeline that begins with a ColumnTransformer"):
        joined({"model": model, "scaler": scaler, "encoder": encoder})


def test_an_imputer_and_a_scaler_need_an_order() -> None:
    """Both give what they take, so the file must say which comes first."""
    imputer = SimpleImputer().fit(TABLE)
    scaler, model = fitted(TABLE)
    with pytest.raises(ValueError, match="the order of its steps is not known"):
        joined({"model": model, "scaler": scaler, "imputer": imputer})
    assert [name for name, _ in joined([imputer, scaler, model]).estimator.steps] == [
        "simpleimputer",
        "standardscaler",
        "logisticregression",
    ]


def test_lists_of_some_of_the_columns_are_left_out() -> None:
    """They say nothing of a model that knows these columns; else its script used them."""
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(TABLE, LABELS)
    found = joined({"model": pipeline, "num_cols": COLUMNS[:2], "categorical_features": ["size"]})
    assert found.estimator is pipeline
    assert found.notes == ["Left out: list ('num_cols'), list ('categorical_features')."]
    with pytest.raises(ValueError, match="names town, which is no column"):
        joined({"model": pipeline, "num_cols": ["age", "town"]})
