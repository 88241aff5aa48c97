"""Outputs of every kind, and summaries of their rows."""

import math
from itertools import zip_longest
from typing import Any

import pytest
from hypothesis import strategies as st

from shared.jobs.sketch import Numbers
from shared.jobs.summary import Summary
from shared.signature import Output

#: One output of each way in which a summary counts: a row is `(double, long, text, boolean)`.
OUTPUTS = (
    Output(name="probability", meaning="probability", minimum=0, maximum=1),
    Output(name="prediction"),
    Output(name="number", type="long"),
    Output(name="label", type="string", meaning="label"),
    Output(name="yes", type="boolean"),
    Output(name="narrow", minimum=-1e-3, maximum=1e-3),
)

LABELS = st.sampled_from(["a", "b", "", "1", 'ü"\\/\x00', "x" * 300]) | st.text(max_size=3)


def columns_of(rows: list[Any]) -> list[list[Any]]:
    """The columns of `OUTPUTS`."""
    shares = [math.frexp(double)[0] ** 2 for double, _, _, _ in rows]
    return [shares, *([row[at] for row in rows] for at in (0, 1, 2, 3, 0))]


def summed_up(rows: list[Any]) -> Summary:
    """The summary of rows without errors."""
    return Summary.of(OUTPUTS, columns_of(rows), [None] * len(rows))


def check_equal(one: Summary, other: Summary) -> None:
    """The summaries are equal, except for rounding by the order of the additions."""
    for first, second in zip_longest(one.outputs, other.outputs):
        if first is None or second is None:
            assert (first or second).count == 0
            continue
        assert first.model_dump(exclude={"total"}) == second.model_dump(exclude={"total"})
        if isinstance(first, Numbers) and isinstance(second, Numbers):
            _check_totals(first, second)
    assert one.errors == other.errors


def _check_totals(one: Numbers, other: Numbers) -> None:
    # The order of additions decides whether a sum near the largest double is beyond it.
    if one.total is not None and other.total is not None:
        # The values may cancel each other out: then the rounding is as large as they are.
        largest = max(abs(one.least or 0), abs(one.most or 0))
        assert one.total == pytest.approx(other.total, rel=1e-9, abs=1e-9 * float(largest))
