"""Reading a JSON body whole, within the memory that the requests of a replica share."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Request

from api.process.body_memory import Reservation
from api.requests.body import chunks_of
from api.requests.json_memory import memory_for
from api.requests.limits import BULK_ADVICE
from api.uploads.json_rows import decode_body, parse_text
from shared.config.settings import Settings
from shared.errors.input import NotJson
from shared.errors.service import TooLarge
from shared.tables.json_values import check_writable

#: The share of the memory that bodies may take while they are read: the rest is for the one that is
#: parsed. Parsing several at a time would be no faster.
READING_SHARE = 0.25

#: How many times the JSON is in memory, besides its values, while they are stored: as UTF-8, which
#: Python keeps with a string, and as the lines of a few rows.
STORED_COPIES = 2

#: How many times a body is in memory while `check_writable` looks at it, besides its values.
_CHECKED_COPIES = 3


def read_json(
    settings: Settings,
    chunks: Iterator[bytes],
    announced: int | None,
    memory: Reservation,
    copies: int = STORED_COPIES,
    parse: Callable[[str], Any] = parse_text,
) -> tuple[Any, int]:
    """Read and parse JSON.

    Args:
        settings: supply the limits.
        chunks: the bytes, unpacked.
        announced: the length of the request's body in bytes, if it is known.
        memory: of the request; it then also holds what the rows need, and the copies.
        copies: how many times as much as the JSON is needed later, besides its values.
        parse: makes the value of the text.

    Returns:
        The value, and the bytes of the JSON.

    Raises:
        shared.errors.service.TooLarge: it is longer than `max_json_bytes`, or needs more memory
            than all requests may have.
        shared.errors.service.BodiesFull: others hold the memory.
        shared.errors.input.NotJson: it is not JSON, or a number in it is too large.
    """
    body = read_whole(settings.max_json_bytes, chunks, announced, memory)
    size = len(body)
    memory.raise_to(memory_for(body, copies, settings.body_memory_bytes), BULK_ADVICE)
    text = decode_body(body)
    # As large as the value, which is all that is needed from here on.
    del body
    return parse(text), size


def read_whole(
    limit: int,
    chunks: Iterator[bytes],
    announced: int | None,
    memory: Reservation,
    what: str = "JSON body",
) -> bytes:
    """Read a body as it is.

    Args:
        limit: the most bytes.
        chunks: the bytes, unpacked.
        announced: the length of the request's body in bytes, if it is known.
        memory: of the request; it then holds twice the body.
        what: what the body is, for the error.

    Raises:
        shared.errors.service.TooLarge: it is longer than `limit`.
        shared.errors.service.BodiesFull: others hold the memory.
    """
    # Small pieces: a buffer that grows would leave a hole in the heap with each step.
    body, size = list[bytes](), announced or 0
    if size <= limit:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > limit:
                break
            memory.raise_to(size, BULK_ADVICE, READING_SHARE)
            body.append(chunk)
    if size > limit:
        raise TooLarge(what=what, limit=f"{limit:,}", unit="bytes", advice=BULK_ADVICE)
    # The pieces, and the whole body.
    memory.raise_to(2 * size, BULK_ADVICE)
    return b"".join(body)


def read_json_rows(settings: Settings, request: Request, memory: Reservation, copies: int) -> Any:
    """Read and parse a JSON body of rows; `json_rows` checks whether an answer can quote them.

    Args:
        settings: supply the limits.
        request: with the body.
        memory: of the request; it then holds what the rows need, and the copies.
        copies: as `read_json` takes them.

    Raises:
        shared.errors.service.TooLarge: the body is over a limit for JSON.
        shared.errors.service.BodiesFull: other requests hold the memory for JSON.
        shared.errors.input.NotJson: the body is not JSON.
    """
    chunks = chunks_of(request)
    return read_json(settings, chunks, request.content_length, memory, copies)[0]


def read_json_body(settings: Settings, request: Request, memory: Reservation) -> Any:
    """Read and parse a JSON body that an answer must be able to quote.

    Raises:
        shared.errors.base.ScorelaneError: as `read_json_rows`; also if it cannot be quoted.
    """
    value = read_json_rows(settings, request, memory, _CHECKED_COPIES)
    try:
        check_writable(value)
    except UnicodeEncodeError:
        raise NotJson(reason="a text in it has half of a character (a lone surrogate)") from None
    return value
