"""Code that must not wait: what would wait in it, for Redis for instance, raises instead."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

_thread = local()


class WouldWait(BaseException):
    """Code that must not wait came to a place where it would; a thread has to run it again.

    It is no `Exception`, so that no handler takes it for an error of the request.
    """


@contextmanager
def no_waiting() -> Iterator[None]:
    """Let everything that would wait in this thread raise `WouldWait`, for the time of a block."""
    _thread.forbids = True
    try:
        yield
    finally:
        _thread.forbids = False


def check_may_wait() -> None:
    """Call this before every wait that code of an event loop could come to.

    Raises:
        WouldWait: this thread is in a block of `no_waiting`.
    """
    if getattr(_thread, "forbids", False):
        raise WouldWait
