"""A request that the event loop handles itself, by the app, without a thread."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.body import LengthReader

from api.event_loop.later import LATER, Later
from api.process.asked import Asked
from api.process.connection import Connection
from api.request_log import BEGAN, LOG_FIELDS
from shared.no_waiting import WouldWait, no_waiting


class _Buffer:
    """Takes what gunicorn writes to a socket."""

    def __init__(self) -> None:
        self.content = bytearray()

    def sendall(self, content: bytes) -> None:
        self.content += content


def _ask_nothing(*_: Any) -> Asked:
    raise WouldWait


class LoopRequest:
    """One request, from its head to its response.

    Attributes:
        connection: of the client.
        raw: the head and the body as they were received.
        later: the body of the response, if it is made later.
        environ: the WSGI environment.
        fields: those of the line of the log.
        head: the status and the headers of the response.
    """

    def __init__(
        self,
        connection: Connection,
        raw: bytes,
        ask: Callable[..., Asked] | None = None,
        began: float | None = None,
    ) -> None:
        """Take the request.

        Args:
            connection: of the client.
            raw: the head and the body as they were received.
            ask: the function by which a view asks a question, see `Later`; None: it may ask none.
            began: when the request came, as `time.perf_counter`; None: now.
        """
        self.connection = connection
        self.raw = raw
        self.later = Later(ask or _ask_nothing)
        self._began = time.perf_counter() if began is None else began
        self._buffer = _Buffer()
        self.environ: dict[str, Any] = {}
        self.fields: dict[str, Any] = {}
        self.head: tuple[str, list[tuple[str, str]]] = "500 Internal Server Error", []

    def call(self, app: Callable[..., Any], config: Any) -> None:
        """Call the app, which answers the request or asks a question.

        Args:
            app: the WSGI app.
            config: that of gunicorn.

        Raises:
            gunicorn.http.errors.ParseException: the request cannot be parsed.
            shared.no_waiting.WouldWait: a thread must handle it.
        """
        self._request = next(self.connection.parser)
        reader = self._request.body.reader
        if not isinstance(reader, LengthReader) or reader.length > len(self.raw):
            raise WouldWait
        self._response, self.environ = wsgi.create(
            self._request, self._buffer, self.connection.client, self.connection.server, config
        )
        self.environ["wsgi.multithread"] = True
        self.environ[BEGAN] = self._began
        self.environ[LATER] = self.later
        with no_waiting():
            self._body = app(self.environ, self._start)
        # What the app did not read is here, and belongs to no other request.
        while self._request.body.read(len(self.raw)):
            pass
        self.fields = dict(self.environ.get(LOG_FIELDS, {}))

    def _start(self, status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        self.head = status, headers

    @property
    def is_last(self) -> bool:
        """Whether the client wants the connection to be closed afterwards."""
        return bool(self._request.should_close())

    def response(self, log: Any, *, closes: bool) -> tuple[bytes, bool]:
        """The whole response, and whether the connection is closed after it; call this once.

        Args:
            log: that of gunicorn.
            closes: whether the connection is to be closed.
        """
        if closes:
            self._response.force_close()
        status, headers = self.head
        if self.later.asked:
            headers.append(("Content-Length", str(len(self.later.body))))
        try:
            self._response.start_response(status, headers)
            for chunk in self._body:
                self._response.write(chunk)
            self._response.close()
            took = timedelta(seconds=time.perf_counter() - self._began)
            log.access(self._response, self._request, self.environ, took)
        finally:
            self._body.close()
        return bytes(self._buffer.content), self._response.should_close()
