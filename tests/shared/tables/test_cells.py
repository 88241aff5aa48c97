"""Cells become typed values, or errors that name the column and the value."""

import math
from array import array
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.signature import Input
from shared.tables.cells import MISSING_WORDS, parse_cell, parse_cells
from shared.tables.json_values import decode
from shared.tables.typed_columns import NO_TIME, Column, value_at
from worker.steps.frames import frame_of

AGE = Input(name="age", type="double")
ROOMS = Input(name="rooms", type="long")
ALIVE = Input(name="alive", type="boolean")
SEX = Input(name="sex")
BORN = Input(name="born", type="datetime")


def optional(column: Input) -> Input:
    return column.model_copy(update={"required": False})


def value(column: Input, cell: Any, decimal: str = ".") -> Any:
    return parse_cell(column, cell, 20, decimal)


def error(column: Input, cell: Any, decimal: str = ".") -> str:
    with pytest.raises(ValueError, match=column.name) as found:
        parse_cell(column, cell, 20, decimal)
    return str(found.value)


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        (AGE, "22", 22.0),
        (AGE, " -1.5e-3\t", -0.0015),
        (AGE, "+.5", 0.5),
        (AGE, "5.", 5.0),
        (AGE, 3, 3.0),
        (AGE, "9007199254740993", 9007199254740992.0),
        (ROOMS, "9007199254740993", 9007199254740993),
        (ROOMS, "-9223372036854775808", -(2**63)),
        (ROOMS, "3.0", 3),
        (ROOMS, "1e3", 1000),
        (ROOMS, "+007", 7),
        (ROOMS, 3.0, 3),
        (ALIVE, "TRUE", 1),
        (ALIVE, "no", 0),
        (ALIVE, "0", 0),
        (ALIVE, False, 0),
        (ALIVE, 1, 1),
        (SEX, "NA", "NA"),
        (SEX, " ", " "),
        (BORN, "1970-01-01", 0),
        (BORN, "1970-01-01T00:00:01.000000001Z", 10**9 + 1),
        (BORN, "1969-12-31 23:59:59.5", -(10**9) // 2),
        (BORN, "1970-01-01T02:00:00+02:00", 0),
    ],
)
def test_values_in_their_usual_spellings(column: Input, cell: Any, expected: Any) -> None:
    """Numbers, booleans, texts and times are read exactly, as strings and as JSON values."""
    found = value(column, cell)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        (AGE, "abc", "age is not a number: 'abc'"),
        (AGE, "1_000", "age is not a number: '1_000'"),
        (AGE, "1,5", "age is not a number: '1,5'"),
        (AGE, "\u0663", "age is not a number: '\u0663'"),
        (AGE, "inf", "age is not a number: 'inf'"),
        (AGE, "1e400", "age is too large: '1e400'"),
        (AGE, True, "age is not a number: true"),
        (AGE, [1], "age is not a number: [1]"),
        (AGE, 10**400, "age is too large: 1" + 39 * "0"),
        (AGE, "x" * 50, f"age is not a number: '{'x' * 40}...'"),
        (ROOMS, "3.5", "rooms is not a whole number: '3.5'"),
        (ROOMS, 3.5, "rooms is not a whole number: 3.5"),
        (ROOMS, "9223372036854775808", "rooms is too large: '9223372036854775808'"),
        (ROOMS, 2**63, "rooms is too large: 9223372036854775808"),
        (optional(ROOMS), 2**53 + 1, "rooms is too large to be exact: 9007199254740993"),
        (ALIVE, "maybe", "alive is not true or false: 'maybe'"),
        (ALIVE, 2, "alive is not true or false: 2"),
        (SEX, 5, "sex is not a string: 5"),
        (SEX, "x" * 21, "sex has 21 characters; at most 20 are scored"),
        (SEX, "a\0b", "sex has a NUL character, at position 2"),
        (BORN, "yesterday", "born is not a date or time (ISO 8601): 'yesterday'"),
        (BORN, "2024-02-30", "born is not a date or time (ISO 8601): '2024-02-30'"),
        (BORN, "12:30.5", "born is not a date or time (ISO 8601): '12:30.5'"),
        (BORN, "2024-01-01T00:00:00.0123456789", "born is not a date or time (ISO 8601): "),
        (BORN, "9999-01-01", "born is too large: '9999-01-01'"),
        (BORN, 5, "born is not a date or time (ISO 8601): 5"),
    ],
)
def test_a_cell_that_cannot_be_read(column: Input, cell: Any, reason: str) -> None:
    """Its error names the column and the beginning of the value, and nothing is guessed."""
    assert error(column, cell).startswith(reason)


@pytest.mark.parametrize("word", sorted(MISSING_WORDS))
@pytest.mark.parametrize("column", [AGE, ROOMS, ALIVE, BORN], ids=lambda one: one.type)
def test_words_for_a_missing_value(column: Input, word: str) -> None:
    """Where pandas reads a missing value, so does the service, or it refuses the row."""
    assert error(column, word) == f"{column.name} is missing"
    found, errors = parse_cells(optional(column), [word, None], 20)
    assert not errors
    assert [value_at(optional(column), found, row) for row in (0, 1)] == [None, None]


def test_a_missing_text_is_an_empty_cell_alone() -> None:
    """`NA` may be a text that the model knows."""
    assert parse_cells(optional(SEX), ["NA", "", None, "f"], 20) == (["NA", None, None, "f"], {})
    assert error(SEX, "") == error(SEX, None) == "sex is missing"


def test_numbers_with_a_decimal_comma() -> None:
    """A point is refused there: it may be a thousands separator."""
    assert value(AGE, "1,5", ",") == 1.5
    assert error(AGE, "1.234", ",") == "age is not a number: '1.234'"
    assert parse_cells(AGE, ["1,5", "2"], 20, ",") == (array("d", [1.5, 2.0]), {})
    found, errors = parse_cells(AGE, ["1,5", "1.5"], 20, ",")
    assert (found[0], math.isnan(found[1]), list(errors)) == (1.5, True, [1])  # type: ignore[arg-type]


numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers().map(str),
    st.sampled_from(["", "NA", "x", "1_0", " 7", "1e999", "0x10", "nan", "\n", "1\n2", "--1"]),
)
anything = st.one_of(numbers, st.none(), st.booleans(), st.integers(), st.floats(), st.text())


@pytest.mark.parametrize("column", [AGE, ROOMS, ALIVE, SEX, BORN], ids=lambda one: one.type)
@pytest.mark.parametrize("required", [True, False])
@given(cells=st.lists(anything, max_size=8) | st.lists(numbers, max_size=8))
def test_a_column_is_read_as_cell_by_cell(column: Input, required: bool, cells: list[Any]) -> None:
    """The fast path for ordinary cells gives the same values and errors as each cell alone."""
    one = column.model_copy(update={"required": required})
    found, errors = parse_cells(one, cells, 20)
    assert len(found) == len(cells)
    for row, cell in enumerate(cells):
        if row in errors:
            assert error(one, cell) == errors[row]
        else:
            [alone] = parse_cells(one, [cell, "?"], 20)[0][:1]
            assert repr(found[row]) == repr(alone)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_read_exactly(number: float) -> None:
    """From its shortest digits, as a string and as a JSON number."""
    assert value(AGE, repr(number)) == value(AGE, decode(repr(number))) == number


def test_the_frame_has_the_promised_dtypes() -> None:
    """They follow from the signature alone, whether a value is missing or not."""
    inputs = [AGE, ROOMS, ALIVE, SEX, BORN, *map(optional, [AGE, ROOMS, ALIVE, SEX, BORN])]
    inputs = [
        one.model_copy(update={"name": f"{one.name}{number}"}) for number, one in enumerate(inputs)
    ]
    full = ["1.5", "2", "yes", "f", "2024-01-01"]

    def columns(last: list[Any]) -> list[Column]:
        return [
            parse_cells(one, [*cells, cell], 20)[0]
            for one, cell, *cells in zip(inputs, last, full * 2, full * 2, strict=True)
        ]

    kinds = "float64 int64 bool object datetime64[ns] float64 float64 object object datetime64[ns]"
    complete = frame_of(inputs, columns(full * 2))
    gaps = frame_of(inputs, columns([*full, *[""] * 5]))
    for frame in (complete, gaps, frame_of(inputs, columns(full * 2), [2, 0])):
        assert [str(kind) for kind in frame.dtypes] == kinds.split()
    assert gaps.iloc[2].isna().tolist() == [False] * 5 + [True] * 5
    assert complete.iloc[0].tolist()[:4] == [1.5, 2, True, "f"]
    assert complete["alive7"].tolist() == [True] * 3
    assert complete["born4"][0] == pd.Timestamp("2024-01-01")
    assert frame_of(inputs, columns([*full, *[""] * 5]), [2])["sex8"].isna().tolist() == [True]


def test_a_missing_time_is_not_a_time() -> None:
    """It is what NumPy calls NaT, and null in JSON."""
    found, _ = parse_cells(optional(BORN), [None, "1969-12-31T23:59:59.25"], 20)
    assert found[0] == NO_TIME
    assert value_at(BORN, found, 1) == "1969-12-31T23:59:59.25Z"
