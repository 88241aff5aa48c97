"""The loop that reads streamed responses and reconnects when a connection is cut."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

import httpx

from scorelane.client.io_steps import OpenResponse, Pause, ReadChunk, Send, Steps
from scorelane.client.request import Requests
from scorelane.client.retries import Attempts

T = TypeVar("T")


class ReconnectingReader(ABC, Generic[T]):
    """Reads items from one streamed response after another.

    A subclass says which request to send, what items a chunk holds, where to go on after a cut, and
    what follows the end of a response.
    """

    def __init__(self, requests: Requests[Any]) -> None:
        self._requests = requests
        self._attempts = Attempts(requests.retries)
        self._response: OpenResponse | None = None
        self._items: Iterator[T] = iter(())
        self._finished = False

    def next(self) -> Steps[T | None]:
        """Return the next item; None at the end.

        Raises:
            scorelane.client.errors.ClientError: the service answered with an error, or a connection
                was cut and reading could not go on.
        """
        while True:
            for item in self._items:
                return item
            if self._finished:
                return None
            if self._response is None:
                self._response = yield from self._requests.attempt(self._request(), self._attempts)
                if self._response is not None:
                    self._on_open(self._response.response)
                continue
            try:
                chunk: bytes | None = yield ReadChunk(self._response)
            except httpx.TransportError as error:
                self._response = None
                pause = self._attempts.pause_after(error, answered=True)
                if pause is None or not self._prepare_to_resume():
                    raise self._requests.error_for_user(error) from error
                yield Pause(pause)
                continue
            if chunk is not None:
                self._items = iter(self._items_in(chunk))
                continue
            ended, self._response = self._response.response, None
            pause = self._pause_before_next(ended)
            if pause is None:
                self._finished = True
            else:
                yield Pause(pause)

    def _progressed(self) -> None:
        """Restart the time for retries, because something new was read.

        Subclasses call this for new items only. Otherwise the client would reconnect for ever to a
        service that cuts each connection before its first new item.
        """
        self._attempts.reset()

    @abstractmethod
    def _request(self) -> Send:
        """Return the request that continues after the last item; its response is streamed."""

    @abstractmethod
    def _on_open(self, response: httpx.Response) -> None:
        """Look at the status and headers of a new response."""

    @abstractmethod
    def _items_in(self, chunk: bytes) -> Iterable[T]:
        """Return the new items that are complete with this chunk."""

    @abstractmethod
    def _pause_before_next(self, response: httpx.Response) -> float | None:
        """Return the seconds until the next request, after a complete response; None: stop here."""

    def _prepare_to_resume(self) -> bool:
        """Get ready to go on after a cut; returns False if that is not possible."""
        return True
