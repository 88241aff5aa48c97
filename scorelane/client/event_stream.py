"""Reads the events of a job (server-sent events)."""

from collections.abc import Iterable
from typing import Any

import httpx
from typing_extensions import override

from scorelane.client.io_steps import Send
from scorelane.client.reconnecting import ReconnectingReader
from scorelane.client.request import Requests
from scorelane.client.sse import SseEvent, SseParser

#: Seconds added to the client's read timeout, because the service sends a comment only every 15
#: seconds while nothing happens.
SILENCE = 15.0

#: Seconds until the next connection, if the stream did not set `retry`.
DEFAULT_RETRY = 2.0


class EventStream(ReconnectingReader[SseEvent]):
    """Reads a job's events over as many connections as needed, each event once.

    Each connection names the last event that was read (`Last-Event-ID`), and the service continues
    after it. A stream that ends is opened again: it may end before the job does, for example when
    its API process stops.
    """

    def __init__(self, requests: Requests[Any], path: str, last_event_id: str) -> None:
        """Prepare the stream; nothing is sent yet.

        Args:
            requests: the client.
            path: the URL path of the events.
            last_event_id: the id of the last event that the caller knows; empty for none.
        """
        super().__init__(requests)
        self._path = path
        self._last_event_id = last_event_id
        self._parser = SseParser()

    @override
    def _request(self) -> Send:
        headers = {"Accept": "text/event-stream"}
        if self._last_event_id:
            headers["Last-Event-ID"] = self._last_event_id
        return Send("GET", self._path, headers=headers, extra_seconds=SILENCE, stream=True)

    @override
    def _on_open(self, response: httpx.Response) -> None:
        self._parser = SseParser()
        if response.status_code == httpx.codes.NO_CONTENT:
            # The caller knows the job's last event already.
            self._finished = True
            return
        with self._requests.valid_response():
            if not response.headers["Content-Type"].startswith("text/event-stream"):
                raise ValueError("not an event stream")

    @override
    def _items_in(self, chunk: bytes) -> Iterable[SseEvent]:
        for event in self._parser.feed(chunk):
            # A comment counts as well: it says that the service is alive.
            self._progressed()
            if event.kind:
                self._last_event_id = event.id
                yield event

    @override
    def _pause_before_next(self, response: httpx.Response) -> float:
        retry = DEFAULT_RETRY if self._parser.retry is None else self._parser.retry
        return min(retry, self._requests.retries.longest_pause)
