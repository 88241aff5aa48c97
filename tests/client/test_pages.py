"""Rows of a job that still runs, its errors and its summary, and jobs done again."""

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
    """A service that does one message more before each GET."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        service = self._service
        if request.method == "GET" and service.dispatch.messages:
            service.step()
        self.requests.append(request)
        answer = self._wsgi.handle_request(request)
        # Nobody waits for a double.
        if "Retry-After" in answer.headers:
            answer.headers["Retry-After"] = "0"
        return answer


def csv_of(texts: list[str]) -> bytes:
    return b"text\n" + b"".join(b'"%s"\n' % text.encode() for text in texts)


def test_a_running_job_is_followed(connected: Callable[..., Any], service: Service) -> None:
    """Its rows come as they are done, in their order and each once, until there are no more."""
    slow = Slow(service)
    job = connected(slow).submit(csv_of(TEXTS))
    rows = list(job.follow())
    assert [row["ref"] for row in rows] == [str(number) for number in range(1, 41)]
    assert [row["Sentiment_Score"] for row in rows] == [
        length_score(text) if text else None for text in TEXTS
    ]
    assert job.refresh().state == "succeeded"
    assert len([one for one in slow.requests if "partial=true" in str(one.url)]) > 2


def test_what_there_is_of_a_running_job(
    connected: Callable[..., Any], service: Service, tmp_path: Path
) -> None:
    """Its first rows, as rows, a DataFrame, bytes or a file; whole ones are refused still."""
    job = connected(Slow(service)).submit(csv_of(TEXTS))
    while not (rows := list(job.rows(partial=True))):
        pass
    assert 0 < len(rows) < 40
    assert job.as_frame(partial=True)["ref"].tolist()[: len(rows)] == [one["ref"] for one in rows]
    path = job.save(tmp_path / "some.csv", partial=True)
    some = b"".join(job.chunks(partial=True))
    assert some.startswith(path.read_bytes())
    with pytest.raises(JobNotFinished):
        next(job.rows())
    whole = b"".join(job.chunks(follow=True))
    assert whole.startswith(some)
    assert whole == b"".join(job.chunks())
    assert b"".join(job.chunks(partial=True)) == whole


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_file_that_grows_is_not_harmed_by_cuts(
    connected: Callable[..., Any], service: Service, kind: str
) -> None:
    """Where pieces of it are cut they are asked for again: every byte comes once, in its place."""
    cut = CutOff(Slow(service), "/results", 0, 10, 50, 51, 3, 80, 0, 120, 7)
    job = connected(cut).submit(csv_of(TEXTS))
    content = b"".join(job.chunks(kind, follow=True))
    assert cut.cuts == []
    assert job.refresh().state == "succeeded"
    assert content == b"".join(job.chunks(kind))


def test_a_piece_that_is_always_cut(connected: Callable[..., Any], service: Service) -> None:
    """Where nothing more comes of it that is an error in the end."""
    cut = CutOff(Slow(service), "/results", *[40] * 1000)
    hasty = Retries(seconds=0.05, first_pause=0.001, longest_pause=0.002)
    job = connected(cut, retries=hasty).submit(csv_of(TEXTS))
    with pytest.raises(Unreachable, match="was cut"):
        list(job.chunks(follow=True))


def test_errors_alone(client: Any) -> None:
    """They are the rows without a score, by their number, over as many pages as there are."""
    job = client.submit(csv_of(TEXTS)).wait()
    found = list(job.errors())
    assert [one["row"] for one in found] == list(range(3, 41, 3))
    assert found[0] == {"row": 3, "ref": "3", "error": "the text is empty"}
    assert list(client.errors(client.submit(["fine"]).wait().id)) == []


def test_what_there_is_of_a_job_that_was_cancelled(client: Any) -> None:
    """Its rows and its errors can be had, if that is what is asked for."""
    job = client.submit(csv_of(TEXTS)).cancel()
    with pytest.raises(NoResults):
        list(job.errors())
    assert list(job.errors(partial=True)) == list(job.follow()) == []


def test_errors_before_the_end(connected: Callable[..., Any], service: Service) -> None:
    """They are an error, unless what there is is asked for, or the job is followed."""
    job = connected(Slow(service)).submit(csv_of(TEXTS))
    with pytest.raises(JobNotFinished):
        list(job.errors())
    now = list(job.errors(partial=True))
    assert len(now) < 13
    every = list(job.errors(follow=True))
    assert (every[: len(now)], len(every)) == (now, 13)


def test_nothing_at_present(connected: Callable[..., Any]) -> None:
    """Where there is no more yet the next page is asked for after the pause that is wished for."""
    empty = {"rows": [], "state": "running", "next": "0"}
    script = Script(
        httpx.Response(200, json=empty, headers={"Retry-After": "0"}),
        problem(503, "store-unavailable", Retry_After="0"),
        httpx.Response(200, json={"rows": [{"ref": "1"}], "state": "succeeded", "next": None}),
    )
    assert list(connected(script).follow("x")) == [{"ref": "1"}]
    assert [one.url.params.get("cursor") for one in script.requests] == [None, "0", "0"]


def test_a_summary(client: Any) -> None:
    """It has the counts, a histogram and the kinds of errors."""
    found = client.submit(csv_of(TEXTS)).wait().summary()
    assert found["rows"] == {"total": 40, "completed": 27, "failed": 13}
    assert sum(one["rows"] for one in found["scores"]["histogram"]) == 27
    assert found["errors"] == [{"kind": "empty", "rows": 13}]


def test_a_job_done_again(client: Any) -> None:
    """One that failed becomes a new one, with other terms if wished; no other one does."""
    failed = client.submit(csv_of(TEXTS), on_error="fail", labels={"run": "1"}).wait()
    assert failed.state == "failed"
    again = failed.retry(on_error="skip", labels={"run": "2"})
    assert again.representation["retry_of"] == failed.id
    again = again.wait()
    assert (again.state, again.completed, again.labels) == ("succeeded", 27, {"run": "2"})
    with pytest.raises(NotRetryable):
        again.retry()


def test_a_submission_sent_twice_makes_one_job(
    connected: Callable[..., Any], service: Service
) -> None:
    """Where the answer is lost on its way the service has the job, and gives it again."""

    class Losing(Working):
        lost = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            if request.method == "POST" and self.lost < 2:
                self.lost += 1
                raise httpx.ReadError("the answer is lost")
            return answer

    losing = Losing(service)
    client = connected(losing)
    for source in (csv_of(["hello"]), ["hello"]):
        losing.lost = 0
        job = client.submit(source)
        assert job.wait().state == "succeeded"
    assert len(list(client.jobs())) == 2


def test_a_key_of_ones_own(client: Any) -> None:
    """It stands for its job: the same rows give that, and others are refused."""
    job = client.submit(b"text\nhello\n", idempotency_key="mine")
    assert client.submit(b"text\nhello\n", idempotency_key="mine").id == job.id
    with pytest.raises(KeyReused):
        client.submit(b"text\nhello you\n", idempotency_key="mine")


def test_a_key_that_is_in_use(connected: Callable[..., Any]) -> None:
    """Where the first attempt is still under way at the service the next one waits for it."""
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
