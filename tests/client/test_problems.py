"""Errors of the service as errors of the client."""

import inspect
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.transports import Script, problem

from api.errors import STATUS, status_of
from scorelane.client import errors as problems
from scorelane.client.errors import ApiError, kind_of, problem_in, retry_after
from shared.errors import input as input_errors
from shared.errors import service as errors
from shared.errors.base import ScorelaneError

#: What the API answers with; the rest is said by other programs.
ANSWERED = sorted(
    {
        kind
        for module in (errors, input_errors)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, ScorelaneError) and any(one in STATUS for one in kind.__mro__[:-4])
    },
    key=lambda kind: kind.code,
)


def kinds() -> list[type[ApiError]]:
    found = inspect.getmembers(problems, inspect.isclass)
    return [kind for _, kind in found if issubclass(kind, ApiError)]


@pytest.mark.parametrize("kind", ANSWERED, ids=lambda kind: kind.code)
def test_every_problem_has_a_kind(kind: type[ScorelaneError]) -> None:
    """An error that the API answers with is of a kind of its own, or of that of its status."""
    status = int(status_of(kind))
    found = kind_of(status, kind.code)
    assert found is not ApiError
    assert any(status in one.statuses for one in found.__mro__ if issubclass(one, ApiError))


def test_codes_and_statuses_lead_to_one_kind() -> None:
    """No code or status is claimed twice, and every code is one of the service's."""
    for claimed in ("codes", "statuses"):
        all_of_them = [one for kind in kinds() for one in vars(kind).get(claimed, ())]
        assert len(all_of_them) == len(set(all_of_them))
    known = {kind.code for kind in ANSWERED}
    for kind in kinds():
        assert kind.codes <= known


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "malformed-job-id", problems.JobNotFound),
        (404, "not-found", problems.NotFound),
        (410, "job-lost", problems.JobExpired),
        (422, "unknown-model", problems.UnknownModel),
        (422, "no-such-column", problems.BadRequest),
        (413, "too-large", problems.TooLarge),
        (401, "key-wanted", problems.Refused),
        (429, "owner-full", problems.RateLimited),
        (503, "a-code-of-tomorrow", problems.Unavailable),
        (507, "no-room", problems.Unavailable),
        (418, "teapot", ApiError),
    ],
)
def test_kinds(status: int, code: str, kind: type[ApiError]) -> None:
    """The kind is that of the code, or else of the status; what neither says is an ApiError."""
    found = problem_in(asked(problem(status, code, Retry_After="7")))
    assert type(found) is kind
    assert (found.status, found.code, found.retry_after) == (status, code, 7.0)
    assert str(found) == found.detail == f"It is {code}."


def test_no_problem() -> None:
    """An error answer that is no problem is an ApiError all the same, and names the address."""
    found = problem_in(asked(httpx.Response(502, content=b"<html>")))
    assert type(found) is problems.Unavailable
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
    """It is a number of seconds, or a date by the service's clock; what is neither says nothing."""
    assert retry_after(asked(httpx.Response(503, headers=headers))) == seconds


def test_raised_by_both_clients(client: Any, connected: Callable[..., Any]) -> None:
    """Calls raise the kind of their error, from the real service and through both clients."""
    for call in (client.job, client.delete, client.cancel, client.wait):
        with pytest.raises(problems.JobNotFound, match="is not a job id"):
            call("no-id")
    with pytest.raises(problems.BadRequest, match="no column 'text'") as refused:
        client.submit(b"a,b\n1,2\n")
    assert (refused.value.status, refused.value.code) == (422, "no-such-column")
    job = client.submit(b"text\nhello\n")
    job.delete()
    with pytest.raises(problems.JobNotFound):
        job.refresh()
    with pytest.raises(problems.TooLarge):
        connected(Script(problem(413, "too-large"))).submit(b"text\n")


def asked(answer: httpx.Response) -> httpx.Response:
    answer.request = httpx.Request("GET", "http://scorelane/jobs")
    return answer
