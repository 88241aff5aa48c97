"""Carried columns stay with their rows, from the upload to the results."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tables.csv_results import escape, header, parse, render
from shared.tables.result_columns import ResultColumns
from shared.tables.rows import ReadOptions, Rows

cells = st.text(
    st.sampled_from("\",\n\r\t =-'x\0\u00e9\x85\u2028\U0001f600") | st.characters(codec="utf-8"),
    max_size=8,
)
COLUMNS = ResultColumns(carried=("stars", "who, where", "=when"))
OPTIONS = ReadOptions(5, 100)


@st.composite
def carried(draw: st.DrawFn, columns: int = len(COLUMNS.carried)) -> Rows:
    """Rows as a reader makes them, one by one."""
    rows = Rows()
    for _ in range(draw(st.integers(0, 8))):
        extras = draw(st.lists(cells, min_size=columns, max_size=columns))
        rows.add(draw(cells), [draw(cells | st.none())], OPTIONS, extras=extras)
    return rows


def render_rows(rows: Rows) -> bytes:
    scores = [None if error else 0.25 for error in rows.errors]
    return render(rows.refs, [scores], rows.errors, rows.extras)


@given(carried())
def test_carried_cells_read_back_equal(rows: Rows) -> None:
    """Whatever a carried cell holds, it reads back under the name of its column."""
    found = parse(render_rows(rows), columns=COLUMNS)
    assert [row["ref"] for row in found] == rows.refs
    assert [row["error"] for row in found] == rows.errors
    for column, expected in zip(COLUMNS.carried, rows.extras or [[], [], []], strict=True):
        assert [row[column] for row in found] == expected


@given(carried(), st.integers(0, 9), st.none() | st.integers(0, 9))
def test_a_slice_of_rows_with_columns(rows: Rows, begin: int, end: int | None) -> None:
    """A slice of the rows reads back as the same slice of all rows."""
    content = render_rows(rows)
    whole = parse(content, columns=COLUMNS)
    assert parse(content, begin, end, COLUMNS) == whole[begin:end]


@given(carried())
def test_the_csv_names_its_columns(rows: Rows) -> None:
    """Ref, score and error come first, then the carried columns, each cell escaped like a ref."""
    text = (header(COLUMNS) + render_rows(rows)).decode()
    names, *found = csv.reader(io.StringIO(text, newline=""))
    assert names == ["ref", "Sentiment_Score", "error", "stars", "who, where", "'=when"]
    assert [row[3:] for row in found] == [
        [escape(cell) for cell in extras] for extras in zip(*rows.extras, strict=True)
    ]


@given(carried(), carried(), st.integers(0, 9), st.integers(0, 9))
def test_parts_together_are_the_file(some: Rows, more: Rows, begin: int, end: int) -> None:
    """Rows keep their carried cells when they are joined or cut."""
    together = Rows()
    together.extend(some)
    together.extend(more)
    assert together.refs == some.refs + more.refs
    for column, cells in enumerate(together.extras):
        of_some = some.extras[column] if some.extras else []
        assert cells == of_some + (more.extras[column] if more.extras else [])
    run = together.run(begin, end)
    assert (run.refs, run.extras) == (
        together.refs[begin:end],
        [cells[begin:end] for cells in together.extras],
    )


def test_nothing_is_carried_unasked() -> None:
    """Rows without carried columns are written and read as before."""
    rows = Rows(["1"], [["good"]], [None])
    assert (header(), render_rows(rows)) == (b"ref,Sentiment_Score,error\n", b"1,0.25,\n")
    assert (rows.extras, rows.run(0, 1).extras) == ([], [])


def test_rows_with_other_cells_are_not_joined() -> None:
    """Rows with different carried columns are never joined, and no cell moves to another column."""
    rows = Rows()
    rows.add("1", ["good"], OPTIONS, extras=["a", "b"])
    with pytest.raises(ValueError, match="shorter"):
        rows.add("2", ["good"], OPTIONS, extras=["a"])
    with pytest.raises(ValueError, match="longer"):
        Rows(["1"], [["a"]], [None]).extend(Rows(["2"], [["b"]], [None], [["x"]]))
    with pytest.raises(ValueError, match="shorter"):
        render(["1"], [[0.5]], [None], [[]])
    with pytest.raises(ValueError, match="longer"):
        parse(b"1,0.5,,a,b\n", columns=ResultColumns(carried=("only",)))
