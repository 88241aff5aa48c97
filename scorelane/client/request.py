"""Requests of a client: sent, tried again where that helps, and what comes of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import httpx

from scorelane.client.errors import ApiError, ClientError, SourceSpent, Unreachable, problem_in
from scorelane.client.io_steps import Opened, Pause, Send, Steps
from scorelane.client.job_state import JobState
from scorelane.client.retries import Attempts, Retries

#: The kind of job that a client's calls return: `Job` or `AsyncJob`.
J = TypeVar("J", bound=JobState)

#: Methods that may be sent twice without harm.
_HARMLESS = frozenset({"GET", "DELETE"})


class Requests(Generic[J]):
    """What every call of a client is made of.

    Attributes:
        url: the address of the service.
    """

    url: str
    retries: Retries
    _answered = False

    def _made(self, body: Any) -> J:
        """The job in an answer, of the client's kind."""
        raise NotImplementedError

    def _request(self, send: Send, *, harmless: bool = False) -> Steps[httpx.Response]:
        """Send a request until it is answered, or no attempt more is worth it.

        Args:
            send: the request.
            harmless: it may be sent twice, whatever its method.
        """
        attempts = Attempts(self.retries)
        while True:
            opened = yield from self.attempt(send, attempts, harmless=harmless)
            if opened is not None:
                return opened.head

    def attempt(
        self, send: Send, attempts: Attempts, *, harmless: bool = False
    ) -> Steps[Opened | None]:
        """Send a request once; None where it is to be sent again, after the pause that was made."""
        harmless = harmless or send.method in _HARMLESS or "Idempotency-Key" in send.headers
        try:
            opened: Opened = yield send
            self._answered = True
            if opened.head.is_error:
                raise problem_in(opened.head)
        except (httpx.HTTPError, ApiError) as error:
            pause = attempts.pause_after(error, answered=self._answered) if harmless else None
            if pause is None:
                raise self.plain(error) from error
            if send.upload and not send.upload.repeatable:
                raise self._spent(send, error) from error
            yield Pause(pause)
            return None
        return opened

    def _json(self, send: Send, *, harmless: bool = False) -> Steps[Any]:
        answer = yield from self._request(send, harmless=harmless)
        return self._read(answer, lambda body: body)

    def _job(self, send: Send) -> Steps[J]:
        answer = yield from self._request(send)
        job: J = self._read(answer, self._made)
        return job

    def _read(self, answer: httpx.Response, read: Callable[[Any], Any]) -> Any:
        with self.as_scorelane():
            return read(answer.json())

    @contextmanager
    def as_scorelane(self) -> Iterator[None]:
        """Whatever an answer lacks in the block, it is then no answer of Scorelane's."""
        try:
            yield
        except (ValueError, KeyError, TypeError) as error:
            raise ClientError(
                f"{self.url} answers, but not as Scorelane does. Check the address."
            ) from error

    def plain(self, error: httpx.HTTPError | ApiError) -> ClientError:
        """The error for the user."""
        match error:
            case ApiError():
                return error
            case httpx.UnsupportedProtocol():
                return Unreachable(no_address(self.url))
            case httpx.ConnectError() | httpx.ConnectTimeout():
                return Unreachable(
                    f"Nothing answers at {self.url}: is the service running? `scorelane serve` "
                    "starts one."
                )
            case httpx.TimeoutException():
                return Unreachable(f"{self.url} was silent for too long. Try again.")
        return Unreachable(f"The connection to {self.url} was cut: {error}.")

    def _spent(self, send: Send, error: httpx.HTTPError | ApiError) -> SourceSpent:
        key = send.headers.get("Idempotency-Key", "")
        return SourceSpent(
            f"{str(self.plain(error)).rstrip('.')}. The rows were sent from what can be read only "
            "once, so they were not sent again. Submit them anew; with "
            f"idempotency_key='{key}' the same rows are not scored twice, should the service have "
            "them already."
        )


def no_address(url: str) -> str:
    """The message for what is no address."""
    return f"'{url}' is no address of a service. Write it as http://HOST:PORT."


def given(**options: Any) -> Mapping[str, Any]:
    """The options that have a value."""
    return {name: value for name, value in options.items() if value is not None}
