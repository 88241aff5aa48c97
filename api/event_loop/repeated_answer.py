"""A request whose head was decided before, and whose answer is made without the view."""

import time
from collections.abc import Callable
from typing import Any

from api.event_loop.later import Later, PlainAnswer
from api.event_loop.repeats import Remembered
from api.process.asked import Asked
from api.process.connection import Connection
from api.request_log import RequestLog, note
from shared.no_waiting import WouldWait, no_waiting
from shared.telemetry import context


class RepeatedAnswer:
    """A look or a new job whose head was decided before; to the event loop a `LoopRequest`."""

    def __init__(
        self,
        connection: Connection,
        raw: bytes,
        known: Remembered,
        log: RequestLog,
        began: float,
    ) -> None:
        self.connection = connection
        self.raw = raw
        self.later = Later(_ask_nothing)
        self._known = known
        self._log = log
        self._id = context.request_id(None)
        self._began = began

    def call(self, app: Any, answer: Callable[[], PlainAnswer], **fields: str) -> None:
        """Make the answer.

        Args:
            app: the Flask app.
            answer: makes it.
            fields: further ones of the line of the log.

        Raises:
            Exception: a thread must handle it.
            shared.no_waiting.WouldWait: the same.
        """
        with no_waiting(), app.app_context(), context.about(request_id=self._id):
            self._body, headers = answer()
        self._own = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._fields = fields

    def response(self, _: Any, *, closes: bool) -> tuple[bytes, bool]:
        """The whole response, and whether the connection is closed after it; call this once."""
        known, body = self._known, self._body
        head = known.head(self._id, len(body), closes=closes, own=self._own)
        fields = {"request_id": self._id, **known.fields, **self._fields}
        method = "GET" if self.raw.startswith(b"GET") else "POST"
        outcome = method, fields.pop("route"), known.status[:3]
        note(self._log.log, outcome, fields, time.perf_counter() - self._began, len(body))
        return head + body, closes


def _ask_nothing(*_: Any) -> Asked:
    raise WouldWait
