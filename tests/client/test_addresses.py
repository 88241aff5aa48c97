"""Jobs on files that the service reads where they are, by both clients."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from scorelane.client.errors import OutputTaken, Refused


class Recording(httpx.BaseTransport):
    """Answers each request as a test wants, and keeps the requests."""

    def __init__(self, *answers: httpx.Response) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._answers.pop(0)


def problem(status: int, code: str) -> httpx.Response:
    body = {"type": f"urn:scorelane:problem:{code}", "status": status, "detail": code}
    return httpx.Response(status, json=body)


def accepted() -> httpx.Response:
    body = {
        "id": "0" * 32,
        "model": {"name": "fast", "version": "1"},
        "rows": {"total": None, "completed": 0, "failed": 0},
        **dict.fromkeys(("started_at", "finished_at", "error", "eta_seconds"), None),
        "state": "queued",
        "progress": 0.0,
        "rows_per_second": None,
        "created_at": "2026-01-01T00:00:00.000Z",
        "detail": "It waits.",
    }
    return httpx.Response(202, json=body)


def test_the_request(connected: Callable[..., Any]) -> None:
    """It says by its type that it has addresses, and has a key: all attempts make one job."""
    transport = Recording(httpx.Response(503), accepted())
    job = connected(transport).submit(
        input=("s3://data/a.csv", "s3://data/b/"),
        output="s3://data/out/",
        rename={"Age": "age"},
        labels={"team": "growth"},
        retention_seconds=60,
        columns=["a", "b,c"],
    )
    assert job.state == "queued"
    first, second = transport.requests
    assert first.headers["Content-Type"] == "application/vnd.scorelane.job+json"
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert json.loads(second.content) == {
        "input": ["s3://data/a.csv", "s3://data/b/"],
        "output": "s3://data/out/",
        "rename": '"Age:age"',
        "label": ["team:growth"],
        "retention_seconds": 60,
        "columns": '"a","b,c"',
    }


def test_a_dry_run(connected: Callable[..., Any]) -> None:
    """It makes no job, so it is sent again without a key."""
    transport = Recording(httpx.Response(503), httpx.Response(200, json={"detail": "fine"}))
    client = connected(transport)
    assert client.validate(input="s3://data/a.csv", guess=True) == {"detail": "fine"}
    assert dict(transport.requests[1].url.params) == {"validate": "true", "guess": "true"}
    assert json.loads(transport.requests[1].content) == {"input": "s3://data/a.csv"}


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(409, "output-taken", OutputTaken), (403, "place-not-allowed", Refused)],
)
def test_refusals(
    connected: Callable[..., Any], status: int, code: str, error: type[Exception]
) -> None:
    """A taken output and a place that is not allowed are errors of their own."""
    with pytest.raises(error, match=code):
        connected(Recording(problem(status, code))).submit(input="s3://a/b.csv", output="s3://a/c/")


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((), {}),
        ((), {"output": "s3://a/b/"}),
        ((["a text"],), {"input": "s3://a/b.csv"}),
        ((["a text"],), {"output": "s3://a/b/"}),
        ((), {"input": "s3://a/b.csv", "media_type": "text/csv"}),
    ],
)
@pytest.mark.parametrize("call", ["submit", "validate"])
def test_arguments_that_do_not_fit(
    connected: Callable[..., Any], call: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    """They are refused before anything is sent."""
    transport = Recording()
    with pytest.raises(ValueError, match=r"Give|media_type"):
        getattr(connected(transport), call)(*arguments, **options)
    assert not transport.requests
