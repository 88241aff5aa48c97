"""Lazy columns behave as lists of their values do."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tables.spans import Coded, RowNumbers, Spans, joined

CONTENT = "one,two,caf\u00e9\n".encode()
TABLE = Spans(CONTENT, array("q", [0, 4, 8, 14]), array("q", [3, 7, 13, 16]), b'"x')
ALL = ["one", "two", "caf\u00e9", '"x']


def test_spans_are_the_cells_of_a_csv() -> None:
    """A span beyond the end of the CSV means a cell that was copied."""
    assert list(TABLE) == TABLE.tolist() == ALL
    assert TABLE == ALL
    assert [*ALL[:3], "y"] != TABLE
    assert (TABLE[1], TABLE[-1], TABLE[1:3].tolist()) == ("two", '"x', ALL[1:3])
    assert repr(TABLE[:1]) == "Spans(['one'])"
    with pytest.raises(IndexError):
        TABLE[4]


def test_runs_of_spans_are_joined() -> None:
    """The copied cells of the second run come after those of the first."""
    then = Spans(CONTENT, array("q", [14, 0]), array("q", [15, 3]), b"z")
    both = joined(TABLE, then)
    assert isinstance(both, Spans)
    assert both == [*ALL, "z", "one"]
    assert joined(then, TABLE) == ["z", "one", *ALL]


@given(st.lists(st.sampled_from(["a", None, "b"])), st.slices(9))
def test_codes_are_their_values(values: list[str | None], part: slice) -> None:
    """A column of codes has the values that the codes mean."""
    different: list[str | None] = ["a", "b", None]
    column = Coded(array("i", map(different.index, values)), different)
    assert column == values
    assert column[part] == values[part]


@given(st.integers(0, 99), st.integers(0, 9), st.integers(0, 9), st.slices(9))
def test_row_numbers_are_strings(first: int, rows: int, more: int, part: slice) -> None:
    """The numbers of rows can be joined and cut."""
    numbers = RowNumbers(range(first, first + rows))
    expected = [str(number) for number in range(first, first + rows + more)]
    assert numbers == expected[:rows]
    assert numbers[part] == expected[:rows][part]
    then = RowNumbers(range(first + rows, first + rows + more))
    assert joined(numbers, then) == expected
    assert joined(then, numbers) == [*expected[rows:], *expected[:rows]]


def test_others_are_joined_as_lists() -> None:
    """Columns of two kinds become a list, and lists and arrays grow."""
    assert joined(TABLE, ["x"]) == [*ALL, "x"]
    assert joined(["x"], TABLE) == ["x", *ALL]
    assert joined(Coded(array("i", [0]), ["a"]), ["b"]) == ["a", "b"]
    assert joined(array("d", [1.5]), [2.5]) == array("d", [1.5, 2.5])
