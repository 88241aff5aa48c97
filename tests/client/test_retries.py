"""Which requests are retried, for how long, and after which pauses."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.transports import QUICK, Script, problem

from scorelane import Retries
from scorelane.client.errors import (
    ApiError,
    JobExpired,
    RateLimited,
    SourceSpent,
    Unavailable,
    Unreachable,
)
from scorelane.client.retries import Attempts

Connect = Callable[..., Any]

CUT = httpx.ReadError("cut")
REFUSED = httpx.ConnectError("refused")
MODELS = httpx.Response(200, json={"models": []})
SCORES = httpx.Response(200, json=[])
JOB = {
    "id": "a" * 32, "state": "queued", "model": {"name": "m", "version": "1"},
    "rows": {"total": None, "completed": 0, "failed": 0}, "progress": 0.0, "rows_per_second": None,
    "eta_seconds": None, "created_at": "2026-01-01T00:00:00.000Z", "started_at": None,
    "finished_at": None, "error": None, "detail": "It waits.",
}  # fmt: skip
ACCEPTED = httpx.Response(202, json=JOB)


@pytest.mark.parametrize(
    "failure",
    [problem(status) for status in (408, 429, 502, 503, 504)]
    + [CUT, REFUSED, httpx.ReadTimeout("silent"), httpx.RemoteProtocolError("nonsense")],
    ids=repr,
)
def test_transient_failures_are_retried(connected: Connect, failure: Any) -> None:
    """Failed connections and the statuses 408, 429, 502, 503 and 504 are retried."""
    script = Script(failure, failure, MODELS)
    assert connected(script).models() == []
    assert len(script.requests) == (1 if failure is REFUSED else 3)


@pytest.mark.parametrize("status", [400, 404, 409, 410, 413, 422, 500, 507])
def test_permanent_errors_are_raised_at_once(connected: Connect, status: int) -> None:
    """Other statuses are raised without a second attempt."""
    script = Script(problem(status), MODELS)
    with pytest.raises(ApiError) as it:
        connected(script).models()
    assert it.value.status == status
    assert len(script.requests) == 1


def test_attempts_at_a_submission_are_identical(connected: Connect) -> None:
    """Each attempt sends the whole content, with an Idempotency-Key of that submission alone."""
    script = Script(ACCEPTED)
    client = connected(script)
    for source in (b"text\nhello\n", io.BytesIO(b"text\nhello\n")):
        script.responses = [CUT, problem(503), ACCEPTED]
        client.submit(source)
    keys = [request.headers["Idempotency-Key"] for request in script.requests]
    assert len(keys) == 6
    assert len(set(keys[:3])) == len(set(keys[3:])) == 1
    assert len(set(keys)) == 2
    assert {request.content for request in script.requests} == {b"text\nhello\n"}


@pytest.mark.parametrize(
    "failure",
    [problem(400, "body-cut-off"), problem(409, "idempotency-key-in-use", Retry_After="30")],
    ids=["cut", "in-use"],
)
def test_an_upload_that_broke_off(connected: Connect, failure: httpx.Response) -> None:
    """The next attempts follow soon, because the service frees the key before its time is over."""
    script = Script(CUT, failure, failure, ACCEPTED)
    assert connected(script).submit(b"text\nhello\n").state == "queued"
    assert len({request.headers["Idempotency-Key"] for request in script.requests}) == 1
    assert [request.content for request in script.requests] == [b"text\nhello\n"] * 4


def test_a_submission_from_the_middle_of_a_file(connected: Connect) -> None:
    """Each attempt reads an open file from the position that it had."""
    file = io.BytesIO(b"not this\ntext\nhello\n")
    file.readline()
    script = Script(CUT, ACCEPTED)
    connected(script).submit(file)
    assert [request.content for request in script.requests] == [b"text\nhello\n"] * 2


class Pipe(io.BytesIO):
    """A file that can be read only once."""

    def seekable(self) -> bool:
        return False


def test_a_source_that_can_be_read_once_is_not_retried(connected: Connect) -> None:
    """The error says what happened, why there was no retry, and what to do."""
    script = Script(CUT, ACCEPTED)
    with pytest.raises(SourceSpent, match=r"was cut: cut\. .*only once.*idempotency_key='mine'"):
        connected(script).submit(Pipe(b"text\nhello\n"), idempotency_key="mine")
    assert len(script.requests) == 1


def test_a_source_is_retried_if_nothing_of_it_was_read(connected: Connect) -> None:
    """A connection that failed before the upload began leaves the source unread."""
    script = Script(REFUSED, ACCEPTED)
    connected(script).submit(Pipe(b"text\nhello\n"))
    assert [request.content for request in script.requests] == [b"text\nhello\n"]


def test_attempts_at_a_retry_share_a_key(connected: Connect) -> None:
    """`retry` has an Idempotency-Key per call, so that each call makes one job."""
    script = Script(CUT, problem(503), ACCEPTED, ACCEPTED)
    client = connected(script)
    for _ in range(2):
        client.retry("b" * 32, on_error="skip")
    keys = [request.headers["Idempotency-Key"] for request in script.requests]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_sentiment_is_retried_and_cancel_is_not(connected: Connect) -> None:
    """`sentiment` stores nothing, so it may be repeated; a second cancel would be refused."""
    assert connected(Script(CUT, SCORES)).sentiment({"text": ["hello"]}) == []
    script = Script(CUT, ACCEPTED)
    with pytest.raises(Unreachable, match="was cut"):
        connected(script).cancel("a" * 32)
    assert len(script.requests) == 1


@pytest.mark.parametrize("retries", [Retries(seconds=0), Retries(first_contact=0)])
def test_retries_can_be_turned_off(connected: Connect, retries: Retries) -> None:
    """Retries can be turned off altogether, or for a service that never answered."""
    script = Script(REFUSED, MODELS)
    with pytest.raises(Unreachable, match="Nothing answers at http://scorelane"):
        connected(script, retries=retries).models()
    assert script.requests == []


def test_a_service_that_has_answered_is_retried(connected: Connect) -> None:
    """`first_contact` does not apply once the service has answered."""
    script = Script(MODELS, REFUSED, MODELS)
    client = connected(script, retries=Retries(first_contact=0, first_pause=0.001))
    client.models()
    assert client.models() == []


def test_a_service_that_has_taken_a_part_of_an_upload_is_retried(connected: Connect) -> None:
    """`first_contact` does not apply: the service was there, and may be starting again."""
    script = Script(CUT, REFUSED, REFUSED, ACCEPTED)
    retries = Retries(first_contact=0, first_pause=0.001)
    assert connected(script, retries=retries).submit(b"text\nhello\n").state == "queued"


def test_retry_after_is_honoured(connected: Connect) -> None:
    """If `Retry-After` exceeds the time for retries, the error is raised at once, with it."""
    script = Script(problem(429, "too-many-requests", Retry_After="3600"), MODELS)
    with pytest.raises(RateLimited) as it:
        connected(script).models()
    assert it.value.retry_after == 3600
    assert len(script.requests) == 1


def test_pauses() -> None:
    """Pauses double up to a limit, with jitter; `Retry-After` is their lower limit."""
    attempts = Attempts(Retries(seconds=100, first_pause=1, longest_pause=4))
    for most in (1, 2, 4, 4):
        pause = attempts.pause_after(CUT, answered=True)
        assert pause is not None
        assert most / 2 <= pause <= most
    advised = attempts.pause_after(Unavailable(503, "x", "x", retry_after=10), answered=True)
    assert advised is not None
    assert 10.5 <= advised <= 11
    assert attempts.pause_after(JobExpired(410, "x", "x"), answered=True) is None


def test_attempts_are_bounded_in_time(connected: Connect) -> None:
    """When a service keeps failing, the client gives up with the service's message."""
    script = Script(problem(503, "store-unavailable"))
    retries = Retries(seconds=0.05, first_pause=0.01, longest_pause=0.01)
    with pytest.raises(Unavailable, match="It is store-unavailable"):
        connected(script, retries=retries).models()
    assert len(script.requests) > 1


def test_an_error_of_the_users_code_is_not_retried(connected: Connect) -> None:
    """The call raises the user's own exception unchanged."""

    def content() -> Iterator[bytes]:
        raise LookupError("no rows today")
        yield b""

    class Broken(Pipe):
        def read(self, _size: int | None = -1) -> bytes:
            return next(content())

    script = Script(ACCEPTED)
    with pytest.raises(LookupError, match="no rows today"):
        connected(script, retries=QUICK).submit(Broken())
