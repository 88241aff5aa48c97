"""Problems (RFC 9457) for requests that do not reach the app: whole answers, as bytes."""

import json
from http import HTTPStatus

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException

#: The longest request line that gunicorn can be set to, in bytes.
MAX_REQUEST_LINE = 8190

#: The longest head of a request, in bytes. It is held in memory while it is received.
MAX_HEAD = 32 * 1024

_TOO_LONG = (
    f"The address is longer than {MAX_REQUEST_LINE:,} bytes with its options. Send the options as "
    "fields of a form, before the file: curl -F text_column=review -F file=@reviews.csv."
)
_HEADERS_TOO_LONG = "The headers of the request are too long, or too many."
_MALFORMED = "The request is not HTTP/1.1 as RFC 9112 defines it. Send it by an HTTP library."
_TOO_SLOW = "The head of the request was not sent in time. Send the request again."
_BUSY = "Too many requests wait for this replica of the API. Nothing was accepted; try again later."


def unparsed(error: ParseException) -> bytes:
    """The answer to a request that cannot be parsed: a 400, 414 or 431."""
    match error:
        case LimitRequestLine():
            return _answer(HTTPStatus.REQUEST_URI_TOO_LONG, _TOO_LONG, "uri-too-long")
        case LimitRequestHeaders():
            return _answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _HEADERS_TOO_LONG)
        case _:
            return _answer(HTTPStatus.BAD_REQUEST, _MALFORMED)


def too_slow() -> bytes:
    """The answer to a head that does not come in time."""
    return _answer(HTTPStatus.REQUEST_TIMEOUT, _TOO_SLOW)


def busy(retry_after: int) -> bytes:
    """The answer to a request for which no thread will be free soon.

    Args:
        retry_after: in seconds.
    """
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, _BUSY, retry_after=retry_after)


def _answer(
    status: HTTPStatus, detail: str, code: str = "", retry_after: int | None = None
) -> bytes:
    code = code or status.name.lower().replace("_", "-")
    body = json.dumps(
        {
            "type": f"urn:scorelane:problem:{code}",
            "title": status.phrase,
            "status": int(status),
            "detail": detail,
        }
    ).encode()
    lines = [
        f"HTTP/1.1 {int(status)} {status.phrase}",
        "Connection: close",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
    ]
    if retry_after is not None:
        lines.append(f"Retry-After: {retry_after}")
    return "\r\n".join([*lines, "", ""]).encode() + body
