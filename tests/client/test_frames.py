"""DataFrames as sources and as results, through both clients."""

import io
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from support.doubles.length_model import length_score
from support.in_memory import Service
from support.transports import Working

from scorelane.client.errors import JobNotSucceeded
from scorelane.client.frames import SLICE_ROWS, csv_content, read_results, unescape
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


def test_hostile_texts(client: Any) -> None:
    """Each text is scored exactly as it is, and each reference comes back unchanged."""
    frame = pd.DataFrame({"ref": HOSTILE, "text": HOSTILE})
    job = client.submit(frame).wait()
    found = job.as_frame()
    assert found["ref"].tolist() == HOSTILE
    expected = [None if text == "\r" else length_score(text) for text in HOSTILE]
    scores = found["Sentiment_Score"].astype(object)
    assert scores.where(found["error"].isna(), None).tolist() == expected
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


def test_large_frames_are_sent_in_slices() -> None:
    """The CSV of a frame is rendered slice by slice, with one header."""
    frame = pd.DataFrame({"text": ["x"] * (2 * SLICE_ROWS + 1)})
    chunks = csv_content(frame, ["text"])
    assert [len(chunk.split()) for chunk in chunks()] == [SLICE_ROWS + 1, SLICE_ROWS, 1]
    assert b"".join(chunks()) == b"".join(chunks()) == b"text\r\n" + b"x\r\n" * len(frame)


def test_scores_read_back_equal(tmp_path: Any) -> None:
    """Each score equals the one that the service wrote, to the last bit."""
    path = tmp_path / "results.csv"
    path.write_text("ref,Sentiment_Score,error\nNA,0.30000000000000004,\n,1e-17,\n")
    with path.open("rb") as file:
        frame = read_results(file)
    assert frame["Sentiment_Score"].tolist() == [0.30000000000000004, 1e-17]
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
    """The error names the column, and nothing is sent."""
    with pytest.raises(ValueError, match=message):
        client.score(frame, **options)
    assert working.requests == []


def test_sources_of_a_wrong_type(client: Any) -> None:
    """`score` accepts only frames of pandas; the error of `submit` lists what it accepts."""
    with pytest.raises(TypeError, match="list is not a DataFrame"):
        client.score(["hello"])
    for nonsense in (7, None, {"text": ["a"]}, io.StringIO("text")):
        with pytest.raises(TypeError, match=f"{type(nonsense).__name__} cannot be submitted"):
            client.submit(nonsense)


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
