"""DataFrames as sources and as results, through both clients."""

import io
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pandas as pd
import polars
import pytest
from support.doubles.length_model import length_score
from support.in_memory import Service
from support.transports import Working

from scorelane.client.errors import BadRequest, ClientError, JobNotSucceeded
from scorelane.client.frame_results import read_results, unescape, with_results
from scorelane.client.frames import SLICE_ROWS, csv_content
from shared.tables import csv_results

#: Texts that CSV, spreadsheets or pandas treat specially.
HOSTILE = [
    "NA",
    "007",
    "null",
    "=1+1",
    "'=1+1",
    "-5",
    'a "quote", and more',
    "two\nlines",
    "a\rb",
    "\r",
    "naïve 😀",
    " spaced ",
    "1e999",
    "12345678901234567890",
]


def test_scores_are_added_to_the_frame(client: Any) -> None:
    """`score` returns a copy with the index, the columns, and each row's score or error."""
    frame = pd.DataFrame(
        {"stars": [5, 1, 3], "text": ["hello", None, "hello you"]}, index=["x", "y", "z"]
    )
    before = frame.copy()
    scored = client.score(frame)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(scored[["stars", "text"]], frame)
    assert scored["Sentiment_Score"].dtype == np.float64
    assert scored["Sentiment_Score"].fillna(-1).tolist() == [0.05, -1, 0.09]
    assert scored["error"].fillna("none").tolist() == ["none", "the text is empty", "none"]


def test_a_small_frame_is_scored_by_one_request(
    connected: Callable[..., Any], service: Service
) -> None:
    """Submitting, waiting and downloading is one request, unless `on_progress` is given."""
    working, frame = Working(service), pd.DataFrame({"text": ["hello", None, "hello you"]})
    scored = connected(working).score(frame)
    assert scored["Sentiment_Score"].fillna(-1).tolist() == [0.05, -1, 0.09]
    assert [one.method for one in working.requests] == ["POST"]
    states: list[str] = []
    again = connected(working).score(frame, on_progress=lambda job: states.append(job.state))
    pd.testing.assert_frame_equal(again, scored)
    assert states == ["succeeded"]


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_a_frame_of_polars(client: Any, timeout: float | None) -> None:
    """`score` returns a frame of polars with the same two columns, by either way."""
    frame = polars.DataFrame({"stars": [5, 1, None], "text": ["hello", None, "a\nb, 'c'"]})
    scored = client.score(frame, timeout=timeout)
    assert scored.columns == ["stars", "text", "Sentiment_Score", "error"]
    assert scored.dtypes[2:] == [polars.Float64, polars.String]
    assert scored.select(frame.columns).equals(frame)
    assert scored["Sentiment_Score"].to_list() == [0.05, None, length_score("a\nb, 'c'")]
    assert scored["error"].to_list() == [None, "the text is missing", None]
    empty = client.score(frame.clear(), timeout=timeout)
    assert empty.schema == scored.schema
    for taken in ("error", "Sentiment_Score"):
        with pytest.raises(ValueError, match=f"'{taken}' already"):
            client.score(frame.with_columns(polars.lit("x").alias(taken)))
    with pytest.raises(ValueError, match="no column 'review'"):
        client.score(frame, text_column="review")
    with pytest.raises(TypeError, match="LazyFrame is not a DataFrame"):
        client.score(frame.lazy())


def test_hostile_texts(client: Any) -> None:
    """Each text is scored exactly as it is, and each reference comes back unchanged."""
    frame = pd.DataFrame({"ref": HOSTILE, "text": HOSTILE})
    polars_scores = client.score(polars.from_dict(frame.to_dict("list")))["Sentiment_Score"]
    job = client.submit(frame).wait()
    found = job.as_frame()
    assert found["ref"].tolist() == HOSTILE
    expected = [None if text == "\r" else length_score(text) for text in HOSTILE]
    scores = found["Sentiment_Score"].astype(object)
    assert scores.where(found["error"].isna(), None).tolist() == expected
    assert polars_scores.to_list() == expected
    assert found.columns.tolist() == ["ref", "Sentiment_Score", "error"]


@pytest.mark.parametrize("first", ["", "'", "''", "x", " ", "\n"])
@pytest.mark.parametrize("second", ["", "=", "+", "-", "@", "\t", "\r", "\n", "'", "5", "x"])
def test_the_client_undoes_the_escape_of_the_service(first: str, second: str) -> None:
    """The client's `unescape` restores every cell, and agrees with the service's own."""
    for cell in (first + second, first + second + "1+1", first + second + "\nx"):
        assert unescape(csv_results.escape(cell)) == cell
        assert unescape(cell) == csv_results.unescape(cell)


def test_only_needed_columns_are_sent(client: Any, working: Working) -> None:
    """Only the columns of texts and references are sent."""
    frame = pd.DataFrame({"secret": ["s"], "id": [7], "review": ["hello"]})
    job = client.submit(frame, text_column="review", ref_column="id").wait()
    sent = next(request for request in working.requests if request.method == "POST")
    assert sent.content == b"id,review\r\n7,hello\r\n"
    assert job.as_frame()["ref"].tolist() == ["7"]


def test_columns_come_back_with_the_results(client: Any) -> None:
    """`columns` selects columns by name, or all; their cells come back unchanged."""
    frame = pd.DataFrame({"stars": [5, 1], "a,b": ["=1+1", "007"], "text": ["hello", ""], 7: "x"})
    carried = client.submit(frame, columns=["a,b", "stars"]).wait().as_frame()
    assert carried.columns.tolist() == ["ref", "Sentiment_Score", "error", "a,b", "stars"]
    assert carried["a,b"].tolist() == ["=1+1", "007"]
    for columns in ("all", ["stars", "a,b", "text", "7"]):
        found = client.submit(frame, columns=columns).wait().as_frame()
        assert found.columns[3:].tolist() == ["stars", "a,b", "text", "7"]
    with pytest.raises(ValueError, match="no column 'absent'"):
        client.submit(frame, columns="stars, absent")


def test_rows_without_references_are_numbered(client: Any) -> None:
    """Without references, rows are numbered by position, whatever the frame's index is."""
    frame = pd.DataFrame({"text": ["a", "", "ab"]}, index=[9, 9, 9])
    job = client.submit(frame).wait()
    assert job.as_frame()["ref"].tolist() == ["1", "2", "3"]


def test_columns_named_by_numbers_and_tuples(client: Any) -> None:
    """A column is found by its label, or by the string of its label."""
    frame = pd.DataFrame({0: ["hello"], 1: ["hello you"], "1": ["x"]})
    assert client.score(frame, text_column=0)["Sentiment_Score"].tolist() == [0.05]
    assert client.score(frame, text_column=1)["Sentiment_Score"].tolist() == [0.09]
    assert client.score(frame, text_column="1")["Sentiment_Score"].tolist() == [0.01]
    assert client.score(frame, text_column="0")["Sentiment_Score"].tolist() == [0.05]
    job = client.submit(frame, text_column=0, ref_column=1, columns=[0]).wait()
    assert job.as_frame().to_dict("list")["ref"] == ["hello you"]
    assert job.as_frame()["0"].tolist() == ["hello"]
    assert client.validate(frame, text_column=0)["looked_at"]["rows"] == 1
    with pytest.raises(ValueError, match="2 columns named '1'"):
        client.submit(frame, text_column=1, ref_column="1")
    levels = pd.DataFrame(
        [["hello", 7]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])
    )
    scored = client.score(levels, text_column=("a", "b"), columns=[("a", "c")])
    assert scored["Sentiment_Score"].tolist() == [0.05]


def test_names_of_columns_that_are_not_unique(client: Any) -> None:
    """Those that nobody needs do not matter; the others are refused."""
    frame = pd.DataFrame([["hello", 1, 2]], columns=["text", "x", "x"])
    assert client.score(frame)["Sentiment_Score"].tolist() == [0.05]
    for options in ({"columns": ["x"]}, {"ref_column": "x"}, {"columns": "all"}):
        with pytest.raises(ValueError, match="2 columns named 'x'"):
            client.submit(frame, **options)


def test_a_missing_column_is_a_short_error(client: Any) -> None:
    """The message lists some columns, and the traceback has no frames of the client's inside."""
    frame = pd.DataFrame({f"c{number}": [1] for number in range(100)})
    for send in (client.score, client.submit):
        with pytest.raises(
            ValueError, match=r"no column 'text'\. Its columns: c0, .* and 70 more"
        ) as it:
            send(frame)
        inside = [one for one in it.traceback if "/client/calls/" in str(one.path)]
        assert inside == []
    with pytest.raises(ValueError, match=r"no column 'text'\. It has no columns"):
        client.score(pd.DataFrame())


def test_an_empty_frame(client: Any) -> None:
    """`score` returns it with the two columns; `submit` says that there are no rows."""
    for frame in (pd.DataFrame({"text": []}), pd.DataFrame({"text": ["a"]}).iloc[:0]):
        scored = client.score(frame)
        assert scored.columns.tolist() == ["text", "Sentiment_Score", "error"]
        assert scored["Sentiment_Score"].dtype == np.float64
        assert len(scored) == 0
        with pytest.raises(BadRequest, match="no row"):
            client.submit(frame)


def test_names_in_results(client: Any) -> None:
    """Carried columns keep their names, also those that pandas would give to others."""
    frame = pd.DataFrame([["hello", "a", "b"]], columns=["text", "text.1", "Unnamed: 3"])
    found = client.submit(frame, columns="all").wait().as_frame()
    assert found.columns.tolist()[3:] == ["text", "text.1", "Unnamed: 3"]
    assert found.iloc[0, 3:].tolist() == ["hello", "a", "b"]


def test_results_with_any_names() -> None:
    """Columns without a name, or with the same one, are read as they are."""
    header = b"ref,Sentiment_Score,error,,x,x,error\r\n"
    content = header + b"007,0.5,,a,NA,,'=1\r\n,,why,null,1e400,Infinity,\r\n"
    frame = read_results(io.BytesIO(content))
    assert frame.columns.tolist() == ["ref", "Sentiment_Score", "error", "", "x", "x", "error"]
    assert frame["Sentiment_Score"].fillna(-1).tolist() == [0.5, -1]
    assert frame.iloc[:, 2].isna().tolist() == [True, False]
    assert frame.iloc[:, [0, 3, 4, 5, 6]].to_numpy().tolist() == [
        ["007", "a", "NA", "", "=1"],
        ["", "null", "1e400", "Infinity", ""],
    ]


def test_what_is_no_result() -> None:
    """Another file is not read as results; a byte order mark does not matter."""
    with pytest.raises(ClientError, match="not results: they begin with 'a,b'"):
        read_results(io.BytesIO(b"a,b\n1,2\n"))
    marked = read_results(io.BytesIO(b"\xef\xbb\xbfref,Sentiment_Score,error\r\n7,0.5,\r\n"))
    assert marked.iloc[0, :2].tolist() == ["7", 0.5]


def test_large_frames_are_sent_in_slices() -> None:
    """The CSV of a frame is rendered slice by slice, with one header."""
    frame = pd.DataFrame({"text": ["x"] * (2 * SLICE_ROWS + 1)})
    chunks = csv_content(frame, {0: "text"}, {"text": "string"}, "ref")
    assert [len(chunk.split()) for chunk in chunks()] == [SLICE_ROWS + 1, SLICE_ROWS, 1]
    assert b"".join(chunks()) == b"".join(chunks()) == b"text\r\n" + b"x\r\n" * len(frame)


def test_scores_read_back_equal(tmp_path: Any) -> None:
    """Each score equals the one that the service wrote, to the last bit."""
    path = tmp_path / "results.csv"
    path.write_text("ref,Sentiment_Score,error\nNA,0.30000000000000004,\n,1e-17,\n")
    with path.open("rb") as file:
        frame = read_results(file)
    assert frame["Sentiment_Score"].tolist() == [0.30000000000000004, 1e-17]
    scores = [one / 7919 for one in range(1, 1001)] + [5e-324, 1 - 2**-53, 0.1 + 0.2]
    content = b"ref,Sentiment_Score,error\r\n" + b"".join(b",%r,\r\n" % one for one in scores)
    for empty in (pd.DataFrame(index=range(len(scores))), polars.DataFrame({"x": scores})):
        assert with_results(empty, io.BytesIO(content))["Sentiment_Score"].to_list() == scores
    assert frame["ref"].tolist() == ["NA", ""]


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (pd.DataFrame({"a": [1], "b": [2]}), {}, "no column 'text'. Its columns: a, b"),
        (pd.DataFrame({"text": [""]}), {"ref_column": "id"}, "no column 'id'"),
        (pd.DataFrame({"text": [""], "error": [1]}), {}, "'error' already"),
    ],
)
def test_frames_that_cannot_be_scored(
    client: Any, working: Working, frame: pd.DataFrame, options: Any, message: str
) -> None:
    """The error names the column, and none of the rows is sent."""
    with pytest.raises(ValueError, match=message):
        client.score(frame, **options)
    assert [one.url.path for one in working.requests] in ([], ["/models"])


def test_sources_of_a_wrong_type(client: Any) -> None:
    """`score` accepts only frames of pandas; the error of `submit` lists what it accepts."""
    with pytest.raises(TypeError, match="list is not a DataFrame"):
        client.score(["hello"])
    for nonsense in (7, {"text": ["a"]}, io.StringIO("text")):
        with pytest.raises(TypeError, match=f"{type(nonsense).__name__} cannot be submitted"):
            client.submit(nonsense)
    with pytest.raises(ValueError, match="Give a source of rows, or the address"):
        client.submit(None)


class Cancelling(Working):
    """A service where another client cancels each job right after its submission."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # As a service with no free place for a long poll, which answers with the job at once.
        request.headers.pop("Prefer", None)
        response = super().handle_request(request)
        if request.url.path == "/jobs":
            cancel = f"http://x{response.headers['Location']}/cancel"
            super().handle_request(httpx.Request("POST", cancel))
        return response


def test_a_job_that_does_not_succeed(connected: Callable[..., Any], service: Service) -> None:
    """`score` raises an error that says why there are no scores."""
    with pytest.raises(JobNotSucceeded, match=r"is cancelled\. It was cancelled before it ended"):
        connected(Cancelling(service)).score(pd.DataFrame({"text": ["a"]}))
