"""Classes that an encoder has numbered get their names back."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from scoring.estimators.named_classes import with_class_names
from scoring.estimators.unwrapping import final_step, unwrapped

ROWS = np.array([[0.0], [1.0], [5.0], [6.0], [20.0], [21.0]])
NUMBERS = np.array([2, 2, 0, 0, 1, 1])
NAMES = ["pear", "apple", "fig"]


def named(estimator: Any, names: list[Any] = NAMES) -> Any:
    return with_class_names(estimator, {"class_names": names})


@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeClassifier(),
        LogisticRegression(),
        RidgeClassifier(),
        VotingClassifier([("tree", DecisionTreeClassifier())]),
        MLPClassifier(5, solver="lbfgs", random_state=0),
    ],
)
def test_predictions_have_the_names(estimator: Any) -> None:
    """Of every kind of classifier, whatever it computes its labels from."""
    estimator.fit(ROWS, NUMBERS)
    found = named(estimator)
    assert list(found.classes_) == NAMES
    assert found.predict(ROWS).tolist() == [NAMES[number] for number in estimator.predict(ROWS)]
    assert hasattr(found, "predict_proba") == hasattr(estimator, "predict_proba")
    assert unwrapped(found) is final_step(found) is estimator


def test_names_follow_the_order_of_the_classes() -> None:
    """Also if the model knows only some of the numbers, and if names are numbers."""
    estimator = DecisionTreeClassifier().fit(ROWS, NUMBERS + 3)
    assert named(estimator).predict(ROWS).tolist() == [
        "fig",
        "fig",
        "pear",
        "pear",
        "apple",
        "apple",
    ]
    assert named(estimator, [30, 10, 20]).predict(ROWS).tolist() == [20, 20, 30, 30, 10, 10]


def test_several_labels_stay_a_matrix() -> None:
    """Its columns are the classes, and its values say which of them are true."""
    matrix = np.array([[0, 1], [1, 1], [1, 0], [1, 0], [0, 1], [0, 0]])
    estimator = OneVsRestClassifier(DecisionTreeClassifier()).fit(ROWS, matrix)
    assert np.array_equal(named(estimator, ["a", "b"]).predict(ROWS), matrix)


@pytest.mark.parametrize(
    "estimator",
    [DecisionTreeClassifier().fit(ROWS, NUMBERS > 0), LinearRegression().fit(ROWS, NUMBERS)],
)
def test_another_number_of_names_is_refused(estimator: Any) -> None:
    """A name is never given to another class."""
    with pytest.raises(ValueError, match=r"its card names 3 classes, and it has [02]"):
        named(estimator)


def test_without_names_nothing_changes() -> None:
    """The estimator itself is used."""
    estimator = DecisionTreeClassifier()
    assert with_class_names(estimator, {}) is estimator
