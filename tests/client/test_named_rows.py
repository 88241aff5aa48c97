"""Rows whose values have names are read by their names, and not by their order."""

import sqlite3
from typing import Any, NamedTuple

import pandas as pd
import polars
import pyarrow as pa
import pytest

from scorelane.client.frame_results import check_frame
from scorelane.client.ndjson import NdjsonEncoder
from scorelane.client.options import JobOptions
from scorelane.client.sources import upload_of


class Review(NamedTuple):
    """A row with its text in front."""

    text: str
    stars: str


class Pair(NamedTuple):
    """A row with its text at its end."""

    ref: str
    text: str


class Other(NamedTuple):
    """A row with its text under another name."""

    number: str
    sentence: str


def lines(rows: Any, carried: list[str] | None = None) -> str:
    encoder = NdjsonEncoder(None, {"text": "string"}, carried or [])
    return b"".join(encoder.chunks(rows)).decode()


def test_the_text_of_a_named_tuple() -> None:
    """The text is the value named so, also in the first place of two."""
    assert lines([Review("fine", "5")]) == '{"text": "fine"}\n'
    assert lines([Review("fine", "5")], ["stars"]) == '{"text": "fine", "stars": "5"}\n'
    assert lines([Pair("r", "fine")]) == '{"ref": "r", "text": "fine"}\n'
    assert lines([("r", "fine")]) == '{"ref": "r", "text": "fine"}\n'


def test_rows_of_a_frame() -> None:
    """The index that `itertuples` puts in front becomes the reference, unless there is one."""
    frame = pd.DataFrame({"text": ["fine", "bad"], "stars": ["5", "1"]}, index=["x", "y"])
    assert lines(frame.itertuples(index=False)) == '{"text": "fine"}\n{"text": "bad"}\n'
    assert lines(frame.itertuples()) == (
        '{"text": "fine", "ref": "x"}\n{"text": "bad", "ref": "y"}\n'
    )
    assert lines(frame.assign(ref="r").head(1).itertuples()) == '{"text": "fine", "ref": "r"}\n'


def test_rows_of_a_database() -> None:
    """A row of `sqlite3` that knows its columns is read by them."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    found = connection.execute("SELECT 'fine' AS text, '5' AS stars")
    assert lines(found) == '{"text": "fine"}\n'
    connection.close()


def test_names_without_a_text() -> None:
    """A named tuple without a text is sent with its names, so that the service can list them."""
    assert '"sentence"' in lines([Other("1", "fine")])


@pytest.mark.parametrize(
    ("source", "method"),
    [
        (polars.LazyFrame({"text": ["fine"]}), "collect"),
        (pa.table({"text": ["fine"]}), "to_pandas"),
    ],
)
def test_what_can_become_a_frame(source: Any, method: str) -> None:
    """A table that is no DataFrame yet is refused with the method that makes one."""
    with pytest.raises(TypeError, match=f"its method `{method}`"):
        upload_of(source, None, JobOptions())
    with pytest.raises(TypeError, match=f"its method `{method}`"):
        check_frame(source)
