from typing import Any

import joblib
import numpy as np
import pandas as pd
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
from sklearn.svm import LinearSVC

from scoring.estimators.predictions import Classes
from scoring.estimators.unwrapping import predicts_as_inside, unwrapped
from scoring.sklearn_model import SklearnModel
from scoring.words.word_pipeline import WordPipeline
from shared.card import write_card
from shared.model import load_model
from training.add_model import add_model

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


@pytest.mark.parametrize("names", [["bad", "good"], [0, 1]])
def test_labels_without_probabilities_are_those_of_the_pipeline(
    tmp_path: Any, names: list[Any]
) -> None:
    """They come from the fast path, except where a threshold or names decide after it."""
    labels = [names[label] for label in LABELS]
    inside = make_pipeline(TfidfVectorizer(), LinearSVC())
    whole = GridSearchCV(make_pipeline(TfidfVectorizer(), LinearSVC()), {}, cv=2)
    threshold = FixedThresholdClassifier(
        make_pipeline(TfidfVectorizer(), LinearSVC()), threshold=0.7, pos_label=names[1]
    )
    found = []
    for at, estimator in enumerate([inside, whole, threshold]):
        joblib.dump(estimator.fit(TEXTS, labels), tmp_path / "made.pkl")
        add_model(tmp_path / "made.pkl", name=f"mine{at}", output=tmp_path / "models")
        model = load_model(tmp_path / "models" / f"mine{at}")
        assert isinstance(model, SklearnModel)
        assert isinstance(model._estimator, WordPipeline)
        frame = pd.DataFrame({"text": pd.Series([*NEW, *TEXTS], dtype=object)})
        found.append(model.score(frame)["label"].tolist())
        assert found[-1] == estimator.predict([*NEW, *TEXTS]).tolist()
        assert isinstance(model._predictions, Classes)
        fast = getattr(model._predictions._predict, "__self__", None)
        assert isinstance(fast, WordPipeline) is predicts_as_inside(estimator)
    assert found[0] == found[1] != found[2]
