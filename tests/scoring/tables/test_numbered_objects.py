"""The different objects of many cells are found by their identity."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.tables.column_values import CategoryColumn, numbered_objects

#: Equal, and yet not the same: the identity decides, so nothing is merged.
ODD = ["a", "b", "", None, np.nan, float("nan"), 1, 1.0, True, "".join(["a", "b"])]


@given(places=st.lists(st.integers(0, len(ODD) - 1), min_size=1, max_size=300))
def test_each_cell_is_its_object(places: list[int]) -> None:
    """Numbers and objects give each cell back, the very object."""
    cells = np.array(ODD, dtype=object).take(places)
    numbers, objects = numbered_objects(cells)
    found = objects if numbers is None else [objects[number] for number in numbers]
    assert len(found) == len(cells)
    assert all(one is other for one, other in zip(found, cells, strict=True))
    assert len(objects) <= len(ODD) or numbers is None


def test_every_second_cell_of_an_array_is_read() -> None:
    """Cells that are no neighbours in memory are those of the array."""
    cells = np.array([*ODD, *"xyz"] * 50, dtype=object)[::2]
    numbers, objects = numbered_objects(cells)
    assert numbers is not None
    assert all(objects[number] is cell for number, cell in zip(numbers, cells, strict=True))


def test_cells_that_all_differ_are_given_as_they_are() -> None:
    """Where nothing is gained, there are no numbers."""
    cells = np.array([f"text {number}" for number in range(1000)], dtype=object)
    assert numbered_objects(cells) == (None, cells.tolist())


@pytest.mark.parametrize("count", [1, 99, 100, 5000])
def test_categories_are_the_same_for_few_cells_and_for_many(count: int) -> None:
    """The number of a category does not depend on how many cells there are."""
    column = CategoryColumn(np.array(["a", "b", 1, np.nan], dtype=object))
    cells = pd.Series([ODD[place % len(ODD)] for place in range(count)], dtype=object)
    expected: list[Any] = [0, 1, -1, -1, 3, 3, 2, 2, 2, -1]
    assert column.codes(cells).tolist() == [expected[at % len(ODD)] for at in range(count)]
