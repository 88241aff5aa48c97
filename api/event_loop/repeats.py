"""What the event loop remembers of heads: most clients send the same head again and again.

All that the app decides by the head of a short question (its route, key and options) it decides in
the same way for the next request with the same bytes, as long as the key and the model stay. So the
event loop reads only the body of such a request. A head with an id or a trace of its own is not
remembered, and neither is one that the app counts in Redis, or that closes its connection.
"""

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gunicorn import SERVER, util

from api.event_loop.later import Again, Later, LookAgain, MakeAgain
from api.event_loop.loop_request import LoopRequest
from api.process.asked import Asked
from api.process.connection import Connection
from api.request_log import RequestLog, note
from shared.no_waiting import no_waiting
from shared.telemetry import context

#: The most heads that are remembered, and the bytes of the longest.
MOST_HEADS, MOST_BYTES = 1024, 2048

#: Fields of the environment that differ from request to request.
_OWN_FIELDS = ("HTTP_X_REQUEST_ID", "HTTP_TRACEPARENT")

#: The headers of a response that are its own. That of a look or a new job has those of its job.
_OWN_HEADERS = ("x-request-id", "content-length", "date", "etag", "retry-after", "location")

#: Where the id of the job is in the head of a look.
_ID = slice(len("GET /jobs/"), len("GET /jobs/") + 32)

#: The length of a body, in a head.
_LENGTH = re.compile(rb"(?<=\r\ncontent-length:) *[0-9]+", re.IGNORECASE)

#: The address at which a request came, and a hash of its head, which may hold a key.
Key = tuple[Any, bytes]


@dataclass(frozen=True)
class Remembered:
    """What was decided for a head.

    Attributes:
        again: makes the question of a body, or the answer with a job or to a new one.
        status: of the response.
        headers: its lines, without those that differ.
        fields: of its line of the log.
    """

    again: Again | LookAgain | MakeAgain
    status: str
    headers: str
    fields: dict[str, Any]

    def head(self, request_id: str, length: int, *, closes: bool, own: str = "") -> bytes:
        """The head of a response.

        Args:
            request_id: of the request.
            length: that of the body, in bytes.
            closes: whether the connection is closed afterwards.
            own: the lines of further headers.
        """
        connection = "close" if closes else "keep-alive"
        return (
            f"HTTP/1.1 {self.status}\r\nServer: {SERVER}\r\nDate: {_date(int(time.time()))}\r\n"
            f"Connection: {connection}\r\n{self.headers}{own}"
            f"X-Request-ID: {request_id}\r\nContent-Length: {length}\r\n\r\n"
        ).encode("latin-1")


class RepeatedRequest:
    """A request whose head was decided before; to the event loop it is as a `LoopRequest`."""

    def __init__(
        self,
        connection: Connection,
        raw: bytes,
        ask: Callable[..., Asked],
        known: Remembered,
        again: Again,
        log: RequestLog,
    ) -> None:
        self.connection = connection
        self.raw = raw
        self.later = Later(ask)
        self._known = known
        self._again = again
        self._log = log
        self._id = context.request_id(None)
        self._began = time.perf_counter()

    def call(self, begin: int, end: int) -> None:
        """Ask the question in the body, which is at some place of the request.

        Raises:
            Exception: a thread must handle it.
            shared.no_waiting.WouldWait: the same.
        """
        again = self._again
        with no_waiting(), context.about(request_id=self._id):
            posed = again.pose(self.raw[begin:end])
            if posed.question[0] != again.full_name:
                raise LookupError("another version of the model")
            self.later.begin(again.scorer, posed)

    def response(self, _: Any, *, closes: bool) -> tuple[bytes, bool]:
        """The whole response, and whether the connection is closed after it; call this once."""
        known, body = self._known, self.later.body
        head = known.head(self._id, len(body), closes=closes)
        fields = {"request_id": self._id, **known.fields}
        outcome = "POST", fields.pop("route"), known.status[:3]
        note(self._log.log, outcome, fields, time.perf_counter() - self._began, len(body))
        return head + body, closes


class Repeats:
    """The heads that are remembered, by the address at which they came."""

    def __init__(self, log: RequestLog, config: Any) -> None:
        """Take the log of requests, and gunicorn's configuration."""
        self.log = log
        # gunicorn's own log takes more of a request than there is.
        self._remembers = not (config.accesslog or config.statsd_host or config.is_ssl)
        self._known: dict[Key, Remembered] = {}

    def find(
        self, connection: Connection, raw: bytes, end: int, ask: Callable[..., Asked]
    ) -> RepeatedRequest | None:
        """A request whose head is remembered; None: it is not.

        Args:
            connection: of the client.
            raw: the request, with its body.
            end: where the head ends.
            ask: see `Later`.
        """
        known = self.known(connection, raw[:end])
        if known is None or not isinstance(known.again, Again):
            return None
        return RepeatedRequest(connection, raw, ask, known, known.again, self.log)

    def known(self, connection: Connection, head: bytes) -> Remembered | None:
        """What was decided for a head, if that still holds; see `look_head` and `job_head`."""
        key = _key(connection, head)
        known = self._known.get(key)
        if known and not known.again.is_allowed():
            del self._known[key]
            return None
        return known

    def remember(self, request: LoopRequest, end: int) -> None:
        """Remember the head of a request that has its response; `end` is where the head ends."""
        again = request.later.again
        if not again or not self._remembers or end > MOST_BYTES or request.is_last:
            return
        if any(field in request.environ for field in _OWN_FIELDS):
            return
        status, headers = request.head
        lines = [
            f"{name}: {value}\r\n" for name, value in headers if name.lower() not in _OWN_HEADERS
        ]
        if len(self._known) >= MOST_HEADS:
            self._known.clear()
        head = request.raw[:end]
        if isinstance(again, LookAgain):
            head = look_head(head)
        elif isinstance(again, MakeAgain):
            head = job_head(head)
        self._known[_key(request.connection, head)] = Remembered(
            again, status, "".join(lines), request.fields
        )


@lru_cache(2)
def _date(seconds: int) -> str:
    """The header `Date`: that of gunicorn takes a tenth of all that such a request takes."""
    return str(util.http_date(seconds))


def look_head(head: bytes) -> bytes:
    """The head of a look without the id of the job."""
    return head[: _ID.start] + head[_ID.stop :]


def job_head(head: bytes) -> bytes:
    """The head of a new job without the length of its body."""
    return _LENGTH.sub(b"", head)


def _key(connection: Connection, head: bytes) -> Key:
    return connection.server, hashlib.blake2b(head, digest_size=32).digest()
