"""Reading a JSON body whole, within the memory that the requests of a replica share."""

import re
from collections.abc import Iterator
from typing import Any

from api.process.body_memory import Reservation
from api.requests.limits import BULK_ADVICE
from api.uploads.json_rows import decode_body, parse_text
from shared.config.settings import Settings
from shared.errors.service import TooLarge

#: About how many bytes of memory each of these adds when JSON becomes rows. After a comma a number
#: is supposed; an object has its own sign.
_MEMORY = {
    b"{": 200,
    b"[": 88,
    b",": 104,
    b'"': 25,
    b"\\": 12,
    # The fields of an object are listed before it is made, to find names that are there twice.
    b'":': 64,
    b",{": -88,
    b", {": -88,
    b",\n{": -88,
}

#: The name of a field. Names that are repeated are one string in memory.
_NAME = re.compile(rb'"([^"\\]{0,256})"[ \t]{0,8}:')

#: The most different names for which the names are counted as one each.
_MOST_NAMES = 1000

#: An estimate up to this is good enough; a larger one is made more exact, which takes time.
_ROUGH_BYTES = 1024 * 1024

#: The bytes of a character in UTF-8 after its first one.
_CONTINUATION = bytes(range(0x80, 0xC0))

#: The share of the memory that bodies may take while they are read: the rest is for the one that is
#: parsed. Parsing several at a time would be no faster.
READING_SHARE = 0.25

#: A string that holds JSON: it is parsed twice.
_IN_STRING = re.compile(rb'[\xef\xbb\xbf\s]*"')

#: A character of four bytes or of two in memory, as it is sent; and as an escape.
_WIDE, _WIDE_ESCAPE = re.compile(rb"[\xf0-\xf4]"), re.compile(rb"\\u[dD][89abAB]")
_MEDIUM, _MEDIUM_ESCAPE = re.compile(rb"[\xc4-\xef]"), re.compile(rb"\\u(?!00)")


def read_json(
    settings: Settings, chunks: Iterator[bytes], announced: int | None, memory: Reservation
) -> tuple[Any, int]:
    """Read and parse JSON.

    Args:
        settings: supply the limit of its length.
        chunks: the bytes, unpacked.
        announced: the length of the request's body in bytes, if it is known.
        memory: of the request; it then also holds what the rows need.

    Returns:
        The value, and the bytes of the JSON.

    Raises:
        shared.errors.service.TooLarge: it is longer than `max_json_bytes`, or needs more memory
            than all requests may have.
        shared.errors.service.BodiesFull: others hold the memory.
        shared.errors.input.NotJson: it is not JSON, or a number in it is too large.
    """
    body = _read(settings.max_json_bytes, chunks, announced, memory)
    size = len(body)
    memory.raise_to(memory_for(body), BULK_ADVICE)
    text = decode_body(body)
    # As large as the value, which is all that is needed from here on.
    del body
    return parse_text(text), size


def memory_for(body: bytes) -> int:
    """Estimate the most memory that a JSON body takes at a time, from its bytes to its rows."""
    width = _width(body, _WIDE, _MEDIUM)
    chars = len(body.translate(None, _CONTINUATION)) if width > 1 else len(body)
    strings = chars * width
    wider = _width(body, _WIDE_ESCAPE, _MEDIUM_ESCAPE)
    if wider > width:
        # A string is put together of its pieces, in a buffer that grows by a quarter.
        strings += (chars - 5 * body.count(b"\\u")) * wider * 5 // 4
    if _IN_STRING.match(body):
        strings *= 2
    values = sum(size * body.count(sign) for sign, size in _MEMORY.items()) + strings
    if values > _ROUGH_BYTES:
        values -= _repeated(body)
    # The body is there together with its text, and the text with its values.
    return chars * width + max(len(body), values)


def _repeated(body: bytes) -> int:
    """Return how much of an estimate is for names of fields that are repeated."""
    names: set[bytes] = set()
    saved = 0
    for found in _NAME.finditer(body):
        name = found[1]
        if name not in names:
            names.add(name)
            if len(names) > _MOST_NAMES:
                return 0
        saved += 2 * _MEMORY[b'"'] + _MEMORY[b'":'] + len(name)
    return saved


def _width(body: bytes, wide: re.Pattern[bytes], medium: re.Pattern[bytes]) -> int:
    """Return how many bytes Python needs for each character of a text, by its widest one."""
    if wide.search(body) or b"\0" in body[:4]:  # the latter is UTF-16 or UTF-32
        return 4
    return 2 if medium.search(body) else 1


def _read(limit: int, chunks: Iterator[bytes], announced: int | None, memory: Reservation) -> bytes:
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
        raise TooLarge(what="JSON body", limit=f"{limit:,}", unit="bytes", advice=BULK_ADVICE)
    # The pieces, and the whole body.
    memory.raise_to(2 * size, BULK_ADVICE)
    return b"".join(body)
