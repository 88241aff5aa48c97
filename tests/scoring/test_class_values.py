import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.class_values import (
    expected_score,
    given_values,
    interval_middles,
    values_of_labels,
)


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        ([0, 1], [0, 1]),
        ([False, True], [0, 1]),
        (["negative", "positive"], [0, 1]),
        (["Negative", "Neutral", "Positive"], [0, 0.5, 1]),
        (["neg", "pos"], [0, 1]),
        ([1, 2, 3, 4, 5], [0, 0.25, 0.5, 0.75, 1]),
        (["1", "2", "3"], [0, 0.5, 1]),
        (["0", "1"], [0, 1]),
        ([-1, 1], [0, 1]),
        ([-1, 0, 1], [0, 0.5, 1]),
        ([-2, -1, 0, 1, 2], [0, 0.25, 0.5, 0.75, 1]),
        (["0.0", "0.3", "1.0"], [0, 0.3, 1]),
        (list(range(1, 11)), np.arange(10) / 9),
        (["5", "4", "3", "2", "1"], [1, 0.75, 0.5, 0.25, 0]),
    ],
)
def test_labels_give_class_values(labels, values):
    """Words of sentiment and numbers give class values; numbers are scaled to 0..1."""
    np.testing.assert_allclose(values_of_labels(labels), values)


@pytest.mark.parametrize("labels", [["ham", "spam"], ["a"], [1], ["negative", "other"], []])
def test_labels_without_a_meaning_are_refused(labels):
    """Unknown words and single classes are refused, and the message names the option to use."""
    with pytest.raises(ValueError, match="--positive"):
        values_of_labels(labels)


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 2],
        [0, 1, 2, 3, 4],
        list(range(20)),
        [1, 2],
        [1, 2, 3, 4],
        [0, 4],
        [1, 2, 3, 4, 6],
        [-1, 0, 2],
        [10, 20, 30],
        [1, 1, 1],
        [0, float("nan"), 1],
        ["3", "17"],
    ],
)
def test_numbers_that_may_be_ids_are_refused(labels):
    """Numbers that label encoders give, and numbers with gaps, may be ids of topics."""
    with pytest.raises(ValueError, match=r"do not say how positive.*--class-values"):
        values_of_labels(labels)


def test_the_refusal_of_numbers_names_the_option_for_grades():
    """If the numbers are grades after all, the message has the option to copy."""
    with pytest.raises(ValueError, match=r"grades.*--class-values 0,0\.25,0\.5,0\.75,1$"):
        values_of_labels([0, 1, 2, 3, 4])


@pytest.mark.parametrize("values", [[0, 2], [0, 0.5, 1], ["a", "b"], [-0.1, 1], "01", 1])
def test_class_values_must_fit(values):
    """A card's class values must be one number in 0..1 per class."""
    with pytest.raises(ValueError, match="class values"):
        given_values({"class_values": values}, 2)


def test_class_values_are_optional():
    """Class values are optional in a card."""
    assert given_values({}, 2) is None


def test_ten_classes_are_the_deciles():
    """Ten classes get the midpoints of ten equal intervals; two classes get 0 and 1."""
    np.testing.assert_allclose(interval_middles(10), np.arange(0.05, 1, 0.1))
    np.testing.assert_allclose(interval_middles(2), [0, 1])


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1))
def test_a_score_never_leaves_the_interval(weights):
    """Whatever the rounding of the probabilities, a score is in 0..1."""
    probabilities = np.array(weights) + 1e-9
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    scores = expected_score(probabilities, np.array([0.0, 0.5, 1.0]))
    assert ((scores >= 0) & (scores <= 1)).all()
