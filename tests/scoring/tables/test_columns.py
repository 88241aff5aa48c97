"""What takes over for scikit-learn's first transformers makes the same matrices."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mixed_columns import FAST, FITTED, TRAINED, TRANSFORMERS, WORDS

from scoring.tables.fast_columns import FastColumns

pytestmark = pytest.mark.usefixtures("one_thread")


def _outcome(transformer: Any, frame: pd.DataFrame) -> Any:
    try:
        found = transformer.transform(frame)
    except (ValueError, TypeError) as error:
        return type(error), str(error)
    return type(found), found.toarray() if hasattr(found, "toarray") else found


def _assert_same(fast: Any, slow: Any, frame: pd.DataFrame) -> None:
    (found_type, found), (expected_type, expected) = _outcome(fast, frame), _outcome(slow, frame)
    assert found_type is expected_type
    if isinstance(expected, str):
        assert found == expected
        return
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


_cells = {
    "age": st.one_of(st.floats(width=64), st.sampled_from([np.nan, 0.0, -0.0, 1e308, 40.0])),
    "fare": st.floats(0, 1e6),
    "rooms": st.integers(0, 7),
    "sex": st.sampled_from(["female", "male", "female", "male", "other", np.nan]),
    "port": st.sampled_from(["S", "C", "Q", "", "s", np.nan, None, 1]),
}


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize("kind", TRANSFORMERS)
@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries(_cells), min_size=1, max_size=12))
def test_matrices_are_identical(kind: str, rows: list[dict[str, Any]]) -> None:
    """Matrix, type of matrix and exceptions are scikit-learn's, for any cells."""
    fast = FAST[kind]
    assert fast is not None
    assert isinstance(fast.steps[0][1], FastColumns)
    columns = {name: [row[name] for row in rows] for name in _cells}
    frame = pd.DataFrame(
        {
            name: pd.Series(values, dtype=object if name in WORDS else None)
            for name, values in columns.items()
        }
    )
    with np.errstate(all="ignore"):
        _assert_same(fast.steps[0][1], FITTED[kind], frame)


def test_columns_in_another_order_are_found_by_their_names() -> None:
    """A column transformer needs neither the order of the fit, nor columns that it drops."""
    fast, slow = FAST["selected by place"].steps[0][1], FITTED["selected by place"]
    frame = TRAINED[["sex", "fare", "age"]].assign(more=1)
    np.testing.assert_array_equal(fast.matrix(frame), slow.transform(frame))


@pytest.mark.filterwarnings("ignore:Found unknown categories")
@pytest.mark.parametrize("kind", ["dense", "unknown categories have a number", "imputed words"])
def test_columns_of_another_type_are_left_to_scikit_learn(kind: str) -> None:
    """Types that the model was not trained on give what scikit-learn gives."""
    fast = FAST[kind].steps[0][1]
    frame = TRAINED.dropna()
    for changed in (
        frame.astype({"age": "float32", "fare": "float32", "rooms": "float32"}),
        frame.astype({"rooms": bool}),
        frame.astype({"rooms": object}),
        frame.astype({"rooms": "Int64"}),
        frame.astype({"sex": "category"}),
        frame.astype({"sex": "string"}),
        frame.astype({"sex": "str", "port": "str"}),
        frame[frame.columns[::-1]],
        frame.assign(more=1),
        frame.drop(columns="age"),
        frame.iloc[:0],
    ):
        _assert_same(fast, FITTED[kind], changed)
