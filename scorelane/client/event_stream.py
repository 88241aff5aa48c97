"""The events of a job, over as many connections as it takes."""

from collections.abc import Iterator
from typing import Any

import httpx

from scorelane.client.io_steps import Opened, Pause, Send, Steps, Take
from scorelane.client.request import Requests
from scorelane.client.retries import Attempts
from scorelane.client.sse import SseEvent, SseParser

#: A stream says something at least every 15 seconds: a silence that is so much longer than that of
#: other answers is no end of it.
SILENCE = 15.0

#: Where a stream does not say when to come back: seconds.
COME_BACK = 2.0


class EventStream:
    """A stream that is made anew where it is cut, and goes on behind the last event that came."""

    def __init__(self, requests: Requests[Any], path: str, seen: str) -> None:
        """Ask for nothing yet.

        Args:
            requests: of the client.
            path: what is asked for.
            seen: the id of the last event that is known; empty: none is.
        """
        self._requests = requests
        self._path = path
        self._seen = seen
        self._attempts = Attempts(requests.retries)
        self._opened: Opened | None = None
        self._lines = SseParser()
        self._come: Iterator[SseEvent] = iter(())

    def next(self) -> Steps[SseEvent | None]:
        """The next event; None where the service says that the end is known already.

        Raises:
            scorelane.client.errors.ClientError: it was cut, and nothing more comes.
        """
        while True:
            for said in self._come:
                # Not where a stream only begins: it would begin anew for ever.
                self._attempts.went_well()
                if said.kind:
                    self._seen = said.id
                    return said
            if self._opened is None:
                yield from self._open()
                if self._opened and self._opened.head.status_code == httpx.codes.NO_CONTENT:
                    return None
                continue
            pause = None
            try:
                run: bytes | None = yield Take(self._opened)
            except httpx.TransportError as error:
                run, pause = None, self._attempts.pause_after(error, answered=True)
                if pause is None:
                    raise self._requests.plain(error) from error
            if run is not None:
                self._come = self._lines.feed(run)
                continue
            self._opened = None
            # A stream does not last for ever, nor does the replica that it comes from.
            yield Pause(self._come_back() if pause is None else pause)

    def _come_back(self) -> float:
        wish = COME_BACK if self._lines.retry is None else self._lines.retry
        return min(wish, self._requests.retries.longest_pause)

    def _open(self) -> Steps[None]:
        headers = {"Accept": "text/event-stream"}
        if self._seen:
            headers["Last-Event-ID"] = self._seen
        send = Send("GET", self._path, headers=headers, patience=SILENCE, stream=True)
        self._opened = yield from self._requests.attempt(send, self._attempts)
        self._lines = SseParser()
        if self._opened is None or self._opened.head.status_code == httpx.codes.NO_CONTENT:
            return
        with self._requests.as_scorelane():
            if not self._opened.head.headers["Content-Type"].startswith("text/event-stream"):
                raise ValueError("no stream of events")
