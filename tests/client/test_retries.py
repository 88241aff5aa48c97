"""Requests that are tried again: which, how often, and after how long."""

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
    [problem(status) for status in (429, 502, 503, 504)]
    + [CUT, REFUSED, httpx.ReadTimeout("silent"), httpx.RemoteProtocolError("nonsense")],
    ids=repr,
)
def test_what_passes_is_tried_again(connected: Connect, failure: Any) -> None:
    """Connections that fail, and answers that say that it will pass, are outlasted."""
    script = Script(failure, failure, MODELS)
    assert connected(script).models() == []
    assert len(script.requests) == (1 if failure is REFUSED else 3)


@pytest.mark.parametrize("status", [400, 404, 409, 410, 413, 422, 500, 507])
def test_what_lasts_is_an_error_at_once(connected: Connect, status: int) -> None:
    """Any other error is none that another attempt would put right."""
    script = Script(problem(status), MODELS)
    with pytest.raises(ApiError) as it:
        connected(script).models()
    assert it.value.status == status
    assert len(script.requests) == 1


def test_a_submission_is_the_same_in_every_attempt(connected: Connect) -> None:
    """It is sent again as a whole and with its own Idempotency-Key, which no other one has."""
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


def test_a_submission_from_the_middle_of_a_file(connected: Connect) -> None:
    """A file that was open is read again from where it stood."""
    file = io.BytesIO(b"not this\ntext\nhello\n")
    file.readline()
    script = Script(CUT, ACCEPTED)
    connected(script).submit(file)
    assert [request.content for request in script.requests] == [b"text\nhello\n"] * 2


class Pipe(io.BytesIO):
    """A file that can be read once."""

    def seekable(self) -> bool:
        return False


def test_what_can_be_read_once_is_not_sent_twice(connected: Connect) -> None:
    """The error says what became of it, why there was no further attempt, and what to do."""
    script = Script(CUT, ACCEPTED)
    with pytest.raises(SourceSpent, match=r"was cut: cut\. .*only once.*idempotency_key='mine'"):
        connected(script).submit(Pipe(b"text\nhello\n"), idempotency_key="mine")
    assert len(script.requests) == 1


def test_what_can_be_read_once_is_sent_when_nothing_was_sent_yet(connected: Connect) -> None:
    """A connection that could not be made has taken nothing of it."""
    script = Script(REFUSED, ACCEPTED)
    connected(script).submit(Pipe(b"text\nhello\n"))
    assert [request.content for request in script.requests] == [b"text\nhello\n"]


def test_a_retry_is_the_same_in_every_attempt(connected: Connect) -> None:
    """It has an Idempotency-Key of its own, so it makes one job."""
    script = Script(CUT, problem(503), ACCEPTED, ACCEPTED)
    client = connected(script)
    for _ in range(2):
        client.retry("b" * 32, on_error="skip")
    keys = [request.headers["Idempotency-Key"] for request in script.requests]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_a_question_is_asked_again_and_a_cancel_is_not(connected: Connect) -> None:
    """What leaves nothing behind may happen twice; a cancel would be refused then."""
    assert connected(Script(CUT, SCORES)).sentiment({"text": ["hello"]}) == []
    script = Script(CUT, ACCEPTED)
    with pytest.raises(Unreachable, match="was cut"):
        connected(script).cancel("a" * 32)
    assert len(script.requests) == 1


@pytest.mark.parametrize("retries", [Retries(seconds=0), Retries(first_contact=0)])
def test_no_retries(connected: Connect, retries: Retries) -> None:
    """They can be left out, altogether or for a service that was never there."""
    script = Script(REFUSED, MODELS)
    with pytest.raises(Unreachable, match="Nothing answers at http://scorelane"):
        connected(script, retries=retries).models()
    assert script.requests == []


def test_a_service_that_was_there_is_waited_for(connected: Connect) -> None:
    """Once it has answered, its address is right."""
    script = Script(MODELS, REFUSED, MODELS)
    client = connected(script, retries=Retries(first_contact=0, first_pause=0.001))
    client.models()
    assert client.models() == []


def test_retry_after_is_honoured(connected: Connect) -> None:
    """A wish beyond the time for attempts ends them, and is in the error."""
    script = Script(problem(429, "too-many-requests", Retry_After="3600"), MODELS)
    with pytest.raises(RateLimited) as it:
        connected(script).models()
    assert it.value.retry_after == 3600
    assert len(script.requests) == 1


def test_pauses() -> None:
    """They double up to a bound, no two alike; the service's wish is the least of them."""
    attempts = Attempts(Retries(seconds=100, first_pause=1, longest_pause=4))
    for most in (1, 2, 4, 4):
        pause = attempts.pause_after(CUT, answered=True)
        assert pause is not None
        assert most / 2 <= pause <= most
    wished = attempts.pause_after(Unavailable(503, "x", "x", retry_after=10), answered=True)
    assert wished is not None
    assert 10.5 <= wished <= 11
    assert attempts.pause_after(JobExpired(410, "x", "x"), answered=True) is None


def test_attempts_are_bounded_in_time(connected: Connect) -> None:
    """A service that keeps failing is given up, with its own words."""
    script = Script(problem(503, "store-unavailable"))
    retries = Retries(seconds=0.05, first_pause=0.01, longest_pause=0.01)
    with pytest.raises(Unavailable, match="It is store-unavailable"):
        connected(script, retries=retries).models()
    assert len(script.requests) > 1


def test_a_function_that_raises_ends_the_call(connected: Connect) -> None:
    """What the user's own code raises comes out of the call as it is, and is not tried again."""

    def content() -> Iterator[bytes]:
        raise LookupError("no rows today")
        yield b""

    class Broken(Pipe):
        def read(self, _size: int | None = -1) -> bytes:
            return next(content())

    script = Script(ACCEPTED)
    with pytest.raises(LookupError, match="no rows today"):
        connected(script, retries=QUICK).submit(Broken())
