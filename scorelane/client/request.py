"""Sends the requests of a client, retries them, and reads the responses."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import httpx

from scorelane.client.errors import (
    ApiError,
    ClientError,
    SourceSpent,
    Unreachable,
    api_error_from,
)
from scorelane.client.io_steps import OpenResponse, Pause, Send, Steps
from scorelane.client.job_state import JobState
from scorelane.client.retries import Attempts, Retries

#: The kind of job that a client's calls return: `Job` or `AsyncJob`.
J = TypeVar("J", bound=JobState)

#: Methods that are safe to send twice.
_IDEMPOTENT_METHODS = frozenset({"GET", "DELETE"})


class Requests(Generic[J]):
    """Base of the client's calls: sends requests and turns failures into `ClientError`s.

    Attributes:
        url: the address of the service.
        retries: how long a failed request is retried.
    """

    url: str
    retries: Retries
    _answered = False  #: whether the service has ever answered this client

    def _job_from(self, body: Any) -> J:
        """Build a job of this client's kind from the API's JSON."""
        raise NotImplementedError

    def _response_to(self, request: Send, *, idempotent: bool = False) -> Steps[httpx.Response]:
        """Send a request, with retries, and return the response.

        Args:
            request: the request.
            idempotent: whether it is safe to send twice in spite of its method.

        Raises:
            ClientError: the service did not answer, or answered with an error.
        """
        attempts = Attempts(self.retries)
        while True:
            opened = yield from self.attempt(request, attempts, idempotent=idempotent)
            if opened is not None:
                return opened.response

    def attempt(
        self, request: Send, attempts: Attempts, *, idempotent: bool = False
    ) -> Steps[OpenResponse | None]:
        """Send a request once.

        Returns:
            The response; None if the attempt failed and another one may be made. The pause before
            that one is over by then.

        Raises:
            ClientError: the attempt failed, and no other one should be made.
        """
        idempotent = (
            idempotent
            or request.method in _IDEMPOTENT_METHODS
            or "Idempotency-Key" in request.headers
        )
        try:
            opened: OpenResponse = yield request
            self._answered = self._answered or not request.elsewhere
            is_led_away = opened.response.has_redirect_location and not request.may_redirect
            if opened.response.is_error or is_led_away:
                raise api_error_from(opened.response)
        except (httpx.HTTPError, ApiError) as error:
            # What has taken a part of an upload is no wrong address.
            answered = self._answered or bool(request.upload and request.upload.started)
            pause = attempts.pause_after(error, answered=answered) if idempotent else None
            if pause is None:
                if isinstance(error, ApiError):
                    raise
                raise self.error_for_user(error) from error
            if request.upload and not request.upload.can_be_sent:
                raise self._source_spent(request, error) from error
            yield Pause(pause)
            return None
        return opened

    def _json(self, request: Send, *, idempotent: bool = False) -> Steps[Any]:
        """Send a request and return the decoded JSON of the response."""
        response = yield from self._response_to(request, idempotent=idempotent)
        return self._parse(response, lambda body: body)

    def _job(self, request: Send) -> Steps[J]:
        """Send a request and return the job in the response."""
        response = yield from self._response_to(request)
        job: J = self._parse(response, self._job_from)
        return job

    def _parse(self, response: httpx.Response, parse: Callable[[Any], Any]) -> Any:
        with self.valid_response():
            return parse(response.json())

    @contextmanager
    def valid_response(self) -> Iterator[None]:
        """Raise a `ClientError` if the block cannot read a response as one of Scorelane's."""
        try:
            yield
        except (ValueError, KeyError, TypeError) as error:
            raise ClientError(
                f"{self.url} answers, but not as Scorelane does. Check the address."
            ) from error

    def check_not_a_page(self, response: httpx.Response) -> None:
        """Raise a `ClientError` if results are a web page, such as the login page of a proxy."""
        with self.valid_response():
            if "html" in response.headers.get("Content-Type", ""):
                raise ValueError("a web page")

    def error_for_user(self, error: httpx.HTTPError | ApiError) -> ClientError:
        """Translate an error of httpx into a `ClientError`; an `ApiError` stays as it is."""
        match error:
            case ApiError():
                return error
            case httpx.UnsupportedProtocol():
                return Unreachable(invalid_address(self.url))
            case httpx.ConnectError() | httpx.ConnectTimeout():
                return Unreachable(
                    f"Nothing answers at {self.url}. Check the address, or start a service with "
                    "`scorelane serve`."
                )
            case httpx.TimeoutException():
                return Unreachable(f"{self.url} did not respond in time. Try again.")
        return Unreachable(f"The connection to {self.url} was cut: {error}. Try again.")

    def _source_spent(self, request: Send, error: httpx.HTTPError | ApiError) -> SourceSpent:
        key = request.headers.get("Idempotency-Key", "")
        return SourceSpent(
            f"{str(self.error_for_user(error)).rstrip('.')}. The client did not retry, because the "
            "source of the rows can be read only once. Submit the rows again; with "
            f"idempotency_key='{key}' they are not scored twice if the service has them already."
        )


def invalid_address(url: str) -> str:
    """Return the message for a string that is not the address of a service."""
    return f"'{url}' is not a valid address. Write it as http://HOST:PORT."


#: What follows the address of a service in an address of its API; not its host, after `//`.
_WITHIN = re.compile(
    r"(?:(?<![/:])/(?:apitest|docs|jobs|livez|openapi\.json|readyz|sentiment|v1)(?:/[^?#]*)?)?"
    r"(?:[?#].*)?$"
)


def checked_address(url: str) -> httpx.URL:
    """Return the address of a service, which may have the path of a proxy.

    Raises:
        Unreachable: it is no such address; the message says which one to use.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Unreachable(invalid_address(url)) from error
    if (service := _WITHIN.sub("", url, count=1).rstrip("/")) != url:
        raise Unreachable(
            f"'{url}' is an address within a service. Give that of the service itself: {service}"
        )
    return address


def without_none(**params: Any) -> Mapping[str, Any]:
    """Return the parameters that are not None."""
    return {name: value for name, value in params.items() if value is not None}
