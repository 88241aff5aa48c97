"""Linear models that add products up without a matrix give scikit-learn's results."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import (
    ElasticNet,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import LinearSVC
from support.mixed_columns import CLASSES, NUMBERS, TRAINED, TRANSFORMERS, WORDS, people

from scoring.tables import faster
from scoring.tables.faster import faster_table
from scoring.tables.linear_columns import UnmadeColumns

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:Found unknown categories"),
]

#: Those that have no missing numbers left for the model.
KINDS = ["sparse", "dense"]

THREE = np.digitize(TRAINED["fare"], [15, 40])
AMOUNTS = TRAINED["fare"] * 3 + (TRAINED["sex"] == "male")

MODELS: dict[str, tuple[Any, Any]] = {
    "two classes": (LogisticRegression(max_iter=1000), CLASSES),
    "three classes": (LogisticRegression(max_iter=1000), THREE),
    "labels": (LogisticRegression(fit_intercept=False), np.where(CLASSES, "yes", "no")),
    "gradient descent": (SGDClassifier(loss="log_loss", random_state=0), THREE),
    "vectors": (LinearSVC(), CLASSES),
    "ridge classes": (RidgeClassifier(), THREE),
    "regression": (LinearRegression(), AMOUNTS),
    "ridge": (Ridge(), AMOUNTS),
    "net": (ElasticNet(), AMOUNTS),
    "two amounts": (LinearRegression(), np.column_stack([AMOUNTS, -TRAINED["fare"]])),
    "a column of one amount": (Ridge(), np.asarray(AMOUNTS)[:, None]),
}

PIPELINES = {
    (kind, name): make_pipeline(clone(TRANSFORMERS[kind]), clone(model)).fit(TRAINED, target)
    for kind in KINDS
    for name, (model, target) in MODELS.items()
}
FAST = {key: faster_table(pipeline) for key, pipeline in PIPELINES.items()}

_cells = {
    "age": st.one_of(
        st.floats(-1e6, 1e6), st.sampled_from([np.nan, 0.0, -0.0, 1e308, -1e308, 1e300, np.inf])
    ),
    "fare": st.one_of(st.floats(0, 1e6), st.just(np.nan)),
    "rooms": st.integers(0, 7),
    "sex": st.sampled_from(["female", "male", "other", np.nan]),
    "port": st.sampled_from(["S", "C", "Q", "", "s", np.nan, None, "1"]),
}


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = {name: [row[name] for row in rows] for name in _cells}
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=object if name in WORDS else None)
            for name, values in columns.items()
        }
    )


def _outcome(estimator: Any, method: str, frame: pd.DataFrame) -> Any:
    try:
        return getattr(estimator, method)(frame)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("key", PIPELINES, ids=" ".join)
@settings(max_examples=15, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries(_cells), min_size=1, max_size=12))
def test_results_are_those_of_scikit_learn(key: Any, rows: list[dict[str, Any]]) -> None:
    """Sums, probabilities and predictions differ by 1e-12 at most, and exceptions in nothing."""
    fast, slow, frame = FAST[key], PIPELINES[key], _frame(rows)
    assert isinstance(fast.steps[0][1], UnmadeColumns)
    for method in ("decision_function", "predict_proba", "predict"):
        if not hasattr(slow, method):
            continue
        with np.errstate(all="ignore"):
            expected, found = (_outcome(one, method, frame) for one in (slow, fast))
        if isinstance(expected, str):
            assert found == expected
            continue
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
        else:
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("key", PIPELINES, ids=" ".join)
def test_no_row_changes_another(key: Any) -> None:
    """Each row has the same bits alone, in a large frame, and next to one of too large a number."""
    fast, frame = FAST[key], people(9000, seed=7)
    together = fast.predict(frame)
    for row in (0, 1, 4321, 8999):
        np.testing.assert_array_equal(fast.predict(frame.iloc[row : row + 1])[0], together[row])
    huge = frame.head(20).assign(age=[1.7e308, *frame["age"][1:20]])
    huge.loc[0, "fare"] = 1.7e308
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(fast.predict(huge)[1:], together[1:20])


def test_a_missing_number_is_refused_as_by_scikit_learn() -> None:
    """A model without an imputer refuses NaN with scikit-learn's message."""
    columns = make_column_transformer((StandardScaler(), NUMBERS), (OneHotEncoder(), ["sex"]))
    frame = TRAINED.dropna()
    slow = make_pipeline(columns, Ridge()).fit(frame, frame["fare"])
    fast = faster_table(slow)
    assert isinstance(fast.steps[0][1], UnmadeColumns)
    with pytest.raises(ValueError, match="contains NaN") as expected:
        slow.predict(TRAINED)
    with pytest.raises(ValueError, match="contains NaN") as found:
        fast.predict(TRAINED)
    assert str(found.value) == str(expected.value)


class _OwnSums(LogisticRegression):
    def decision_function(self, X: Any) -> Any:  # noqa: N803  as scikit-learn names it
        return 2 * super().decision_function(X)


@pytest.mark.parametrize(
    "last",
    [_OwnSums(), PoissonRegressor(), make_pipeline(PolynomialFeatures(3), LinearRegression())],
    ids=["sums of its own", "another link", "a matrix of products"],
)
def test_other_models_get_their_matrix(last: Any) -> None:
    """Models whose sums are others, and steps that need the matrix, are left as they are."""
    slow = make_pipeline(clone(TRANSFORMERS["dense"]), last).fit(TRAINED, CLASSES)
    fast = faster_table(slow)
    assert not isinstance(fast.steps[0][1], UnmadeColumns)
    np.testing.assert_array_equal(fast.predict(TRAINED), slow.predict(TRAINED))


def test_many_products_are_left_to_blas() -> None:
    """A row with more products than it is worth to add up one by one gets its matrix."""
    columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), WORDS))
    classes = np.arange(len(TRAINED)) % 40
    slow = make_pipeline(columns, LogisticRegression()).fit(TRAINED, classes)
    assert not isinstance(faster_table(slow).steps[0][1], UnmadeColumns)


@pytest.mark.parametrize("off", [1e-9, math.nan, math.inf])
def test_sums_that_are_off_are_not_used(off: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """If sums of trial rows differ from scikit-learn's, the model gets its matrix."""
    with_sums = faster.with_sums

    def wrong(estimator: Any, columns: Any) -> Any:
        fast = with_sums(estimator, columns)
        decide = fast.decision_function
        fast.decision_function = lambda rows: decide(rows) + off
        return fast

    monkeypatch.setattr(faster, "with_sums", wrong)
    fast = faster_table(PIPELINES["dense", "two classes"])
    assert not isinstance(fast.steps[0][1], UnmadeColumns)
