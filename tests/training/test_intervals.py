import numpy as np
import pytest

from training.evaluate import compare
from training.intervals import (
    accuracy_interval,
    adjusted,
    difference_interval,
    figure_intervals,
    paired_p,
    right_rows,
)


def test_neutral_rows_are_neither_right_nor_wrong():
    """Rows of the middle fifth are left out; others are compared at 0.5."""
    right = right_rows(np.array([0.9, 0.4, 0.4]), np.array([1.0, 0.5, 0.7]))
    assert right.tolist() == [True, False]


def test_an_interval_holds_the_accuracy_and_narrows_with_the_rows():
    """The interval extends about two standard errors to each side, and is repeatable."""
    few, many = np.arange(100) < 80, np.arange(10_000) < 8_000
    least, most = accuracy_interval(many)
    assert least < 0.8 < most
    assert most - least == pytest.approx(2 * 1.96 * np.sqrt(0.8 * 0.2 / 10_000), rel=0.1)
    wide = accuracy_interval(few)
    assert wide[1] - wide[0] > 5 * (most - least)
    assert accuracy_interval(few) == wide


def test_only_rows_that_differ_decide_between_models():
    """Equal models have p = 1; ten differing rows, all in favour of one model, have a small p."""
    rows = np.ones(100, dtype=bool)
    assert paired_p(rows, rows) == 1.0
    worse = rows.copy()
    worse[:10] = False
    assert paired_p(rows, worse) == pytest.approx(2 / 2**10)


def test_a_difference_has_a_narrower_interval_than_two_accuracies():
    """Rows that both models get right do not widen the interval of the difference."""
    first = np.arange(1000) < 850
    second = np.arange(1000) < 800
    least, most = difference_interval(first, second)
    assert 0.03 < least < 0.05 < most < 0.07
    assert difference_interval(first, first) == (0.0, 0.0)


def test_every_figure_has_an_interval():
    """Each interval contains its figure; the same seed gives the same intervals."""
    random = np.random.default_rng(0)
    labels = random.random(300)
    scores = np.clip(labels + random.normal(0, 0.2, 300), 0, 1)
    figures, intervals = compare(scores, labels), figure_intervals(scores, labels)
    assert intervals.keys() == figures.keys() - {"rows", "neutral_left_out"}
    for name in intervals.keys() - {
        "calibration_error"
    }:  # in a bootstrap sample it is larger, because noise adds up
        assert intervals[name][0] < figures[name] < intervals[name][1]
    assert figure_intervals(scores, labels) == intervals


def test_many_comparisons_need_smaller_p():
    """Holm's method multiplies the smallest of three p by three, and keeps the order."""
    assert adjusted([0.04, 0.01, 0.5]) == [0.08, 0.03, 0.5]
    assert adjusted([]) == []
