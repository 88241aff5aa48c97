"""Parquet files read as they were written, and a bad file harms no other process."""

import decimal
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.uploads.columns import InputColumns
from api.uploads.parquet import ParquetUpload
from shared.errors.input import BadParquet, NoSuchColumn
from shared.tables import parquet_process, parquet_rows
from shared.tables.layouts import ParquetLayout
from shared.tables.parquet_rows import ParquetSummary, describe, stored_rows_of
from shared.tables.rows import ReadOptions
from shared.tables.stored_rows import read_stored, write_rows


def file_of(table: pa.Table, **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file


def in_process(table: pa.Table, names: list[str], skip: int = 0, **options: Any) -> list[Any]:
    file = pq.ParquetFile(file_of(table, **options))
    request = {"names": names, "types": ["string"]}
    return [row for run in parquet_process._rows(file, request, skip) for row in run]


texts = st.none() | st.text(st.characters(codec="utf-8"), max_size=9)
tables = st.lists(st.tuples(st.none() | st.integers(0, 2**62), texts), min_size=1, max_size=40)


@given(tables, st.integers(0, 45), st.integers(1, 9), st.integers(1, 7), st.booleans())
def test_reading_resumes_after_any_row(
    rows: list[tuple[Any, Any]], skip: int, group: int, batch: int, dictionary: bool
) -> None:
    """Reading can resume after any row, wherever row groups and batches end."""
    refs, sent = zip(*rows, strict=True)
    table = pa.table({"text": pa.array(sent, pa.string()), "id": pa.array(refs, pa.int64())})
    options = {"row_group_size": group, "use_dictionary": dictionary}
    with mock.patch.object(parquet_process, "ROWS_AT_ONCE", batch):
        found = in_process(table, ["id", "text", "nope"], skip, **options)
    assert found == [(*row, None) for row in rows[skip:]]


MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678900, UTC)

#: Values of a column, and how they are stored; in the text column all but strings differ.
COLUMNS = [
    (pa.array(["a", None], pa.large_string()), ["a", None], ["a", None]),
    (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"], ["a", "b"]),
    (pa.array([b"caf\xc3\xa9", b"\xff"], pa.binary()), ["caf\u00e9", {"binary": "ff"}], None),
    (pa.array([1, None], pa.int32()), [1, None], [1, None]),
    (pa.array([0.1, float("nan")]), [0.1, float("nan")], None),
    (pa.array([True, False]), [True, False], [True, False]),
    (pa.array([[1, 2]]), [[1, 2]], None),
    (pa.array([{"a": MOMENT, "b": b"\xfe"}]), [{"a": str(MOMENT), "b": {"binary": "fe"}}], None),
    (pa.array([decimal.Decimal("1.50")]), ["1.50"], [{"decimal128(3, 2)": "1.50"}]),
    (
        pa.array([MOMENT], pa.timestamp("us", "UTC")),
        ["2026-01-02T03:04:05.678900Z"],
        [{"timestamp[us, tz=UTC]": "2026-01-02T03:04:05.678900Z"}],
    ),
    (
        pa.array([1], pa.timestamp("ns")),
        ["1970-01-01T00:00:00.000000001"],
        [{"timestamp[ns]": "1970-01-01T00:00:00.000000001"}],
    ),
    (pa.array([MOMENT.date()]), ["2026-01-02"], [{"date32[day]": "2026-01-02"}]),
]


@pytest.mark.parametrize(("column", "kept", "as_text"), COLUMNS)
def test_values_of_any_type(column: pa.Array, kept: list[Any], as_text: list[Any] | None) -> None:
    """Values are stored exactly; in the text column a value that is not a string is an error."""
    table = pa.table({"text": column})
    found = [row for (_, _, row) in in_process(table, ["ref", "nope", "text"])]
    assert json.dumps(found) == json.dumps(kept)
    found = [row for (_, row) in in_process(table, ["ref", "text"])]
    assert json.dumps(found) == json.dumps(as_text or kept)
    rows = read_stored(write_rows([(None, text) for text in found]), 0, ReadOptions(100, 100))
    for value, error in zip(found, rows.errors, strict=True):
        assert (error is None) == isinstance(value, str)


def test_a_file_is_read_in_a_process_of_its_own(tmp_path: Path) -> None:
    """A file is read from disk or from memory; a reader may stop early."""
    rows = 20_000
    table = pa.table({"ref": list(range(rows)), "text": [f"text {at}" for at in range(rows)]})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=7000)
    with path.open("rb") as file:
        assert describe(file) == ParquetSummary(["ref", "text"], rows)
        with stored_rows_of(file, ("ref", "text"), ("string",), 19_998) as lines:
            assert list(lines) == [b'["19998","text 19998"]\n', b'["19999","text 19999"]\n']

    def some() -> bytes:
        with stored_rows_of(
            io.BytesIO(path.read_bytes()), ("ref", "text"), ("string",), 0
        ) as lines:
            for line in lines:
                return bytes(line)
        return b""

    assert some() == b'["0","text 0"]\n'


def whole() -> bytes:
    return file_of(pa.table({"ref": ["a"] * 999, "text": ["b"] * 999})).getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PAR1", "cut off"),
        (whole()[:-1], "cut off"),
        (whole()[:-8] + b"\xff\xff\xff\x7fPAR1", "its footer has more than"),
        (whole()[:-8] + b"\x10\0\0\0PAR1", "cannot be read"),
        (b"PAR1" + b"\xff" * 100 + b"\x40\0\0\0PAR1", "cannot be read"),
    ],
)
def test_a_file_that_is_not_parquet(content: bytes, says: str) -> None:
    """A file that is not Parquet is refused by its footer, with a reason."""
    with pytest.raises(BadParquet, match=says):
        describe(io.BytesIO(content))


def test_rows_that_cannot_be_read() -> None:
    """A file with a good footer and bad pages ends with a reason, not silently."""
    content = bytearray(whole())
    content[4:60] = b"\xff" * 56
    assert describe(io.BytesIO(content)).rows == 999
    with (
        pytest.raises(BadParquet, match="cannot be read"),
        stored_rows_of(io.BytesIO(content), ("ref", "text"), ("string",), 0) as lines,
    ):
        list(lines)


def test_a_file_that_wants_too_much_memory() -> None:
    """A small file that holds a very long text takes no memory of other processes."""
    bomb = file_of(pa.table({"text": ["x" * 100_000_000]}), compression="zstd")
    assert bomb.getbuffer().nbytes < 2**20
    with (
        mock.patch.object(parquet_rows, "MAX_MEMORY_BYTES", 150 * 2**20),
        pytest.raises(BadParquet, match="more than 150 MB"),
        stored_rows_of(bomb, ("ref", "text"), ("string",), 0) as lines,
    ):
        lines.read()


def test_a_file_that_ends_its_reader(tmp_path: Path) -> None:
    """A file that crashes the library is refused, and crashes no other process."""
    reader = tmp_path / "reader"
    reader.write_text("#!/bin/sh\nkill -SEGV $$\n")
    reader.chmod(0o700)
    with (
        mock.patch.object(parquet_rows.sys, "executable", str(reader)),
        pytest.raises(BadParquet, match="SIGSEGV"),
    ):
        describe(io.BytesIO(whole()))


def test_a_stored_upload_is_described() -> None:
    """A stored upload gives its columns, its number of rows, and its layout."""
    content = whole()
    upload = ParquetUpload(lambda: io.BytesIO(content))
    for at in range(0, len(content), 3):
        upload.feed(content[at : at + 3])
    assert upload.finish() == ["ref", "text"]
    assert (upload.size, upload.about_rows) == (len(content), 999)
    assert upload.layout(InputColumns(("text",)), ("text",)) == ParquetLayout(
        width=2, names=("ref", "text", "text")
    )
    with pytest.raises(NoSuchColumn, match="found: ref, text"):
        upload.layout(InputColumns(("review",)))
    with pytest.raises(BadParquet, match="does not begin"):
        ParquetUpload(io.BytesIO).feed(b"PAX")


def test_the_reader_does_not_outlive_its_worker_for_ever() -> None:
    """The process has a limit on processor time, because a file may make it loop for ever."""
    table = pa.table({"text": ["number " + "x" * 1000] * 1000})
    before = set(psutil.Process().children())
    with stored_rows_of(file_of(table), ("ref", "text"), ("string",), 0) as lines:
        assert lines.readline()
        # It waits until its other rows are read.
        [child] = set(psutil.Process().children()) - before
        assert child.rlimit(psutil.RLIMIT_CPU) == (parquet_process.ROWS_SECONDS,) * 2
        assert len(lines.readlines()) == 999
