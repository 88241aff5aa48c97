"""Errors of the service become exceptions of the client."""

import copy
import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.transports import Script, problem

from api.errors import STATUS, status_of
from api.security import errors as access_errors
from scorelane import Client
from scorelane.client import errors as client_errors
from scorelane.client.errors import ApiError, api_error_from, error_class, retry_after
from shared.errors import input as input_errors
from shared.errors import output as output_errors
from shared.errors import service as errors
from shared.errors.base import ScorelaneError

#: The error classes that the API answers with. Other programs raise the rest.
API_ERRORS = sorted(
    {
        kind
        for module in (access_errors, errors, input_errors, output_errors)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, ScorelaneError) and any(one in STATUS for one in kind.__mro__[:-4])
    },
    key=lambda kind: kind.code,
)


def api_error_classes() -> list[type[ApiError]]:
    found = inspect.getmembers(client_errors, inspect.isclass)
    return [kind for _, kind in found if issubclass(kind, ApiError)]


@pytest.mark.parametrize("kind", API_ERRORS, ids=lambda kind: kind.code)
def test_every_error_of_the_api_has_a_class(kind: type[ScorelaneError]) -> None:
    """Each one maps to a class of its own, or to the class of its status."""
    status = int(status_of(kind))
    found = error_class(status, kind.code)
    assert found is not ApiError
    assert any(status in one.statuses for one in found.__mro__ if issubclass(one, ApiError))


def test_codes_and_statuses_are_unambiguous() -> None:
    """No two classes list the same code or status, and each code exists in the service."""
    for listed in ("codes", "statuses"):
        values = [one for kind in api_error_classes() for one in vars(kind).get(listed, ())]
        assert len(values) == len(set(values))
    known = {kind.code for kind in API_ERRORS}
    for kind in api_error_classes():
        assert kind.codes <= known


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "malformed-job-id", client_errors.JobNotFound),
        (404, "not-found", client_errors.NotFound),
        (410, "job-lost", client_errors.JobExpired),
        (422, "unknown-model", client_errors.UnknownModel),
        (422, "no-such-column", client_errors.BadRequest),
        (413, "too-large", client_errors.TooLarge),
        (401, "key-wanted", client_errors.Refused),
        (429, "owner-full", client_errors.RateLimited),
        (503, "a-code-of-tomorrow", client_errors.Unavailable),
        (507, "no-room", client_errors.Unavailable),
        (418, "teapot", ApiError),
    ],
)
def test_the_class_of_an_error(status: int, code: str, kind: type[ApiError]) -> None:
    """The code decides, otherwise the status; an unknown error is a plain ApiError."""
    found = api_error_from(with_request(problem(status, code, Retry_After="7")))
    assert type(found) is kind
    assert (found.status, found.code, found.retry_after) == (status, code, 7.0)
    assert str(found) == found.detail == f"It is {code}."


def pickled(error: Exception) -> Any:
    return pickle.loads(pickle.dumps(error))  # noqa: S301  it was made here


CLIENT_ERRORS = [
    kind
    for _, kind in inspect.getmembers(client_errors, inspect.isclass)
    if issubclass(kind, client_errors.ClientError)
]


@pytest.mark.parametrize("kind", CLIENT_ERRORS)
@pytest.mark.parametrize("again", [pickled, copy.copy, copy.deepcopy])
def test_errors_can_be_pickled_and_copied(kind: Any, again: Callable[[Any], Any]) -> None:
    """A process pool gets the same error, with all that is known of it."""
    if issubclass(kind, ApiError):
        error = kind(429, "a-code", "It is so.", retry_after=7.0)
    else:
        error = kind("It is so.")
    error.add_note("a note")
    found = again(error)
    assert type(found) is kind
    assert str(found) == "It is so."
    assert found.args == error.args
    assert vars(found) == vars(error)
    assert found.__notes__ == ["a note"]
    if issubclass(kind, ApiError):
        assert (found.status, found.code, found.detail) == (429, "a-code", "It is so.")
        assert found.retry_after == 7.0


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("http://x:1/jobs", "http://x:1"),
        ("https://x/v1/files/7", "https://x"),
        ("http://x/scores/sentiment/", "http://x/scores"),
        ("http://x?model=deep", "http://x"),
        ("http://docs/docs#jobs", "http://docs"),
    ],
)
def test_an_address_within_a_service(url: str, service: str) -> None:
    """It is refused before anything is sent, and the message has the address to use."""
    with pytest.raises(client_errors.Unreachable, match=f"the service itself: {service}$"):
        Client(url)


def test_a_service_below_a_path_of_a_proxy() -> None:
    """Its address has that path; a host may be named as an endpoint is."""
    for url in ("http://x/scores", "http://docs", "http://x/jobs-of-mine"):
        with Client(f"{url}/") as client:
            assert client.url == url


def test_an_error_of_another_server() -> None:
    """An error response that is not Scorelane's is an ApiError too, and names the address."""
    found = api_error_from(with_request(httpx.Response(502, content=b"<html>")))
    assert type(found) is client_errors.Unavailable
    assert "http://scorelane/ answered 502" in str(found)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"Retry-After": "0"}, 0.0),
        ({}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        (
            {
                "Retry-After": "Wed, 21 Oct 2015 07:28:30 GMT",
                "Date": "Wed, 21 Oct 2015 07:28:00 GMT",
            },
            30.0,
        ),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """It is a number of seconds, or a date by the service's clock; other values are ignored."""
    assert retry_after(with_request(httpx.Response(503, headers=headers))) == seconds


def test_calls_raise_the_class_of_their_error(client: Any, connected: Callable[..., Any]) -> None:
    """Both clients raise the class for the error that the service in memory answers with."""
    for call in (client.job, client.delete, client.cancel, client.wait):
        with pytest.raises(client_errors.JobNotFound, match="is not a job id"):
            call("no-id")
    with pytest.raises(client_errors.BadRequest, match="no column 'text'") as refused:
        client.submit(b"a,b\n1,2\n")
    assert (refused.value.status, refused.value.code) == (422, "no-such-column")
    job = client.submit(b"text\nhello\n")
    job.delete()
    with pytest.raises(client_errors.JobNotFound):
        job.refresh()
    with pytest.raises(client_errors.TooLarge):
        connected(Script(problem(413, "too-large"))).submit(b"text\n")


def test_a_redirect_is_an_error(connected: Callable[..., Any], tmp_path: Path) -> None:
    """Its page is never taken for results, nor its status for a success."""
    moved = httpx.Response(301, headers={"Location": "https://scorelane/"}, content=b"<html>")
    client = connected(Script(moved))
    for call in (client.delete, client.cancel, client.job, client.follow, client.rows):
        with pytest.raises(ApiError, match=r"answered 301, .* redirects to https://scorelane/"):
            list(call("x") or ())
    with pytest.raises(ApiError, match="redirects"):
        client.save("x", tmp_path / "scores.csv")
    with pytest.raises(ApiError, match="redirects"):
        client.submit(b"text\nhello\n")
    assert list(tmp_path.iterdir()) == []


def test_a_web_page_is_no_result(connected: Callable[..., Any], tmp_path: Path) -> None:
    """The login page of a proxy, for example, is not written to a file."""
    page = httpx.Response(200, headers={"Content-Type": "text/html"}, content=b"<html>")
    client = connected(Script(page))
    for partial in (False, True):
        with pytest.raises(client_errors.ClientError, match="not as Scorelane does"):
            client.save("x", tmp_path / "scores.csv", partial=partial)
        with pytest.raises(client_errors.ClientError, match="not as Scorelane does"):
            list(client.rows("x", partial=partial))
    assert list(tmp_path.iterdir()) == []


def with_request(response: httpx.Response) -> httpx.Response:
    """Give a response the request that httpx would have set."""
    response.request = httpx.Request("GET", "http://scorelane/jobs")
    return response
