"""DataFrames in and out, through both clients."""

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

#: Texts that CSV, spreadsheets and pandas each have a word to say about.
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


def test_scores_are_joined(client: Any) -> None:
    """The frame comes back with its index and columns, and each row's score or error."""
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


def test_a_few_rows_take_one_request(connected: Callable[..., Any], service: Service) -> None:
    """They are submitted, waited for and fetched at once; whoever watches is told of the job."""
    working, frame = Working(service), pd.DataFrame({"text": ["hello", None, "hello you"]})
    scored = connected(working).score(frame)
    assert scored["Sentiment_Score"].fillna(-1).tolist() == [0.05, -1, 0.09]
    assert [one.method for one in working.requests] == ["POST"]
    seen: list[str] = []
    again = connected(working).score(frame, on_progress=lambda job: seen.append(job.state))
    pd.testing.assert_frame_equal(again, scored)
    assert seen == ["succeeded"]


def test_hostile_texts(client: Any) -> None:
    """Whatever the texts and references look like, each is scored as it is, and comes back so."""
    frame = pd.DataFrame({"ref": HOSTILE, "text": HOSTILE})
    job = client.submit(frame).wait()
    found = job.as_frame()
    assert found["ref"].tolist() == HOSTILE
    wanted = [None if text == "\r" else length_score(text) for text in HOSTILE]
    scores = found["Sentiment_Score"].astype(object)
    assert scores.where(found["error"].isna(), None).tolist() == wanted
    assert found.columns.tolist() == ["ref", "Sentiment_Score", "error"]


@pytest.mark.parametrize("first", ["", "'", "''", "x", " ", "\n"])
@pytest.mark.parametrize("second", ["", "=", "+", "-", "@", "\t", "\r", "\n", "'", "5", "x"])
def test_the_client_undoes_the_escape_of_the_service(first: str, second: str) -> None:
    """The client's `unescape` gives back every cell, and agrees with the service's own."""
    for cell in (first + second, first + second + "1+1", first + second + "\nx"):
        assert unescape(csv_results.escape(cell)) == cell
        assert unescape(cell) == csv_results.unescape(cell)


def test_only_what_is_needed_is_sent(client: Any, working: Working) -> None:
    """The columns of the texts and of the references go over the network, and no other."""
    frame = pd.DataFrame({"secret": ["s"], "id": [7], "review": ["hello"]})
    job = client.submit(frame, text_column="review", ref_column="id").wait()
    sent = next(request for request in working.requests if request.method == "POST")
    assert sent.content == b"id,review\r\n7,hello\r\n"
    assert job.as_frame()["ref"].tolist() == ["7"]


def test_columns_are_carried_through(client: Any) -> None:
    """By name or all of them, whatever they are called; their cells come back as they were."""
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
    """They are known by their place, whatever the frame's index."""
    frame = pd.DataFrame({"text": ["a", "", "ab"]}, index=[9, 9, 9])
    job = client.submit(frame).wait()
    assert job.as_frame()["ref"].tolist() == ["1", "2", "3"]


def test_large_frames_are_sent_in_slices() -> None:
    """The CSV of a frame is never whole in memory, and has one header."""
    frame = pd.DataFrame({"text": ["x"] * (2 * SLICE_ROWS + 1)})
    runs = csv_content(frame, ["text"])
    assert [len(run.split()) for run in runs()] == [SLICE_ROWS + 1, SLICE_ROWS, 1]
    assert b"".join(runs()) == b"".join(runs()) == b"text\r\n" + b"x\r\n" * len(frame)


def test_scores_read_back_equal(tmp_path: Any) -> None:
    """A float is the one that the service wrote, to the last bit."""
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
    """They are an error that says why, before anything is sent."""
    with pytest.raises(ValueError, match=message):
        client.score(frame, **options)
    assert working.requests == []


def test_no_frame(client: Any) -> None:
    """`score` takes frames only, and `submit` says what it takes."""
    with pytest.raises(TypeError, match="list is not a DataFrame"):
        client.score(["hello"])
    for nonsense in (7, None, {"text": ["a"]}, io.StringIO("text")):
        with pytest.raises(TypeError, match=f"{type(nonsense).__name__} cannot be submitted"):
            client.submit(nonsense)


class Cancelling(Working):
    """A service at which somebody else cancels every job."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # As one that has no thread to keep the request with.
        request.headers.pop("Prefer", None)
        answer = super().handle_request(request)
        if request.url.path == "/jobs":
            cancel = f"http://x{answer.headers['Location']}/cancel"
            super().handle_request(httpx.Request("POST", cancel))
        return answer


def test_a_job_that_does_not_succeed(connected: Callable[..., Any], service: Service) -> None:
    """There are no scores then, and the error says why."""
    with pytest.raises(JobNotSucceeded, match=r"is cancelled\. It was cancelled before it ended"):
        connected(Cancelling(service)).score(pd.DataFrame({"text": ["a"]}))
