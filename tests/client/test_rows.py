"""Rows from any iterable, and rows as results, through both clients."""

import datetime
import tracemalloc
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import httpx
import numpy as np
import pandas as pd
import polars
import pytest
from support.doubles.length_model import length_score
from support.transports import Script, Working

from scorelane import AsyncClient, Client
from scorelane.client.errors import (
    BadRequest,
    SourceSpent,
)
from scorelane.client.ndjson import CHUNK_BYTES, NdjsonEncoder
from scorelane.client.options import JobOptions
from scorelane.client.sources import upload_of

ROWS = [
    {"ref": "1", "Sentiment_Score": 0.05, "error": None},
    {"ref": "2", "Sentiment_Score": None, "error": "the text is empty"},
    {"ref": "3", "Sentiment_Score": 0.02, "error": None},
]


@pytest.mark.parametrize(
    "source",
    [
        ["hello", "", "=1"],
        ("hello", "", "=1"),
        [("1", "hello"), (2, ""), [np.int64(3), "=1"]],
        [{"ref": 1, "text": "hello"}, {"text": ""}, {"text": "=1", "more": None}],
        polars.DataFrame({"text": ["hello", "", "=1"], "more": [1, 2, 3]}),
    ],
    ids=["list", "tuple", "pairs", "dicts", "polars"],
)
def test_rows_in_rows_out(client: Any, source: Any) -> None:
    """Texts, pairs, dicts and frames of polars are scored in order, each once."""
    assert list(client.submit(source).wait().rows()) == ROWS


def test_rows_of_a_generator(client: Any) -> None:
    """A generator can be submitted."""
    job = client.submit(text for text in ("hello", "", "=1"))
    assert list(job.wait().rows()) == ROWS


def test_names_of_columns(client: Any) -> None:
    """The options name the columns of texts and pairs; `columns` returns the others."""
    job = client.submit([(7, "hello")], text_column="tweet", ref_column="id").wait()
    assert [row["ref"] for row in job.rows()] == ["7"]
    rows = [{"text": "hello", "stars": 5, "at": None}]
    [row] = client.submit(rows, columns="all").wait().rows()
    assert row == {
        "ref": "1",
        "Sentiment_Score": 0.05,
        "error": None,
        "text": "hello",
        "stars": "5",
        "at": "",
    }


def test_an_asynchronous_iterator(connected: Callable[..., Any], working: Working) -> None:
    """AsyncClient accepts one; the error of Client says what to use instead."""

    async def rows() -> AsyncIterator[str]:
        for text in ("hello", "", "=1"):
            yield text

    client = connected(working)
    if isinstance(client, Client):
        with pytest.raises(TypeError, match="Use AsyncClient"):
            client.submit(rows())
    else:
        assert list(client.submit(rows()).wait().rows()) == ROWS


@pytest.mark.parametrize(
    ("row", "kind", "message"),
    [
        (7, TypeError, "Row 2 is int. A row must be a text, a pair .ref, text. or a dict"),
        (("a", "b", "c"), TypeError, "Row 2 is tuple"),
        (b"Good", TypeError, "Row 2 is bytes"),
        ({"text": b"Good"}, ValueError, "Row 2 .* column 'text', .*of type bytes. Decode it"),
        ({"text": ["Good"]}, ValueError, "Row 2 .* column 'text', .*not a string but of type list"),
        ({"text": {"a": 1}}, ValueError, "Row 2 .* column 'text', .*not a string but of type dict"),
        ({"text": Decimal("1.10")}, ValueError, "Row 2 .* column 'text', .*of type Decimal"),
        ((b"7", "Good"), ValueError, "Row 2 .* column 'ref', it is of type bytes"),
        ((["7"], "Good"), ValueError, "Row 2 .* column 'ref', the reference is of type list"),
        ((pd.Series(["7"]), "Good"), ValueError, "Row 2 .* column 'ref', it is of type Series"),
        ((object(), "Good"), ValueError, "Row 2 .* column 'ref', it is of type object"),
        ({"text": "a", 1: "b", "1": "c"}, ValueError, "Row 2 has two columns of the same name"),
        ("\ud800", ValueError, "Row 2 cannot be sent: .*surrogates"),
    ],
)
def test_an_invalid_row(client: Any, row: Any, kind: type[Exception], message: str) -> None:
    """The error names the row, and no job is made."""
    with pytest.raises(kind, match=message):
        client.submit(iter(["hello", row]))
    assert list(client.jobs()) == []


MISSING = [
    None,
    float("nan"),
    np.float32("nan"),
    np.datetime64("NaT"),
    pd.NA,
    pd.NaT,
    Decimal("nan"),
]


@pytest.mark.parametrize("missing", MISSING, ids=repr)
def test_missing_values(client: Any, missing: Any) -> None:
    """A missing value of any library is a missing text, reference or cell."""
    rows = [{"text": missing}, missing, (missing, "hello"), {"text": "", "stars": missing}]
    for source in (rows, pd.Series([missing], dtype=object)):
        found = list(client.submit(source, columns="all" if source is rows else None).wait().rows())
        assert [row["ref"] for row in found] == ["1", "2", "3", "4"][: len(source)]
        assert [row["error"] for row in found] == [
            "the text is missing",
            "the text is missing",
            None,
            "the text is empty",
        ][: len(source)]
    found = client.submit([{"text": "a", "stars": missing}], columns="stars").wait().rows()
    assert [row["stars"] for row in found] == [""]


def test_values_keep_their_digits(client: Any) -> None:
    """References and carried cells come back as they were written on the client's side."""
    values = {
        "1.10": "1.10",
        "007": "007",
        "NA": "NA",
        "": "",
        7: "7",
        10**30: str(10**30),
        1.5: "1.5",
        np.int64(2**62): str(2**62),
        np.float32(0.1): "0.1",
        float("inf"): "inf",
        Decimal("1.10"): "1.10",
        datetime.date(2026, 1, 2): "2026-01-02",
        np.datetime64("2026-01-02T03:04:05.000000006", "ns"): "2026-01-02T03:04:05.000000006",
        pd.Timestamp("2026-01-02"): "2026-01-02 00:00:00",
        pd.Period("2026-01", freq="M"): "2026-01",
    }
    rows = [{"ref": value, "text": "hello", "cell": value} for value in values]
    found = list(client.submit(rows, columns=["cell"]).wait().rows())
    assert [row["ref"] for row in found] == list(values.values())
    assert [row["cell"] for row in found] == list(values.values())


def test_only_needed_columns_of_dicts_are_sent(client: Any, working: Working) -> None:
    """The other columns may hold anything."""
    rows = [{"text": "hello", "secret": object()}, {"text": "hello", "secret": b"x"}]
    client.submit(rows)
    sent = next(request for request in working.requests if request.method == "POST")
    assert sent.content == b'{"text": "hello"}\n' * 2
    with pytest.raises(ValueError, match="Row 1 cannot be sent: in column 'secret'"):
        client.submit(rows, columns=["secret"])


def test_a_column_that_dicts_lack(client: Any) -> None:
    """The error lists the columns that the rows have."""
    rows = [{"review": "hello", "secret": object()}]
    with pytest.raises(BadRequest, match=r"no column 'text'\. The columns found: review, secret"):
        client.submit(rows)
    with pytest.raises(BadRequest, match=r"no column 'id'\. The columns found: text, stars"):
        client.submit([{"text": "hello", "stars": 5}], ref_column="id")


def test_columns_named_by_numbers(client: Any) -> None:
    """Keys and options need not be strings."""
    [row] = (
        client.submit([{0: "id", 1: "hello", 5: "x"}], text_column=1, ref_column=0, columns=[5])
        .wait()
        .rows()
    )
    assert row == {"ref": "id", "Sentiment_Score": 0.05, "error": None, "5": "x"}


def test_a_polars_frame_with_gaps(client: Any) -> None:
    """NaN and null are empty cells, as in a frame of pandas; binary texts are refused."""
    frame = polars.DataFrame({"text": ["hello", None], "stars": [float("nan"), 1.5]})
    rows = list(client.submit(frame, columns="all").wait().rows())
    assert [row["stars"] for row in rows] == ["", "1.5"]
    assert [row["error"] for row in rows] == [None, "the text is missing"]
    with pytest.raises(ValueError, match=r"Row 1 .* column 'text', .* of type bytes"):
        client.submit(polars.DataFrame({"text": [b"hello"]}))
    with pytest.raises(ValueError, match=r"no column 'text'\. Its columns: review"):
        client.submit(polars.DataFrame({"review": ["hello"]}))


@pytest.mark.parametrize("options", [{"charset": "latin-1"}, {"delimiter": ";"}])
@pytest.mark.parametrize(
    "source",
    [["naïve; and more"], pd.DataFrame({"text": ["naïve; and more"]})],
    ids=["rows", "frame"],
)
def test_options_of_files_are_not_for_rows(client: Any, source: Any, options: Any) -> None:
    """They would change texts that the client has encoded itself, so they are refused."""
    for send in (client.submit, client.validate):
        with pytest.raises(ValueError, match="describes a file or bytes, but this is a"):
            send(source, **options)
    job = client.submit(source, charset="UTF-8").wait()
    assert [row["Sentiment_Score"] for row in job.rows()] == [length_score("naïve; and more")]


def test_a_generator_is_not_retried(connected: Callable[..., Any]) -> None:
    """A generator cannot be read again; a list is sent again from its start."""
    cut = httpx.ReadError("cut")
    script = Script(cut, httpx.Response(500))
    with pytest.raises(SourceSpent, match="only once"):
        connected(script).submit(text for text in ["hello"])
    again = Script(cut, httpx.Response(202, json={}))
    with pytest.raises(Exception, match="not as Scorelane does"):
        connected(again).submit(["hello"])
    assert [one.content for one in again.requests] == [b'{"text": "hello"}\n'] * 2


def test_rows_are_sent_in_constant_memory() -> None:
    """Only one chunk of the rows is in memory at a time."""
    rows = ("a text of some length " * 20 for _ in range(50_000))
    options: JobOptions = {}
    tracemalloc.start()
    try:
        lengths = [len(chunk) for chunk in upload_of(rows, None, options).chunks()]
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(lengths) > 20_000_000
    assert max(lengths) < 2 * CHUNK_BYTES
    assert most < 5_000_000


def test_rows_as_ndjson() -> None:
    """Each row is one line; None is a missing text."""
    encoder = NdjsonEncoder("ref", {"text": "string"})
    assert b"".join(encoder.chunks(["a", None])) == b'{"text": "a"}\n{"text": null}\n'


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("stored", ["csv", "ndjson", "parquet"])
def test_formats(client: Any, tmp_path: Any, kind: str, stored: str) -> None:
    """The suffix of the file decides the format, whichever one the results are stored in."""
    job = client.submit(["hello", "", "=1"], format=stored).wait()
    path = job.save(tmp_path / f"results.{kind}")
    read = {"csv": polars.read_csv, "ndjson": polars.read_ndjson, "parquet": polars.read_parquet}
    scores = read[kind](path)["Sentiment_Score"].to_list()
    assert scores == [length_score("hello"), None, length_score("=1")]
    assert b"".join(job.chunks(kind)) == path.read_bytes()
    assert job.as_frame()["ref"].tolist() == ["1", "2", "3"]


def test_an_iterator_can_be_closed_early(working: Working) -> None:
    """Reading may stop after any row."""
    with Client("http://x", transport=working) as client:
        rows = client.submit(["hello", "", "=1"]).wait().rows()
        assert next(rows) == ROWS[0]
        rows.close()
    assert AsyncClient.rows.__doc__ == Client.rows.__doc__
