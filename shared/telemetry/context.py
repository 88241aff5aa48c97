"""What leads from a request to the log lines, and to the work that it caused.

Fields of the present request or task, of this thread: they stand in each of its log lines, and two
of them go with each message to a worker.
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
    """What is known of the present request or task, in order."""
    return _fields.get()


@contextmanager
def about(**known: object) -> Iterator[None]:
    """Know this too, for the time of a block; what is None or empty is left out."""
    more = {name: value for name, value in known.items() if value not in (None, "")}
    token = _fields.set({**_fields.get(), **more})
    try:
        yield
    finally:
        _fields.reset(token)


def headers() -> dict[str, object]:
    """What goes with a message to a worker."""
    known = _fields.get()
    return {name: known[name] for name in CARRIED if name in known}


def traceparent(presented: str | None) -> str:
    """A `traceparent` of W3C's Trace Context as it was presented; empty where it is none."""
    presented = (presented or "").strip()
    # Version ff is forbidden; of a later one than 00 these fields are the same.
    valid = _TRACEPARENT.fullmatch(presented[:55]) and not presented.startswith("ff")
    return presented[:55] if valid else ""


def request_id(presented: str | None) -> str:
    """The id of a request, as it was presented; a new one where none was, or one that is unfit.

    It stands in log lines and in a header: no spaces, quotes or line breaks.
    """
    presented = presented or ""
    return presented if _REQUEST_ID.fullmatch(presented) else secrets.token_hex(8)
