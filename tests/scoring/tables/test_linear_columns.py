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

from scoring.tables import faster, linear_columns
from scoring.tables.faster import faster_table
from scoring.tables.linear_columns import UnmadeColumns
from scoring.tables.linear_ties import each_alone

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


#: Weights of 16 and of 8 columns: those of rows of ones add up to 0, or to a last digit.
_SIXTEEN = [0.1, 1.5, 0.5, 1, 0.2, 1.9, 0.4, 1.9, 0.2, 0.3, 0.3, 1, 1, 1, 1.4, -12.7]
_EIGHT = [0.2, 1.8, 0.5, 1.4, 1.2, 1.9, 0.1, -7.1]

_TIES: dict[str, tuple[Any, list[Any], list[list[float]]]] = {
    "sixteen numbers": (LinearSVC(), [0, 1], [_SIXTEEN]),
    "eight numbers": (LinearSVC(), ["no", "yes"], [_EIGHT]),
    "probabilities": (LogisticRegression(), [0.0, 1.0], [_SIXTEEN]),
    "highest of three": (RidgeClassifier(), [0, 1, 2], [_SIXTEEN, [0.0] * 16, [-1.0] * 16]),
    "several labels": (RidgeClassifier(), [[0, 1], [1, 0], [1, 1]], [_SIXTEEN, [1.0] * 16]),
}


def _tying(name: str, sparse: float) -> tuple[Any, pd.DataFrame]:
    """A pipeline with such weights, and rows of which most are near a tie."""
    model, classes, weights = _TIES[name]
    numbers = [f"n{place}" for place in range(len(weights[0]))]
    # So many products are still added up without a matrix.
    numbers, weights = numbers[: 60 // len(weights)], [own[: 60 // len(weights)] for own in weights]
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.random((60, len(numbers))), columns=numbers)
    frame["s"] = pd.Series(["x", "y"] * 30, dtype=object)
    columns = make_column_transformer(
        ("passthrough", numbers), (OneHotEncoder(), ["s"]), sparse_threshold=sparse
    )
    slow = make_pipeline(columns, clone(model)).fit(frame, np.array(classes * 60)[:60])
    slow[-1].coef_ = np.array([[*own, 0.0, 0.0] for own in weights])
    slow[-1].intercept_ = np.zeros(len(weights))
    rows = frame.head(20).copy()
    rows.loc[:14, numbers] = 1.0
    rows.loc[5:9, numbers] = 0.3
    rows.loc[10, numbers] = 1e15
    return slow, rows


@pytest.mark.parametrize("sparse", [0.0, 1.0], ids=["dense", "sparse"])
@pytest.mark.parametrize("name", _TIES)
def test_a_row_near_a_tie_gets_the_class_that_scikit_learn_gives_it_alone(
    name: str, sparse: float
) -> None:
    """Rounding cannot give a row another class, or another one than without the other rows."""
    slow, rows = _tying(name, sparse)
    fast = faster_table(slow)
    assert isinstance(fast.steps[0][1], UnmadeColumns)
    alone = [rows.iloc[place : place + 1] for place in range(len(rows))]
    expected = np.concatenate([slow.predict(row) for row in alone])
    np.testing.assert_array_equal(fast.predict(rows), expected)
    decisions = fast.decision_function(rows)
    np.testing.assert_array_equal(
        decisions[:15], [slow.decision_function(x)[0] for x in alone[:15]]
    )
    np.testing.assert_array_equal(
        decisions, np.concatenate([fast.decision_function(row) for row in alone])
    )


def test_a_row_far_from_ties_is_not_left_to_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither next to a row of huge numbers, nor if a class has no weights at all."""
    asked: list[int] = []

    def counting(decide: Any, matrix: Any) -> Any:
        asked.append(matrix.shape[0])
        return each_alone(decide, matrix)

    monkeypatch.setattr(linear_columns, "each_alone", counting)
    slow, rows = _tying("highest of three", 0.0)
    fast = faster_table(slow)
    asked.clear()
    clear = pd.concat([rows.iloc[15:], rows.iloc[10:11]])
    fast.predict(clear)
    assert sum(asked) <= 1


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
