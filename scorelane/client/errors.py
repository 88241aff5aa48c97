"""What a call of the client can come to, other than its answer. Each kind is a class.

The kinds of `ApiError` follow the stable codes of the service's problems (`docs/api.md`).
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import ClassVar

import httpx

#: The code of an error answer that is no problem of the service's.
NO_PROBLEM = "http-error"


class ClientError(Exception):
    """The service did not do what was asked; the message says why."""


class Unreachable(ClientError):
    """The service does not answer."""


class SourceSpent(ClientError):
    """An upload was cut, and its rows came from what can be read only once."""


class WaitTimeout(ClientError, TimeoutError):
    """The job had not ended when the time for waiting was over; it goes on."""


class JobNotSucceeded(ClientError):
    """The job has failed or was cancelled, so there are no scores."""


class ApiError(ClientError):
    """The service answered with an error.

    Attributes:
        status: the HTTP status.
        code: the slug of the error's kind, such as `job-not-found`.
        detail: the sentence for the user; it is the message.
        retry_after: seconds after which to try again, where the service said so.
    """

    #: The codes of this kind.
    codes: ClassVar[frozenset[str]] = frozenset()

    #: A code that is in no class's `codes` belongs to the kind of its status.
    statuses: ClassVar[frozenset[int]] = frozenset()

    def __init__(
        self, status: int, code: str, detail: str, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


class BadRequest(ApiError):
    """What was sent cannot be used: the content, or an option."""

    statuses = frozenset({400, 405, 406, 415, 422, 428})


class UnknownModel(BadRequest):
    """There is no model of that name."""

    codes = frozenset({"unknown-model"})


class KeyReused(BadRequest):
    """The `Idempotency-Key` has made a job of other rows or options."""

    codes = frozenset({"idempotency-key-reused"})


class TooLarge(BadRequest):
    """More bytes or rows than the service takes; the message names the limit."""

    statuses = frozenset({413, 414, 431})


class Refused(ApiError):
    """The API key is missing or unknown, or may not do that."""

    statuses = frozenset({401, 403})


class NotFound(ApiError):
    """There is no such address."""

    statuses = frozenset({404})


class JobNotFound(NotFound):
    """There is no such job."""

    codes = frozenset({"job-not-found", "malformed-job-id"})


class JobExpired(JobNotFound):
    """The job's rows and results were deleted after their time, or the service has lost them."""

    statuses = frozenset({410})


class Conflict(ApiError):
    """The job, or the request's key, stands in a way that does not go with the request."""

    statuses = frozenset({409, 412})


class JobNotFinished(Conflict):
    """The results are wanted before the job's end."""

    codes = frozenset({"job-not-finished"})


class NoResults(Conflict):
    """The job has failed or was cancelled, so it has no results."""

    codes = frozenset({"no-results"})


class JobEnded(Conflict):
    """The job has ended already."""

    codes = frozenset({"job-ended"})


class NotRetryable(Conflict):
    """The job cannot be done again: it has not failed, or the version of its model is gone."""

    codes = frozenset({"not-retryable", "version-gone"})


class KeyInUse(Conflict):
    """A request with the same `Idempotency-Key` is under way; this passes."""

    codes = frozenset({"idempotency-key-in-use"})


class RateLimited(ApiError):
    """Too many requests, or too much waits already of this key's owner."""

    statuses = frozenset({429})


class Unavailable(ApiError):
    """The service, or what it needs, is away or full at present; this passes."""

    statuses = frozenset({502, 503, 504, 507})


class ServiceFault(ApiError):
    """Something went wrong in the service itself."""

    statuses = frozenset({500, 501, 505})


def kind_of(status: int, code: str) -> type[ApiError]:
    """The class of an error answer: that of its code, or else that of its status."""
    kinds = _kinds(ApiError)
    # Each class's own, not what it inherits.
    by_code = (kind for kind in kinds if code in vars(kind).get("codes", ()))
    by_status = (kind for kind in kinds if status in vars(kind).get("statuses", ()))
    return next(by_code, None) or next(by_status, ApiError)


def _kinds(kind: type[ApiError]) -> list[type[ApiError]]:
    below = kind.__subclasses__()
    return below + [one for each in below for one in _kinds(each)]


def problem_in(answer: httpx.Response) -> ApiError:
    """The error in an answer that is one, and was read."""
    status = answer.status_code
    try:
        problem = answer.json()
        code, detail = problem["type"].rpartition(":")[2], str(problem["detail"])
    except (ValueError, KeyError, TypeError, AttributeError):
        address = answer.request.url.copy_with(path="/", query=None)
        code, detail = NO_PROBLEM, f"{address} answered {status}: no Scorelane?"
    return kind_of(status, code)(status, code, detail, retry_after(answer))


def retry_after(answer: httpx.Response) -> float | None:
    """Seconds that the service wishes to be left alone, if it says so: as seconds or as a date."""
    wish = answer.headers.get("Retry-After", "").strip()
    if wish.isdecimal():
        return float(wish)
    moment = _moment(wish)
    if moment is None:
        return None
    # By the service's own clock where it shows it.
    now = _moment(answer.headers.get("Date", "")) or datetime.now(UTC)
    return max((moment - now).total_seconds(), 0.0)


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
