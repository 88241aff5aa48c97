"""Errors that the client raises, one class per kind.

The subclasses of `ApiError` follow the stable codes of the service's errors (`docs/api.md`).
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

import httpx
from typing_extensions import override

#: The code of an `ApiError` whose response was not an error document of Scorelane's.
HTTP_ERROR = "http-error"


class ClientError(Exception):
    """A call failed; the message says why. Base of all errors of the client."""


class Unreachable(ClientError):
    """The service does not answer, or a connection was cut."""


class SourceSpent(ClientError):
    """An upload failed, and cannot be retried because its rows can be read only once."""


class InvalidSource(ClientError, ValueError):
    """The rows cannot be sent: a column is missing, or a cell is no text or plain value."""


class SourceChanged(ClientError):
    """A file gave fewer or more bytes than it had when its upload began. No job was made."""


class WaitTimeout(ClientError, TimeoutError):
    """The job had not ended when `timeout` was over. The job keeps running."""


class JobNotSucceeded(ClientError):
    """The job failed or was cancelled, so there are no scores."""


class ApiError(ClientError):
    """The service answered with an error.

    Attributes:
        status: the HTTP status.
        code: the code of the error, such as `job-not-found`.
        detail: a sentence for the user; also the message of this exception.
        retry_after: seconds to wait before trying again, if the service said so.
    """

    #: The error codes that this class stands for.
    codes: ClassVar[frozenset[str]] = frozenset()

    #: The statuses that this class stands for, where no class lists the error's code.
    statuses: ClassVar[frozenset[int]] = frozenset()

    def __init__(
        self, status: int, code: str, detail: str, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        """Return how `pickle` and `copy` make this error again: `args` holds only the message."""
        arguments = (self.status, self.code, self.detail, self.retry_after)
        return type(self), arguments, self.__dict__


class BadRequest(ApiError):
    """The service cannot use the content or an option of the request."""

    statuses = frozenset({400, 405, 406, 415, 422, 428})


class UnknownModel(BadRequest):
    """The service has no model of that name."""

    codes = frozenset({"unknown-model"})


class KeyReused(BadRequest):
    """The `Idempotency-Key` belongs to a job with other rows or options."""

    codes = frozenset({"idempotency-key-reused"})


class TooLarge(BadRequest):
    """The request has more bytes or rows than the service accepts; the message names the limit."""

    statuses = frozenset({413, 414, 431})


class Refused(ApiError):
    """The API key is missing, unknown or not allowed to do this."""

    statuses = frozenset({401, 403})


class NotFound(ApiError):
    """The service has nothing at this address."""

    statuses = frozenset({404})


class JobNotFound(NotFound):
    """The job does not exist."""

    codes = frozenset({"job-not-found", "malformed-job-id"})


class JobExpired(JobNotFound):
    """The job's data was deleted after its retention period, or the service lost it."""

    statuses = frozenset({410})


class RowsDeleted(JobExpired):
    """The job was sent with `keep=none`, and its rows and results are deleted."""

    codes = frozenset({"rows-deleted"})


class Conflict(ApiError):
    """The current state of the job, or of the `Idempotency-Key`, does not allow the request."""

    statuses = frozenset({409, 412})


class JobNotFinished(Conflict):
    """The job has no complete results yet, because it has not ended."""

    codes = frozenset({"job-not-finished"})


class NoResults(Conflict):
    """The job failed or was cancelled, so it has no results."""

    codes = frozenset({"no-results"})


class JobEnded(Conflict):
    """The job has ended already."""

    codes = frozenset({"job-ended"})


class OutputTaken(Conflict):
    """The folder that is to get the results has those of another job."""

    codes = frozenset({"output-taken"})


class NotRetryable(Conflict):
    """The job cannot be retried: it did not fail, or its version of the model is gone."""

    codes = frozenset({"not-retryable", "version-gone"})


class KeyInUse(Conflict):
    """Another request with the same `Idempotency-Key` is in progress. Try again later."""

    codes = frozenset({"idempotency-key-in-use"})


class RateLimited(ApiError):
    """The owner of this API key sends too many requests, or has too much work waiting."""

    statuses = frozenset({429})


class Unavailable(ApiError):
    """The service, or something that it needs, is down, full or too slow. Try again later."""

    statuses = frozenset({408, 502, 503, 504, 507})


class ServiceFault(ApiError):
    """The service failed because of a fault of its own."""

    statuses = frozenset({500, 501, 505})


def error_class(status: int, code: str) -> type[ApiError]:
    """Return the class for an error: the one that lists its code, else the one with its status."""
    classes = _subclasses(ApiError)
    # `vars`, because a subclass must not match by what it inherits.
    by_code = (cls for cls in classes if code in vars(cls).get("codes", ()))
    by_status = (cls for cls in classes if status in vars(cls).get("statuses", ()))
    return next(by_code, None) or next(by_status, ApiError)


def _subclasses(cls: type[ApiError]) -> list[type[ApiError]]:
    """Return the direct and indirect subclasses."""
    direct = cls.__subclasses__()
    return direct + [indirect for one in direct for indirect in _subclasses(one)]


def api_error_from(response: httpx.Response) -> ApiError:
    """Return the error that a response describes, by its status or as a redirect.

    The body must be read, except that of a redirect.
    """
    status = response.status_code
    try:
        problem = response.json()
        code, detail = problem["type"].rpartition(":")[2], str(problem["detail"])
    except (ValueError, KeyError, TypeError, AttributeError, httpx.StreamError):
        address = response.request.url.copy_with(path="/", query=None)
        code = HTTP_ERROR
        detail = f"{address} answered {status}, but not as Scorelane does. Check the address."
        if response.has_redirect_location:
            detail += f" It redirects to {response.headers['Location']}."
    return error_class(status, code)(status, code, detail, retry_after(response))


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds in the `Retry-After` header, given as seconds or as a date (RFC 9110).

    None: the header is missing or malformed.
    """
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    moment = _parse_date(value)
    if moment is None:
        return None
    # Relative to the service's clock, if it sent `Date`: the local clock may be wrong.
    now = _parse_date(response.headers.get("Date", "")) or datetime.now(UTC)
    return max((moment - now).total_seconds(), 0.0)


def _parse_date(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
