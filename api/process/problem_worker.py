"""The gunicorn worker that answers requests which cannot be parsed with problems (RFC 9457)."""

import json
import socket
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.workers.gthread import ThreadWorker

#: The longest request line that gunicorn can be set to, in bytes.
MAX_REQUEST_LINE = 8190

#: How long, and for how many bytes, the rest of such a request is read, so that its sender gets the
#: answer: a connection that is closed with unread data is reset.
DRAIN_SECONDS = 1.0
DRAIN_BYTES = 1024 * 1024

_TOO_LONG = (
    f"The address is longer than {MAX_REQUEST_LINE:,} bytes with its options. Send the options as "
    "fields of a form, before the file: curl -F text_column=review -F file=@reviews.csv."
)
_HEADERS_TOO_LONG = "The headers of the request are too long, or too many."
_MALFORMED = "The request is not HTTP/1.1 as RFC 9112 defines it. Send it by an HTTP library."


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # it ships no types
    """A worker whose own error pages are problems, and whose log does not quote requests."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer a request that gunicorn cannot parse; leave any other error to gunicorn."""
        # An error with a code of its own, 500 for instance, is not the client's.
        if not isinstance(exc, ParseException) or getattr(exc, "code", 400) != 400:
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("a request cannot be parsed: %s", type(exc).__name__)
        with suppress(OSError):
            client.settimeout(DRAIN_SECONDS)
            client.sendall(_answer(exc))
            client.shutdown(socket.SHUT_WR)
            _drain(client)


def _drain(client: Any) -> None:
    left = DRAIN_BYTES
    while left > 0 and (data := client.recv(64 * 1024)):
        left -= len(data)


def _answer(error: ParseException) -> bytes:
    match error:
        case LimitRequestLine():
            status, detail = HTTPStatus.REQUEST_URI_TOO_LONG, _TOO_LONG
        case LimitRequestHeaders():
            status, detail = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _HEADERS_TOO_LONG
        case _:
            status, detail = HTTPStatus.BAD_REQUEST, _MALFORMED
    code = {HTTPStatus.REQUEST_URI_TOO_LONG: "uri-too-long"}.get(
        status, status.name.lower().replace("_", "-")
    )
    body = json.dumps(
        {
            "type": f"urn:scorelane:problem:{code}",
            "title": status.phrase,
            "status": int(status),
            "detail": detail,
        }
    ).encode()
    head = (
        f"HTTP/1.1 {int(status)} {status.phrase}\r\n"
        "Connection: close\r\n"
        "Content-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
