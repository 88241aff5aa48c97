"""Estimators whose first transformers are taken over give the same results."""

import logging
from typing import Any

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from support.mixed_columns import CLASSES, NUMBERS, TRAINED, TRANSFORMERS, WORDS, people

from scoring.tables.fast_columns import FastColumns
from scoring.tables.faster import faster_table
from scoring.tables.linear_columns import UnmadeColumns

pytestmark = pytest.mark.usefixtures("one_thread")


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
    estimator = make_pipeline(TRANSFORMERS[kind], SimpleImputer(), last)
    estimator.fit(TRAINED, CLASSES)
    fast = faster_table(estimator)
    assert fast is not None
    frame = people(1000, seed=3)
    np.testing.assert_array_equal(fast.predict(frame), estimator.predict(frame))
    np.testing.assert_array_equal(fast.classes_, estimator.classes_)
    if hasattr(estimator, "predict_proba"):
        np.testing.assert_array_equal(fast.predict_proba(frame), estimator.predict_proba(frame))


def test_scalers_of_all_columns_are_taken_over() -> None:
    """A pipeline without a column transformer is faster too; the columns' order is checked."""
    frame = TRAINED[NUMBERS]
    estimator = make_pipeline(SimpleImputer(), StandardScaler(), LinearRegression())
    estimator.fit(frame, frame["fare"] * 2)
    fast = faster_table(estimator)
    assert [type(step) for _, step in fast.steps] == [UnmadeColumns, LinearRegression]
    np.testing.assert_allclose(fast.predict(frame), estimator.predict(frame), 1e-12, 1e-12)
    with pytest.raises(ValueError, match="feature names should match"):
        fast.predict(frame[NUMBERS[::-1]])


def test_an_unknown_category_is_refused_as_by_scikit_learn() -> None:
    """The message names the category, so the row can be found."""
    estimator = make_pipeline(TRANSFORMERS["imputed words"], SimpleImputer(), LinearRegression())
    estimator.fit(TRAINED, TRAINED["fare"])
    fast = faster_table(estimator)
    frame = TRAINED.copy()
    frame.loc[77, "sex"] = "unheard-of"
    with pytest.raises(ValueError, match=r"unknown categories \['unheard-of'\]"):
        fast.predict(frame)
    np.testing.assert_array_equal(fast.predict(TRAINED), estimator.predict(TRAINED))


def test_searches_and_thresholds_keep_their_own_predictions() -> None:
    """The estimator inside a search or threshold classifier is replaced; its classes stay."""
    inside = make_pipeline(TRANSFORMERS["dense"], SimpleImputer(), LogisticRegression())
    search = GridSearchCV(inside, {"logisticregression__C": [0.1, 1]}, cv=2)
    search.fit(TRAINED, CLASSES)
    threshold = FixedThresholdClassifier(search, threshold=0.7).fit(TRAINED, CLASSES)
    fast = faster_table(threshold)
    assert type(fast.estimator_.best_estimator_.steps[0][1]) is FastColumns
    np.testing.assert_array_equal(fast.predict(TRAINED), threshold.predict(TRAINED))
    assert not np.array_equal(fast.predict(TRAINED), search.predict(TRAINED))


@pytest.mark.parametrize(
    "transformer",
    [
        make_column_transformer((TfidfVectorizer(), "sex")),
        make_column_transformer((TfidfVectorizer(), "sex"), (StandardScaler(), ["fare"])),
        make_column_transformer(("passthrough", NUMBERS)),
        make_column_transformer((StandardScaler(), NUMBERS)).set_output(transform="pandas"),
        make_column_transformer((OneHotEncoder(max_categories=2), WORDS)),
        make_column_transformer((OneHotEncoder(dtype=np.float32), WORDS)),
        make_column_transformer((SimpleImputer(add_indicator=True), NUMBERS)),
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
    transformer.fit(TRAINED)
    last = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    assert faster_table(make_pipeline(transformer, last)) is None
    assert not caplog.text


def test_categories_of_boosted_histograms_are_encoded() -> None:
    """The encoder inside `HistGradientBoosting` is taken over with its trees."""
    frame = TRAINED.assign(sex=TRAINED["sex"].astype("category"))
    frame["port"] = frame["port"].astype("category")
    estimator = HistGradientBoostingRegressor(
        max_iter=20, categorical_features=WORDS, min_samples_leaf=5
    )
    estimator.fit(frame, TRAINED["fare"] * (TRAINED["port"] == "S"))
    fast = faster_table(estimator)
    if fast is None:
        pytest.skip("nothing was compiled")
    assert isinstance(fast._preprocessor, FastColumns)
    others = people(500, seed=4)
    others.loc[::13, "port"] = "unheard-of"
    np.testing.assert_array_equal(fast.predict(others), estimator.predict(others))
