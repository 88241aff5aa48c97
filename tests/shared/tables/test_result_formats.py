"""Whatever a cell holds, every result format gives it back unchanged."""

import csv
import io
import json

import pandas as pd
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tables.csv_results import escape
from shared.tables.parquet_results import parquet_of
from shared.tables.result_columns import PLAIN, ResultColumns
from shared.tables.result_formats import CSV, NDJSON, ROW_FORMATS, Records, RowFormat
from shared.tables.rows import Rows

COLUMNS = ResultColumns(carried=("stars", "who, where", "=when"))
N = ResultColumns(carried=("n",))
SCORE = "Sentiment_Score"

cells = st.text(
    st.sampled_from("\",\n\r\t =-+@'x\0\u00e9\x85\u2028\ufeff\U0001f600")
    | st.characters(codec="utf-8"),
    max_size=8,
)
scores = st.floats(allow_nan=False, allow_infinity=False)
#: A score, or an error.
outcomes = st.tuples(scores, st.none()) | st.tuples(st.none(), cells.filter(bool))
formats = pytest.mark.parametrize("form", ROW_FORMATS.values(), ids=ROW_FORMATS)


def records(columns: ResultColumns, **size: int) -> st.SearchStrategy[Records]:
    """Result rows as JSON records."""
    extras = st.tuples(*(cells for _ in columns.carried))
    rows = st.builds(
        lambda ref, outcome, extras: dict(
            zip(columns.names, (ref, *outcome, *extras), strict=True)
        ),
        cells,
        outcomes,
        extras,
    )
    return st.lists(rows, **size)


def render(form: RowFormat, rows: Records, columns: ResultColumns) -> bytes:
    """Result rows as a worker writes them."""
    sent = Rows(
        [row["ref"] for row in rows],
        [[""] * len(rows)],
        [row["error"] for row in rows],
        [[row[column] for row in rows] for column in columns.carried],
    )
    return form.render(sent, [[row[SCORE] for row in rows]], columns)


def read_parquet(content: bytes) -> Records:
    return list(pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist())


@formats
@pytest.mark.parametrize("columns", [PLAIN, COLUMNS], ids=["plain", "carried"])
@given(data=st.data(), begin=st.integers(0, 9), end=st.none() | st.integers(0, 9))
def test_rows_read_back_equal(
    form: RowFormat, columns: ResultColumns, data: st.DataObject, begin: int, end: int | None
) -> None:
    """What a worker writes reads back cell for cell, whole or as a slice."""
    rows = data.draw(records(columns, max_size=9))
    content = render(form, rows, columns)
    assert form.parse(content, columns=columns) == rows
    assert form.parse(content, begin, end, columns) == rows[begin:end]


@formats
@given(records(COLUMNS, max_size=9))
def test_converted_rows_equal_written_rows(form: RowFormat, rows: Records) -> None:
    """Rows converted from another format equal, byte for byte, what a worker writes."""
    assert form.write(rows, COLUMNS) == render(form, rows, COLUMNS)


@formats
@given(st.lists(records(COLUMNS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_parquet_has_every_cell_unchanged(form: RowFormat, parts: list[Records]) -> None:
    """A Parquet file made of parts of either format has their rows in order, each cell as sent."""
    contents = [render(form, rows, COLUMNS) for rows in parts]
    content = b"".join(parquet_of(contents, form, COLUMNS))
    assert read_parquet(content) == [row for rows in parts for row in rows]


@given(records(PLAIN, min_size=1, max_size=9))
def test_parquet_without_carried_columns(rows: Records) -> None:
    """A file without carried columns has the three columns of all results."""
    content = b"".join(parquet_of([render(CSV, rows, PLAIN)], CSV))
    assert read_parquet(content) == rows


def test_the_schema_of_a_parquet_file() -> None:
    """Refs and carried cells are strings, scores are doubles; scores and errors may be null."""
    rows = [
        {"ref": "007", SCORE: 0.25, "error": None, "n": "1"},
        {"ref": "NA", SCORE: None, "error": "why", "n": ""},
    ]
    content = b"".join(parquet_of([render(CSV, rows, N)], CSV, N))
    schema = pyarrow.parquet.read_schema(io.BytesIO(content))
    assert [(field.name, str(field.type)) for field in schema] == [
        ("ref", "string"),
        (SCORE, "double"),
        ("error", "string"),
        ("n", "string"),
    ]
    frame = pd.read_parquet(io.BytesIO(content))
    assert frame["ref"].tolist() == ["007", "NA"]
    assert frame[SCORE].tolist()[0] == 0.25
    assert frame[SCORE].isna().tolist() == frame["error"].notna().tolist() == [False, True]
    assert frame["n"].tolist() == ["1", ""]


def test_row_groups_are_filled_by_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts fill a row group by rows or by bytes; a file without parts has a schema."""
    monkeypatch.setattr("shared.tables.parquet_results.GROUP_ROWS", 5)
    parts = [
        render(CSV, [{"ref": str(at), SCORE: 0.5, "error": None}] * 2, PLAIN) for at in range(7)
    ]
    content = b"".join(parquet_of(parts, CSV))
    found = pyarrow.parquet.ParquetFile(io.BytesIO(content)).metadata
    assert [found.row_group(at).num_rows for at in range(found.num_row_groups)] == [6, 6, 2]
    monkeypatch.setattr("shared.tables.parquet_results.GROUP_BYTES", 1)
    content = b"".join(parquet_of(parts, CSV))
    assert pyarrow.parquet.ParquetFile(io.BytesIO(content)).metadata.num_row_groups == 7
    assert read_parquet(b"".join(parquet_of([], CSV, N))) == []


def test_a_parquet_file_is_streamed() -> None:
    """The file comes in chunks, and no part is read before its turn: memory is constant."""
    asked: list[int] = []

    def parts() -> object:
        for at in range(4):
            asked.append(at)
            yield render(CSV, [{"ref": "x" * 100, SCORE: 0.5, "error": None}] * 70_000, PLAIN)

    runs = parquet_of(parts(), CSV)  # type: ignore[arg-type]
    next(runs)
    assert asked == [0, 1]
    next(runs)
    assert asked == [0, 1, 2, 3]


def test_pandas_reads_what_was_written() -> None:
    """All three formats give pandas the same scores; a formula is escaped in the CSV alone."""
    rows: Records = [
        {"ref": "=1+1", SCORE: 0.1, "error": None},
        {"ref": "-5", SCORE: 0.30000000000000004, "error": None},
    ]
    as_csv = pd.read_csv(
        io.BytesIO(CSV.header(PLAIN) + render(CSV, rows, PLAIN)), dtype={"ref": str}
    )
    as_ndjson = pd.read_json(
        io.BytesIO(render(NDJSON, rows, PLAIN)), lines=True, dtype={"ref": str}, precise_float=True
    )
    as_parquet = pd.read_parquet(io.BytesIO(b"".join(parquet_of([render(CSV, rows, PLAIN)], CSV))))
    assert as_csv["ref"].tolist() == ["'=1+1", "-5"]
    for frame in (as_ndjson, as_parquet):
        assert frame["ref"].tolist() == ["=1+1", "-5"]
        assert frame[SCORE].tolist() == [0.1, 0.30000000000000004]


@given(records(COLUMNS, max_size=5))
def test_ndjson_is_read_by_any_reader_of_json(rows: Records) -> None:
    """Each line is a JSON object with the columns in their order, as in the CSV."""
    lines = render(NDJSON, rows, COLUMNS).decode().split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == rows
    assert all(list(json.loads(line)) == list(COLUMNS.names) for line in lines)
    text = (CSV.header(COLUMNS) + render(CSV, rows, COLUMNS)).decode()
    _, *found = csv.reader(io.StringIO(text, newline=""))
    assert [row[0] for row in found] == [escape(row["ref"]) for row in rows]


def test_rows_with_other_columns_are_an_error_of_ours() -> None:
    """Reading rows under other columns than they were written with raises."""
    rows: Records = [{"ref": "1", SCORE: 0.5, "error": None, "n": "1"}]
    for form in (CSV, NDJSON):
        with pytest.raises(ValueError, match=r"columns|longer|expected"):
            form.parse(render(form, rows, N))
    with pytest.raises(ValueError, match="shorter"):
        NDJSON.render(Rows(["1"], [[""]], [None], [[]]), [[0.5]], N)
