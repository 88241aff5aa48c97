"""The log context: fields of the present request or task, for one thread.

Each log line of the thread has them, and two of them go with each message to a worker. So the log
lines of a request lead to those of the work that it caused.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

#: The fields that go with a message.
CARRIED = ("request_id", "traceparent")

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

_NOTHING: Mapping[str, object] = {}
_fields: ContextVar[Mapping[str, object]] = ContextVar("trail", default=_NOTHING)


def fields() -> Mapping[str, object]:
    """The fields of the present request or task, in the order in which they were added."""
    return _fields.get()


@contextmanager
def about(**known: object) -> Iterator[None]:
    """Add fields for the time of a block; a field that is None or empty is left out."""
    more = {name: value for name, value in known.items() if value not in (None, "")}
    token = _fields.set({**_fields.get(), **more})
    try:
        yield
    finally:
        _fields.reset(token)


@contextmanager
def carrying(carried: Mapping[str, object]) -> Iterator[None]:
    """Send the messages of a block with these fields, in place of those of the present request."""
    kept = {name: value for name, value in _fields.get().items() if name not in CARRIED}
    token = _fields.set({**kept, **{name: carried[name] for name in CARRIED if carried.get(name)}})
    try:
        yield
    finally:
        _fields.reset(token)


def headers() -> dict[str, object]:
    """The fields that go with a message to a worker."""
    known = _fields.get()
    return {name: known[name] for name in CARRIED if name in known}


def traceparent(presented: str | None) -> str:
    """A `traceparent` header of W3C Trace Context, if it is valid; else empty."""
    presented = (presented or "").strip()
    # Version ff is forbidden. Later versions than 00 begin with the same fields.
    valid = _TRACEPARENT.fullmatch(presented[:55]) and not presented.startswith("ff")
    return presented[:55] if valid else ""


def request_id(presented: str | None) -> str:
    """The request id that a client has sent, if it is fit; else a new one.

    It is written into log lines and a header, so it may hold no spaces, quotes or line breaks.
    """
    presented = presented or ""
    return presented if _REQUEST_ID.fullmatch(presented) else secrets.token_hex(8)
