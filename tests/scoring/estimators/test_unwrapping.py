from typing import Any

import joblib
import numpy as np
import pytest

# isort: split
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import Pipeline, make_pipeline

from scoring.estimators.unwrapping import unwrapped
from scoring.sklearn_model import SklearnModel
from scoring.words.word_pipeline import WordPipeline
from shared.card import write_card
from shared.model import load_model

TEXTS = ["good", "bad", "very good", "very bad", "fine", "dull", "so good", "so bad"] * 10
LABELS = [1, 0] * 40
NEW = ["good", "", "d\u00e9j\u00e0 good \U0001f642", "BAD dull", "unknown"]


def pipeline() -> Any:
    return make_pipeline(TfidfVectorizer(), LogisticRegression())


GRID = {"logisticregression__C": [0.1, 1.0]}

WRAPPED = [
    GridSearchCV(pipeline(), GRID, cv=2),
    RandomizedSearchCV(pipeline(), GRID, n_iter=2, cv=2, random_state=0),
    HalvingGridSearchCV(pipeline(), GRID, cv=2, random_state=0),
    HalvingRandomSearchCV(pipeline(), GRID, n_candidates=2, cv=2, random_state=1),
    TunedThresholdClassifierCV(pipeline(), cv=2),
    FixedThresholdClassifier(pipeline(), threshold=0.9),
    GridSearchCV(FixedThresholdClassifier(pipeline(), threshold=0.9), {}, cv=2),
]


@pytest.mark.parametrize("estimator", WRAPPED)
def test_a_search_is_served_as_the_pipeline_in_it(tmp_path: Any, estimator: Any) -> None:
    """Searches and threshold classifiers run in the word path, with their own probabilities."""
    estimator.fit(TEXTS, LABELS)
    joblib.dump(estimator, tmp_path / "model.pkl")
    write_card(tmp_path, name="mine", format="pkl", files=["model.pkl"], options={})
    model = load_model(tmp_path)
    assert isinstance(model, SklearnModel)
    assert isinstance(model._estimator, WordPipeline)
    expected = estimator.predict_proba(NEW)[:, 1]
    np.testing.assert_allclose(model.numbers(NEW), expected, rtol=0, atol=1e-12)


def test_a_threshold_for_a_fitted_estimator_is_unwrapped() -> None:
    """A threshold classifier that was made of a fitted estimator has that estimator's scores."""
    estimator = FixedThresholdClassifier(pipeline().fit(TEXTS, LABELS))
    assert isinstance(unwrapped(estimator), Pipeline)


def test_a_regressor_in_a_search_predicts_the_same() -> None:
    """The predictions of a searched regressor are those of the best one."""
    search = GridSearchCV(make_pipeline(TfidfVectorizer(), Ridge()), {}, cv=2).fit(TEXTS, LABELS)
    np.testing.assert_array_equal(unwrapped(search).predict(NEW), search.predict(NEW))


def test_a_search_without_refit_stays_as_it_is() -> None:
    """A search that kept no estimator has nothing inside."""
    search = GridSearchCV(pipeline(), GRID, cv=2, refit=False).fit(TEXTS, LABELS)
    assert unwrapped(search) is search


def test_a_class_of_ones_own_stays_as_it_is() -> None:
    """A subclass may give other probabilities than the estimator in it."""
    own = type("Own", (GridSearchCV,), {})(pipeline(), GRID, cv=2).fit(TEXTS, LABELS)
    assert unwrapped(own) is own
