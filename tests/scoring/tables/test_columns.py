"""What takes over for scikit-learn's first transformers makes the same matrices."""

import logging
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from scoring.tables.fast_columns import FastColumns
from scoring.tables.faster import faster_table

_NUMBERS = ["age", "fare", "rooms"]
_WORDS = ["sex", "port"]


def _frame(count: int = 300, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": random.normal(40, 20, count),
            "fare": random.exponential(30, count),
            "rooms": random.integers(1, 6, count),
            "sex": pd.Series(random.choice(["female", "male"], count), dtype=object),
            "port": pd.Series(random.choice(["S", "C", "Q", ""], count), dtype=object),
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::9, "port"] = np.nan
    return frame


_TRAINED = _frame()
_CLASSES = ((_TRAINED["fare"] > 25) ^ (_TRAINED["sex"] == "male")).astype(int)

_WHOLE = SimpleImputer(strategy="most_frequent")
_TRANSFORMERS: dict[str, Any] = {
    "sparse": make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), _NUMBERS),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=True), _WORDS),
        sparse_threshold=1.0,
    ),
    "dense": make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), MinMaxScaler(clip=True)), _NUMBERS),
        (OneHotEncoder(handle_unknown="ignore"), _WORDS),
    ),
    "imputed words": make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), _WORDS),
        (RobustScaler(), _NUMBERS),
    ),
    "constant words": make_column_transformer(
        (
            make_pipeline(
                SimpleImputer(strategy="constant", fill_value="none"),
                OneHotEncoder(drop="first", sparse_output=False),
            ),
            _WORDS,
        ),
        remainder="drop",
    ),
    "numbers of categories": make_column_transformer(
        (OrdinalEncoder(), ["port", "rooms"]), (MaxAbsScaler(), ["fare"])
    ),
    "unknown categories have a number": make_column_transformer(
        (
            make_pipeline(
                OrdinalEncoder(
                    handle_unknown="use_encoded_value",
                    unknown_value=-1,
                    encoded_missing_value=-2,
                ),
                StandardScaler(),
            ),
            _WORDS,
        ),
        remainder="passthrough",
    ),
    "binary categories dropped": make_column_transformer(
        (OneHotEncoder(drop="if_binary", handle_unknown="ignore"), [*_WORDS, "rooms"]),
        ("passthrough", ["fare"]),
    ),
    "a function of the user's": make_column_transformer(
        (FunctionTransformer(np.log1p), ["fare"]),
        (StandardScaler(with_mean=False), make_column_selector(dtype_include="number")),
        (OneHotEncoder(), ["sex"]),
    ),
    "whole numbers stay": make_column_transformer(
        ("passthrough", ["rooms"]), (OneHotEncoder(), ["sex"]), sparse_threshold=0
    ),
    "selected by place": ColumnTransformer(
        [("a", StandardScaler(), [0, 1]), ("b", OneHotEncoder(), slice(3, 4)), ("c", "drop", [4])]
    ),
}


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Keep scikit-learn from counting the cores, by another program, and using them all."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with threadpool_limits(1):
        yield


def _outcome(transformer: Any, frame: pd.DataFrame) -> Any:
    try:
        found = transformer.transform(frame)
    except (ValueError, TypeError) as error:
        return type(error), str(error)
    return type(found), found.toarray() if hasattr(found, "toarray") else found


def _assert_same(fast: Any, slow: Any, frame: pd.DataFrame) -> None:
    (found_type, found), (expected_type, expected) = _outcome(fast, frame), _outcome(slow, frame)
    assert found_type is expected_type
    if isinstance(expected, str):
        assert found == expected
        return
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


_FITTED = {name: one.fit(_TRAINED) for name, one in _TRANSFORMERS.items()}
_FAST = {
    name: faster_table(make_pipeline(one, LogisticRegression().fit([[0.0], [1.0]], [0, 1])))
    for name, one in _FITTED.items()
}

_cells = {
    "age": st.one_of(st.floats(width=64), st.sampled_from([np.nan, 0.0, -0.0, 1e308, 40.0])),
    "fare": st.floats(0, 1e6),
    "rooms": st.integers(0, 7),
    "sex": st.sampled_from(["female", "male", "female", "male", "other", np.nan]),
    "port": st.sampled_from(["S", "C", "Q", "", "s", np.nan, None, 1]),
}


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize("kind", _TRANSFORMERS)
@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries(_cells), min_size=1, max_size=12))
def test_matrices_are_identical(kind: str, rows: list[dict[str, Any]]) -> None:
    """Matrix, type of matrix and exceptions are scikit-learn's, for any cells."""
    fast = _FAST[kind]
    assert fast is not None
    assert isinstance(fast.steps[0][1], FastColumns)
    columns = {name: [row[name] for row in rows] for name in _cells}
    frame = pd.DataFrame(
        {
            name: pd.Series(values, dtype=object if name in _WORDS else None)
            for name, values in columns.items()
        }
    )
    with np.errstate(all="ignore"):
        _assert_same(fast.steps[0][1], _FITTED[kind], frame)


@pytest.mark.parametrize("kind", ["sparse", "dense", "unknown categories have a number"])
@pytest.mark.parametrize(
    "last",
    [
        LogisticRegression(max_iter=1000),
        SGDClassifier(random_state=0),
        RandomForestClassifier(9, random_state=0),
    ],
    ids=lambda one: type(one).__name__,
)
def test_results_are_identical(kind: str, last: Any) -> None:
    """Classes and probabilities of a whole pipeline are scikit-learn's, bit by bit."""
    estimator = make_pipeline(_TRANSFORMERS[kind], SimpleImputer(), last)
    estimator.fit(_TRAINED, _CLASSES)
    fast = faster_table(estimator)
    assert fast is not None
    frame = _frame(1000, seed=3)
    np.testing.assert_array_equal(fast.predict(frame), estimator.predict(frame))
    np.testing.assert_array_equal(fast.classes_, estimator.classes_)
    if hasattr(estimator, "predict_proba"):
        np.testing.assert_array_equal(fast.predict_proba(frame), estimator.predict_proba(frame))


def test_scalers_of_all_columns_are_taken_over() -> None:
    """A pipeline without a column transformer is faster too; the columns' order is checked."""
    frame = _TRAINED[_NUMBERS]
    estimator = make_pipeline(SimpleImputer(), StandardScaler(), LinearRegression())
    estimator.fit(frame, frame["fare"] * 2)
    fast = faster_table(estimator)
    assert [type(step) for _, step in fast.steps] == [FastColumns, LinearRegression]
    np.testing.assert_array_equal(fast.predict(frame), estimator.predict(frame))
    with pytest.raises(ValueError, match="feature names should match"):
        fast.predict(frame[_NUMBERS[::-1]])


def test_an_unknown_category_is_refused_as_by_scikit_learn() -> None:
    """The message names the category, so the row can be found."""
    estimator = make_pipeline(_TRANSFORMERS["imputed words"], SimpleImputer(), LinearRegression())
    estimator.fit(_TRAINED, _TRAINED["fare"])
    fast = faster_table(estimator)
    frame = _TRAINED.copy()
    frame.loc[77, "sex"] = "unheard-of"
    with pytest.raises(ValueError, match=r"unknown categories \['unheard-of'\]"):
        fast.predict(frame)
    np.testing.assert_array_equal(fast.predict(_TRAINED), estimator.predict(_TRAINED))


def test_columns_in_another_order_are_found_by_their_names() -> None:
    """A column transformer needs neither the order of the fit, nor columns that it drops."""
    fast, slow = _FAST["selected by place"].steps[0][1], _FITTED["selected by place"]
    frame = _TRAINED[["sex", "fare", "age"]].assign(more=1)
    np.testing.assert_array_equal(fast.matrix(frame), slow.transform(frame))


def test_searches_and_thresholds_keep_their_own_predictions() -> None:
    """The estimator inside a search or threshold classifier is replaced; its classes stay."""
    inside = make_pipeline(_TRANSFORMERS["dense"], SimpleImputer(), LogisticRegression())
    search = GridSearchCV(inside, {"logisticregression__C": [0.1, 1]}, cv=2)
    search.fit(_TRAINED, _CLASSES)
    threshold = FixedThresholdClassifier(search, threshold=0.7).fit(_TRAINED, _CLASSES)
    fast = faster_table(threshold)
    assert type(fast.estimator_.best_estimator_.steps[0][1]) is FastColumns
    np.testing.assert_array_equal(fast.predict(_TRAINED), threshold.predict(_TRAINED))
    assert not np.array_equal(fast.predict(_TRAINED), search.predict(_TRAINED))


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize("kind", ["dense", "unknown categories have a number", "imputed words"])
def test_columns_of_another_type_are_left_to_scikit_learn(kind: str) -> None:
    """Types that the model was not trained on give what scikit-learn gives."""
    fast = _FAST[kind].steps[0][1]
    frame = _TRAINED.dropna()
    for changed in (
        frame.astype({"age": "float32", "fare": "float32", "rooms": "float32"}),
        frame.astype({"rooms": bool}),
        frame.astype({"rooms": object}),
        frame.astype({"rooms": "Int64"}),
        frame.astype({"sex": "category"}),
        frame.astype({"sex": "string"}),
        frame.astype({"sex": "str", "port": "str"}),
        frame[frame.columns[::-1]],
        frame.assign(more=1),
        frame.drop(columns="age"),
        frame.iloc[:0],
    ):
        _assert_same(fast, _FITTED[kind], changed)


@pytest.mark.parametrize(
    "transformer",
    [
        make_column_transformer((TfidfVectorizer(), "sex")),
        make_column_transformer((TfidfVectorizer(), "sex"), (StandardScaler(), ["fare"])),
        make_column_transformer(("passthrough", _NUMBERS)),
        make_column_transformer((StandardScaler(), _NUMBERS)).set_output(transform="pandas"),
        make_column_transformer((OneHotEncoder(max_categories=2), _WORDS)),
        make_column_transformer((OneHotEncoder(dtype=np.float32), _WORDS)),
        make_column_transformer((SimpleImputer(add_indicator=True), _NUMBERS)),
    ],
    ids=[
        "words",
        "words and numbers",
        "nothing to do",
        "frames",
        "infrequent",
        "float32",
        "indicator",
    ],
)
def test_leaves_what_it_does_not_know(transformer: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Other transformers and settings run as they are, and nothing is logged about them."""
    caplog.set_level(logging.WARNING)
    transformer.fit(_TRAINED)
    last = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    assert faster_table(make_pipeline(transformer, last)) is None
    assert not caplog.text


def test_categories_of_boosted_histograms_are_encoded() -> None:
    """The encoder inside `HistGradientBoosting` is taken over with its trees."""
    frame = _TRAINED.assign(sex=_TRAINED["sex"].astype("category"))
    frame["port"] = frame["port"].astype("category")
    estimator = HistGradientBoostingRegressor(
        max_iter=20, categorical_features=_WORDS, min_samples_leaf=5
    )
    estimator.fit(frame, _TRAINED["fare"] * (_TRAINED["port"] == "S"))
    fast = faster_table(estimator)
    if fast is None:
        pytest.skip("nothing was compiled")
    assert isinstance(fast._preprocessor, FastColumns)
    others = _frame(500, seed=4)
    others.loc[::13, "port"] = "unheard-of"
    np.testing.assert_array_equal(fast.predict(others), estimator.predict(others))
