"""The summary of the outputs of some rows: numbers in bins and sketches, labels by value."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.doubles.summaries import put_together
from support.summaries import LABELS, OUTPUTS, check_equal, columns_of, summed_up

from shared.jobs.labels import MOST_CHARACTERS, MOST_VALUES, Labels, labels_of
from shared.jobs.sketch import (
    FINEST,
    Numbers,
    bounds_of,
    bucket_of,
    most_blocks,
    numbers_of,
    relative_error,
)
from shared.jobs.summary import Summary
from shared.signature import SENTIMENT, Output
from worker.steps.score_summary import summary_of

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(finite, st.integers(-(2**63), 2**63 - 1), LABELS, st.booleans())))
def test_many_rows_are_summed_up_as_few_are(rows: list[Any]) -> None:
    """The workers' summary with numpy equals the one made row by row; also of arrays."""
    columns = columns_of(rows)
    errors = [None if at % 3 else "the text is empty" for at in range(len(rows))]
    failed = len(errors) - errors.count(None)
    expected = Summary.of(OUTPUTS, columns, errors)
    check_equal(summary_of(OUTPUTS, columns, errors, failed), expected)
    arrays = [
        np.array(column, object if at in (3, 4) else None) for at, column in enumerate(columns)
    ]
    check_equal(summary_of(OUTPUTS, arrays, errors, failed), expected)  # type: ignore[arg-type]
    without = [None] * len(rows)
    check_equal(summary_of(OUTPUTS, columns, without, 0), Summary.of(OUTPUTS, columns, without))


@given(finite)
def test_a_value_lies_in_its_bucket(value: float) -> None:
    """The bounds of a bucket hold its value, at every width; zero has the tiniest values."""
    bucket = bucket_of(value)
    for shift in range(FINEST, 56):
        below, above = bounds_of(bucket >> (shift - FINEST), shift)
        if bucket:
            assert below <= value < above or below < value <= above
    assert bool(bucket) == (abs(value) >= 2.0**-1022)
    assert bucket_of(-value) == (~bucket if bucket else 0)


@given(st.lists(finite, min_size=2, unique=True))
def test_buckets_are_in_the_order_of_their_values(values: list[float]) -> None:
    """So a quantile is found by counting from the first bucket on."""
    buckets = [bucket_of(value) for value in sorted(values)]
    assert all(one <= other for one, other in pairwise(buckets))


@given(st.data())
def test_the_order_of_parts_does_not_matter(data: st.DataObject) -> None:
    """However rows are cut into parts, and in whatever order these are added."""
    row = st.tuples(finite, st.integers(-(2**63), 2**63 - 1), LABELS, st.booleans())
    rows = data.draw(st.lists(row, min_size=1))
    parts = data.draw(st.lists(st.lists(st.sampled_from(range(len(rows)))), max_size=8))
    everything = [rows[at] for part in parts for at in part]
    found = Summary()
    for part in data.draw(st.permutations(parts)):
        found = put_together(found, summed_up([rows[at] for at in part]))
    check_equal(found, summed_up(everything))


def test_a_sketch_is_bounded_whatever_the_values() -> None:
    """Doubles of all magnitudes take at most 64 blocks; the error grows, and is known."""
    random = np.random.default_rng(7)
    values = (10 ** random.uniform(-307, 307, 100_000) * random.choice([-1, 1], 100_000)).tolist()
    output = Output(name="prediction")
    for most in (64, 16):
        found = numbers_of(output, values, most)
        assert len(found.blocks) <= most
        assert found.count == len(values)
    assert relative_error(numbers_of(output, values, 64).shift) <= 1 / 3
    few = numbers_of(output, random.uniform(1, 1e9, 10_000).tolist(), 64)
    assert relative_error(few.shift) < 0.01
    assert relative_error(FINEST) < 0.000_13


def test_blocks_of_a_job_are_bounded() -> None:
    """A job with many numbers gives each of them fewer blocks."""
    assert [most_blocks(sketches) for sketches in (0, 1, 8, 16, 51)] == [64, 64, 64, 32, 16]


def test_labels_beyond_the_limit_are_not_told_apart() -> None:
    """With more than the limit of values none is counted on its own; long ones never are."""
    output = Output(name="label", type="string", meaning="label")
    values = [f"class {at}" for at in range(MOST_VALUES)]
    few = labels_of(output, [*values, "class 5", "x" * (MOST_CHARACTERS + 1), "\ud800"])
    assert (few.counts["class 5"], few.other, few.too_many) == (2, 2, False)
    many = labels_of(output, [*values, "another"])
    assert many == Labels(other=MOST_VALUES + 1, too_many=True)


def test_values_that_are_equal_are_one_label() -> None:
    """Zero and minus zero are one class, and so are True of Python and of numpy."""
    double = Output(name="label", type="double", meaning="label")
    assert labels_of(double, [0.0, -0.0, 1.5]).counts == {"0.0": 2, "1.5": 1}
    boolean = Output(name="label", type="boolean", meaning="label")
    assert labels_of(boolean, [True, np.True_, False]).counts == {"true": 2, "false": 1}


def test_ten_bins_of_an_older_release() -> None:
    """The outcome in the manifest of an older release is read as the score's."""
    old = {"bins": [0, 2, *[0] * 7, 1], "total": 1.25, "least": 0.125, "most": 1.0}
    found = Summary.model_validate(old | {"errors": {"empty": 4}})
    (numbers,) = found.outputs
    assert isinstance(numbers, Numbers)
    assert (numbers.count, numbers.total, numbers.least, numbers.most) == (3, 1.25, 0.125, 1.0)
    assert (found.rows, found.errors) == (7, {"empty": 4})
    nothing = {"bins": [0] * 10, "total": 0.0, "least": None, "most": None, "errors": {}}
    assert Summary.model_validate(nothing) == Summary()


def test_a_summary_survives_json() -> None:
    """Also one whose sum is beyond the range of a double, and integers that no double has."""
    rows: list[Any] = [(1.7e308, 2**63 - 1, "a", True), (1.7e308, 2**63 - 2, "b", False)]
    found = summed_up(rows)
    again = Summary.model_validate_json(found.model_dump_json())
    assert again == found
    numbers, whole = again.outputs[1:3]
    assert isinstance(numbers, Numbers)
    assert isinstance(whole, Numbers)
    assert numbers.total is None
    assert (whole.least, whole.most) == (2**63 - 2, 2**63 - 1)


@pytest.mark.parametrize("tenth", range(11))
def test_the_bins_of_a_score_are_tenths(tenth: int) -> None:
    """Around the edge of a tenth a score is counted as `int(10 * score)` says."""
    edge = tenth / 10
    for score in (math.nextafter(edge, 0), edge, min(math.nextafter(edge, 2), 1.0)):
        (numbers,) = Summary.of(SENTIMENT.outputs, [[score]], [None]).outputs
        assert isinstance(numbers, Numbers)
        assert numbers.blocks[0].index(1) // 10 == min(int(score * 10), 9)
