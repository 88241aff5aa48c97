"""Workers write the bytes that `csv_results.render` writes, also where nothing was compiled."""

import math
import random
import struct
from array import array
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tables import csv_results
from shared.tables.spans import Coded, RowNumbers, SharedValues, Spans
from worker.tables.written_columns import spans_of
from worker.tables.written_rows import render

#: Cells that have to be quoted or escaped, and such as look like it.
CELLS = [
    "", "plain", "a,b", 'a"b', "a\nb", "a\r", "=1+1", "-5", "-5.5e3", "+", "-", "--1", "@x", "\tx",
    "'=1", "'x", "''", "\rx", "-1,5", "-\u0661", "caf\u00e9 \u20ac \U0001f600", "\0", "a\0,b",
    "-1\n", "x" * 40, "+1e400", "-" + "1" * 25, '"', ",", "'-",
    "sixteen bytes ab", "seventeen bytes a",
]  # fmt: skip
cells = st.one_of(st.sampled_from(CELLS), st.text(max_size=20))


def as_is(cells: list[str]) -> list[str]:
    return cells


def coded(values: list[Any]) -> Coded:
    different = list(dict.fromkeys(values))
    return Coded(array("i", map(different.index, values)), different)


def shared(values: list[Any]) -> Coded:
    """Codes of values of which some are not used."""
    different = SharedValues([*CELLS, *dict.fromkeys(values), None])
    return Coded(array("i", map(different.index, values)), different)


def in_parts(cells: list[str]) -> Spans:
    """Spans of which every second one is not in the content."""
    content = "".join(cells[::2]).encode()
    extra = "".join(cells[1::2]).encode()
    begins, ends = array("q"), array("q")
    at, beyond = 0, len(content)
    for row, cell in enumerate(cells):
        size = len(cell.encode())
        begin = beyond if row % 2 else at
        begins.append(begin)
        ends.append(begin + size)
        at, beyond = (at, beyond + size) if row % 2 else (at + size, beyond)
    return Spans(content, begins, ends, extra)


@st.composite
def results(
    draw: st.DrawFn,
) -> tuple[list[str], list[list[Any]], list[str | None], list[list[str]]]:
    rows = draw(st.integers(0, 30))

    def column(of: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(of, min_size=rows, max_size=rows))

    errors = column(st.one_of(st.none(), st.sampled_from([*CELLS, "age is missing"])))
    kinds = st.sampled_from(
        [
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-(2**63), 2**63 - 1),
            st.booleans(),
            st.sampled_from(CELLS),
        ]
    )
    outputs = [
        [None if errors[row] else one for row, one in enumerate(column(kind))]
        for kind in draw(st.lists(kinds, min_size=1, max_size=4))
    ]
    extras = [column(cells) for _ in range(draw(st.integers(0, 3)))]
    return column(cells), outputs, errors, extras


@given(
    results(),
    st.sampled_from([as_is, spans_of, in_parts, coded]),
    st.sampled_from([as_is, coded, shared]),
)
def test_writes_the_same_bytes(
    result: tuple[list[str], list[list[Any]], list[str | None], list[list[str]]],
    lazy: Any,
    as_labels: Any,
) -> None:
    """Rows of any cells, values and errors are written as by Python, however lazy they are."""
    refs, outputs, errors, extras = result
    if not refs:
        lazy = as_is
    labels = [as_labels(values) if str in set(map(type, values)) else values for values in outputs]
    # What is kept of shared values is used the second time.
    for _ in range(2):
        found = render(lazy(refs), labels, errors, list(map(lazy, extras)))
        assert found == csv_results.render(refs, outputs, errors, extras)


@pytest.mark.parametrize("values", [
    np.array([0.1, -0.0, 1e-7, 1e22, 5e-324, np.nan]),
    np.array([0.1, 0.25, 3, 1, 1, 1], dtype=np.float32),
    np.array([2**63 - 1, -(2**63), 0, 1, 2, 3]),
    np.array([True, False, True, True, True, True]),
    np.array(["a", "b,c", None, "=1", "", "x"], dtype=object),
    np.arange(12.0)[::2],
    np.full(6, np.inf),
    np.full(6, -np.inf),
])  # fmt: skip
def test_arrays_are_written_as_lists(values: Any) -> None:
    """Arrays of all kinds give the bytes of their lists."""
    numbers: list[Any] = [
        None if isinstance(value, float) and not math.isfinite(value) else value
        for value in values.tolist()
    ]
    refs, errors = RowNumbers(range(7, 13)), [None] * 6
    assert render(refs, [values], errors) == csv_results.render([*refs], [numbers], errors)


def test_digits_are_those_of_before() -> None:
    """Random doubles have the same digits, which read back equal."""
    draws = random.Random(17)  # noqa: S311  no secret
    bits: Sequence[int] = [draws.getrandbits(64) for _ in range(200_000)]
    doubles = np.frombuffer(struct.pack(f"{len(bits)}Q", *bits), dtype=float)
    doubles = doubles[np.isfinite(doubles)]
    refs, errors = RowNumbers(range(1, len(doubles) + 1)), [None] * len(doubles)
    found = render(refs, [doubles, doubles], errors)
    values = doubles.tolist()
    assert found == csv_results.render([*refs], [values, values], errors)
    assert [float(line.split(b",")[1]) for line in found.splitlines()] == values


#: Numbers with few decimals, and such as look like them: beyond the sizes that are written from
#: integers, a step beside them, with a decimal too many, or none at all.
SHORT = st.integers(-(10**15) - 10, 10**15 + 10).map(lambda scaled: scaled / 10**12)
DECIMALS = st.one_of(
    SHORT,
    st.builds(
        lambda scaled, power: scaled / 10**power, st.integers(-1100, 1100), st.integers(0, 17)
    ),
    SHORT.map(lambda number: math.nextafter(number, math.inf)),
    st.integers(-(10**14), 10**14).map(lambda scaled: scaled / 10**13),
    st.sampled_from([0.0, -0.0, 1e-5, 9.99999e-6, 999.999999999999, 1000.0, math.nan, math.inf]),
    st.floats(),
)


@given(st.lists(SHORT, min_size=1, max_size=8), st.lists(DECIMALS, max_size=7))
def test_numbers_with_few_decimals_have_the_shortest_digits(
    most: list[float], others: list[float]
) -> None:
    """A column of numbers with few decimals, and some others, is written as by Python."""
    numbers = [one for pair in zip_longest(most, others) for one in pair if one is not None]
    refs, errors = RowNumbers(range(1, len(numbers) + 1)), [None] * len(numbers)
    lists = [one if math.isfinite(one) else None for one in numbers]
    found = render(refs, [np.array(numbers), np.arange(len(numbers))], errors)
    assert found == csv_results.render([*refs], [lists, list(range(len(numbers)))], errors)


def test_columns_of_other_lengths_are_refused() -> None:
    """No row is written with the cells of another one."""
    with pytest.raises(ValueError, match=r"length|shorter"):
        render(["1", "2"], [[0.5]], [None, None])
