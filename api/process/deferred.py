"""A small job that the event loop records after its request was checked, so that no check waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from shared.jobs.new_job import NewJob


@dataclass
class Deferred:
    """What a request of the event loop leaves to it.

    Attributes:
        new: the job that is to be recorded; None: there is none.
    """

    new: NewJob | None = None


_deferred: ContextVar[Deferred | None] = ContextVar("deferred", default=None)
_failure: ContextVar[Exception | None] = ContextVar("failure", default=None)


@contextmanager
def deferring() -> Iterator[Deferred]:
    """Let `record_later` take the job that is made in a block."""
    deferred = Deferred()
    token = _deferred.set(deferred)
    try:
        yield deferred
    finally:
        _deferred.reset(token)


def is_deferred() -> bool:
    """Whether the event loop records the job of this request."""
    return _deferred.get() is not None


@contextmanager
def in_thread_after(failure: Exception) -> Iterator[None]:
    """Handle a request in a thread, for the time of a block: recording its job has failed."""
    token = _failure.set(failure)
    try:
        yield
    finally:
        _failure.reset(token)


def record_later(new: NewJob) -> bool:
    """Leave it to the event loop to record a job; False: the caller records it.

    Raises:
        Exception: the event loop tried it for this request, and the job may be recorded or not.
    """
    if failure := _failure.get():
        raise failure
    deferred = _deferred.get()
    if deferred is None:
        return False
    deferred.new = new
    return True
