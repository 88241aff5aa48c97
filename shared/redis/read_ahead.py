"""Records of jobs that an event loop has read before code asks for them that must not wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from threading import local
from typing import Any

_thread = local()

Record = dict[str, str]


@contextmanager
def known(key: str, record: Record) -> Iterator[None]:
    """Let `known_record` find a record in this thread, for the time of a block."""
    _thread.key, _thread.record = key, record
    try:
        yield
    finally:
        _thread.key = _thread.record = None


def known_record(key: str) -> Record | None:
    """The record with a key, if it was read before; the caller may change it."""
    if getattr(_thread, "key", None) != key:
        return None
    return dict(_thread.record)


def record_of_reply(reply: Any) -> Record:
    """The record in a reply to HGETALL, by either version of the protocol of Redis."""
    words = chain.from_iterable(reply.items()) if isinstance(reply, dict) else reply
    # As `RedisLink` decodes.
    texts = [word.decode("utf-8", "backslashreplace") for word in words]
    return dict(zip(texts[::2], texts[1::2], strict=True))
