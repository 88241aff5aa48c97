"""Partial results, errors and summaries of jobs; retried jobs; idempotency keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.doubles.length_model import length_score
from support.in_memory import Service
from support.transports import CutOff, Script, Working, problem

from scorelane import Retries
from scorelane.client.errors import (
    JobNotFinished,
    KeyReused,
    NoResults,
    NotRetryable,
    Unreachable,
)

TEXTS = ["a" * number if number % 3 else "" for number in range(1, 41)]


class Slow(Working):
    """A service whose worker handles one more message before each GET."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        service = self._service
        if request.method == "GET" and service.dispatch.messages:
            service.step()
        self.requests.append(request)
        response = self._wsgi.handle_request(request)
        # The test should not sleep.
        if "Retry-After" in response.headers:
            response.headers["Retry-After"] = "0"
        return response


def csv_of(texts: list[str]) -> bytes:
    return b"text\n" + b"".join(b'"%s"\n' % text.encode() for text in texts)


def test_a_running_job_is_followed(connected: Callable[..., Any], service: Service) -> None:
    """`follow` yields the rows as they are scored, in order and each once, to the job's end."""
    slow = Slow(service)
    job = connected(slow).submit(csv_of(TEXTS))
    rows = list(job.follow())
    assert [row["ref"] for row in rows] == [str(number) for number in range(1, 41)]
    assert [row["Sentiment_Score"] for row in rows] == [
        length_score(text) if text else None for text in TEXTS
    ]
    assert job.refresh().state == "succeeded"
    assert len([one for one in slow.requests if "partial=true" in str(one.url)]) > 2


def test_partial_results_of_a_running_job(
    connected: Callable[..., Any], service: Service, tmp_path: Path
) -> None:
    """Its first rows can be read as rows, a DataFrame, bytes or a file; complete results cannot."""
    job = connected(Slow(service)).submit(csv_of(TEXTS))
    while not (rows := list(job.rows(partial=True))):
        pass
    assert 0 < len(rows) < 40
    assert job.as_frame(partial=True)["ref"].tolist()[: len(rows)] == [one["ref"] for one in rows]
    path = job.save(tmp_path / "part.csv", partial=True)
    part = b"".join(job.chunks(partial=True))
    assert part.startswith(path.read_bytes())
    with pytest.raises(JobNotFinished):
        next(job.rows())
    whole = b"".join(job.chunks(follow=True))
    assert whole.startswith(part)
    assert whole == b"".join(job.chunks())
    assert b"".join(job.chunks(partial=True)) == whole


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_following_a_file_survives_cuts(
    connected: Callable[..., Any], service: Service, kind: str
) -> None:
    """Pieces that were cut are requested again: each byte comes once, in order."""
    cut = CutOff(Slow(service), "/results", 0, 10, 50, 51, 3, 80, 0, 120, 7)
    job = connected(cut).submit(csv_of(TEXTS))
    content = b"".join(job.chunks(kind, follow=True))
    assert cut.cuts == []
    assert job.refresh().state == "succeeded"
    assert content == b"".join(job.chunks(kind))


def test_a_piece_that_is_always_cut(connected: Callable[..., Any], service: Service) -> None:
    """If no attempt brings a new byte, the call gives up with an error."""
    cut = CutOff(Slow(service), "/results", *[40] * 1000)
    impatient = Retries(seconds=0.05, first_pause=0.001, longest_pause=0.002)
    job = connected(cut, retries=impatient).submit(csv_of(TEXTS))
    with pytest.raises(Unreachable, match="was cut"):
        list(job.chunks(follow=True))


def test_errors_of_a_job(client: Any) -> None:
    """`errors` yields the rows without a score, with their numbers."""
    job = client.submit(csv_of(TEXTS)).wait()
    found = list(job.errors())
    assert [one["row"] for one in found] == list(range(3, 41, 3))
    assert found[0] == {"row": 3, "ref": "3", "error": "the text is empty"}
    assert list(client.errors(client.submit(["fine"]).wait().id)) == []


def test_partial_results_of_a_cancelled_job(client: Any) -> None:
    """Its rows and errors can be read with `partial` or `follow`, and otherwise not."""
    job = client.submit(csv_of(TEXTS)).cancel()
    with pytest.raises(NoResults):
        list(job.errors())
    assert list(job.errors(partial=True)) == list(job.follow()) == []


def test_errors_of_a_running_job(connected: Callable[..., Any], service: Service) -> None:
    """They can be read with `partial` or `follow`; otherwise the job has not finished."""
    job = connected(Slow(service)).submit(csv_of(TEXTS))
    with pytest.raises(JobNotFinished):
        list(job.errors())
    now = list(job.errors(partial=True))
    assert len(now) < 13
    all_errors = list(job.errors(follow=True))
    assert (all_errors[: len(now)], len(all_errors)) == (now, 13)


def test_follow_waits_when_there_are_no_new_rows(connected: Callable[..., Any]) -> None:
    """It requests the next page after `Retry-After`, and survives a 503 meanwhile."""
    empty = {"rows": [], "state": "running", "next": "0"}
    script = Script(
        httpx.Response(200, json=empty, headers={"Retry-After": "0"}),
        problem(503, "store-unavailable", Retry_After="0"),
        httpx.Response(200, json={"rows": [{"ref": "1"}], "state": "succeeded", "next": None}),
    )
    assert list(connected(script).follow("x")) == [{"ref": "1"}]
    assert [one.url.params.get("cursor") for one in script.requests] == [None, "0", "0"]


def test_a_summary(client: Any) -> None:
    """A summary has the counts, a histogram and the kinds of errors."""
    found = client.submit(csv_of(TEXTS)).wait().summary()
    assert found["rows"] == {"total": 40, "completed": 27, "failed": 13}
    assert sum(one["rows"] for one in found["scores"]["histogram"]) == 27
    assert found["errors"] == [{"kind": "empty", "rows": 13}]


def test_a_retried_job(client: Any) -> None:
    """A failed job is retried as a new job, with changed terms; one that succeeded cannot be."""
    failed = client.submit(csv_of(TEXTS), on_error="fail", labels={"run": "1"}).wait()
    assert failed.state == "failed"
    again = failed.retry(on_error="skip", labels={"run": "2"})
    assert again.representation["retry_of"] == failed.id
    again = again.wait()
    assert (again.state, again.completed, again.labels) == ("succeeded", 27, {"run": "2"})
    with pytest.raises(NotRetryable):
        again.retry()


def test_a_submission_sent_again_makes_one_job(
    connected: Callable[..., Any], service: Service
) -> None:
    """If the response is lost, the next attempt returns the job that was made already."""

    class Losing(Working):
        lost = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if request.method == "POST" and self.lost < 2:
                self.lost += 1
                raise httpx.ReadError("the response is lost")
            return response

    losing = Losing(service)
    client = connected(losing)
    for source in (csv_of(["hello"]), ["hello"]):
        losing.lost = 0
        job = client.submit(source)
        assert job.wait().state == "succeeded"
    assert len(list(client.jobs())) == 2


def test_an_idempotency_key_given_by_the_user(client: Any) -> None:
    """The same key and rows return the same job; other rows are refused."""
    job = client.submit(b"text\nhello\n", idempotency_key="mine")
    assert client.submit(b"text\nhello\n", idempotency_key="mine").id == job.id
    with pytest.raises(KeyReused):
        client.submit(b"text\nhello you\n", idempotency_key="mine")


def test_an_idempotency_key_in_use(connected: Callable[..., Any]) -> None:
    """While the service still handles the first attempt, the client tries again."""
    job = {
        "id": "a" * 32, "state": "queued", "model": {"name": "m", "version": "1"},
        "rows": {"total": None, "completed": 0, "failed": 0}, "progress": 0.0,
        "rows_per_second": None, "eta_seconds": None, "created_at": "2026-01-01T00:00:00.000Z",
        "started_at": None, "finished_at": None, "error": None, "detail": "It waits.",
    }  # fmt: skip
    script = Script(
        httpx.ReadError("cut"),
        problem(409, "idempotency-key-in-use", Retry_After="0"),
        httpx.Response(202, json=job),
    )
    assert connected(script).submit(b"text\nhello\n").id == "a" * 32
