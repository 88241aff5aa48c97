"""What is counted of two models that score the same rows, and of labels."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, pearsonr

from shared.jobs.comparison import LARGEST, Comparison, changed
from shared.paired_test import difference_interval, exact_p
from shared.signature import SENTIMENT, Output
from training.intervals import right_rows
from worker.steps.comparing import Scored, comparisons_of
from worker.steps.label_test import Labels

NUMBER = Output(name="value")
LABEL = Output(name="label", type="string", meaning="label")


def compare(output: Output, first: list[Any], second: list[Any], **more: Any) -> Comparison:
    other = output.model_copy(update={"name": f"{output.name}@b"})
    errors = more.pop("errors", [None] * len(first))
    refs = [f"r{row}" for row in range(len(first))]
    found = comparisons_of(
        Scored([output, other], "@b", [first, second], errors, refs, 100, **more)
    )
    [one] = found
    return one


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=3, max_size=50))
def test_moments_are_those_of_numpy(pairs: list[tuple[float, float]]) -> None:
    """Means, spreads and the correlation come from the sums that are counted."""
    first, second = np.array(pairs).T
    found = compare(NUMBER, first.tolist(), second.tolist())
    assert found.counts.rows == len(pairs)
    assert found.moments.shift_mean == pytest.approx((second - first).mean(), abs=1e-6)
    assert found.moments.shift_square == pytest.approx(
        (second - first).var() * len(pairs), rel=1e-6, abs=1e-6
    )
    if min(first.std(), second.std()) > 1:
        r = (
            found.moments.product
            / (found.moments.first_square * found.moments.second_square) ** 0.5
        )
        assert r == pytest.approx(pearsonr(first, second).statistic, abs=1e-9)


def test_only_rows_with_both_values_are_compared() -> None:
    """A row with an error is left out; one that the second model could not score is counted."""
    found = compare(
        SENTIMENT.outputs[0],
        [0.1, 0.2, None, 0.9],
        [0.1, None, None, 0.4],
        errors=[None, None, "the text is empty", None],
    )
    assert found.counts.model_dump(exclude_defaults=True) == {
        "rows": 2,
        "unscored": 1,
        "equal": 1,
        "same_side": 1,
        "within_first": 1,
        "within_second": 1,
        "within_third": 1,
    }
    [largest] = found.largest
    assert (largest.row, largest.ref, largest.first, largest.second) == (104, "r3", "0.9", "0.4")


def test_the_largest_differences_come_first() -> None:
    """Ten rows are kept, which differ most; of those that differ equally the first ones."""
    second = [0.0, 5.0, 5.0, 7.0, *[1.0] * 20]
    found = compare(NUMBER, [0.0] * len(second), second)
    assert [one.row for one in found.largest] == [104, 102, 103, *range(105, 112)]
    assert len(found.largest) == LARGEST


def test_changes_of_classes_are_counted() -> None:
    """Of values that are no numbers it is counted which became which."""
    found = compare(LABEL, ["a", "a", "b", "a"], ["a", "b", "b", "b"])
    assert found.counts.equal == 2
    [(text, rows)] = found.changes.counts.items()
    assert (changed(LABEL, text), rows) == (("a", "b"), 2)
    assert [one.row for one in found.largest] == [102, 104]


def test_large_integers_differ_by_one() -> None:
    """Integers that are equal as doubles are not taken for equal."""
    big = Output(name="id", type="long")
    found = compare(big, [2**60], [2**60 + 1])
    assert found.counts.equal == 0
    assert json.loads(found.largest[0].second) == 2**60 + 1


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=1))
def test_sentiment_is_judged_as_by_evaluate(rows: list[tuple[float, float, float]]) -> None:
    """A score is right, and a label neutral, exactly as `scorelane evaluate` says."""
    first, second, wanted = np.array(rows).T
    labels = Labels("truth", [repr(float(one)) for one in wanted])
    counts = compare(SENTIMENT.outputs[0], first.tolist(), second.tolist(), labels=labels).counts
    one, other = right_rows(first, wanted), right_rows(second, wanted)
    assert counts.labelled == len(one)
    assert counts.neutral == len(wanted) - len(one)
    assert counts.both == (one & other).sum()
    assert counts.only_first == (one & ~other).sum()
    assert counts.only_second == (other & ~one).sum()


@pytest.mark.parametrize(
    ("output", "first", "second", "cells", "expected"),
    [
        (LABEL, ["a", "b", "a"], ["b", "b", "b"], [" a", "b", ""], (2, 1, 1, 1, 0)),
        (
            Output(name="yes", type="boolean"),
            [True, False],
            [True, True],
            ["no", "maybe"],
            (1, 1, 0, 0, 0),
        ),
        (
            Output(name="p", meaning="probability", of="1", minimum=0, maximum=1),
            [0.9, 0.2, 0.9],
            [0.4, 0.2, 0.8],
            ["1.0", "0", "x"],
            (3, 0, 1, 1, 0),
        ),
        (NUMBER, [1.0, 2.0, 3.0], [1.5, 2.5, 3.0], ["1", "2.4", "?"], (2, 1, 0, 1, 1)),
    ],
)
def test_labels_of_every_kind(
    output: Output,
    first: list[Any],
    second: list[Any],
    cells: list[str],
    expected: tuple[int, ...],
) -> None:
    """A label that cannot be read is counted, and is no error."""
    counts = compare(output, first, second, labels=Labels("truth", cells)).counts
    found = counts.labelled, counts.unreadable, counts.both, counts.only_first, counts.only_second
    assert found == expected


def test_fifths_and_decimal_commas() -> None:
    """`label5` has 0 to 4; numbers are read with the decimal sign of the file."""
    [score] = SENTIMENT.outputs
    fifths = compare(score, [0.9, 0.9], [0.1, 0.1], labels=Labels("label5", ["4", "2"]))
    assert (fifths.counts.labelled, fifths.counts.neutral) == (1, 1)
    commas = compare(score, [0.9], [0.1], labels=Labels("truth", ["0,75"], ","))
    assert commas.counts.only_first == 1


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_exact_test_is_that_of_scipy(better: int, worse: int) -> None:
    """McNemar's exact test is the binomial test of the rows on which one model is right."""
    expected = binomtest(better, better + worse).pvalue if better + worse else 1.0
    assert exact_p(better, worse) == pytest.approx(expected, rel=1e-9)


def test_the_exact_test_of_many_rows() -> None:
    """Millions of rows take no longer than their tail, and lose few digits."""
    assert exact_p(500_000, 502_000) == pytest.approx(
        binomtest(500_000, 1_002_000).pvalue, rel=1e-6
    )
    assert exact_p(0, 10**8) == 0.0


def test_the_interval_has_the_difference_in_it() -> None:
    """The interval is about the difference of the accuracies, and narrower with more rows."""
    low, high = difference_interval(30, 10, 200)
    assert low < 0.1 < high
    lower, higher = difference_interval(300, 100, 2000)
    assert higher - lower < high - low
