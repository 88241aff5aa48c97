"""A question that was asked, and its answer; the event loop asks it, a thread may wait for it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Event

from shared.jobs.job_store import Question


@dataclass(eq=False)
class Asked:
    """A question that was asked.

    Attributes:
        full_name: of the model.
        question: the question, as it was asked last.
        began: when it was asked, as `time.monotonic`.
        result: the answer, once it is there.
        error: why there will be none.
        ended: set with one of the two, if a thread waits for it.
        is_taken: whether a thread has taken it: it waits for the answer, or withdraws the question.
    """

    full_name: str
    question: Question
    began: float
    result: bytes | None = None
    error: Exception | None = None
    ended: Event | None = None
    is_taken: bool = False

    def end(self, result: bytes | None, error: Exception | None = None) -> None:
        """Note the answer, or why there will be none."""
        self.result, self.error = result, error
        if self.ended:
            self.ended.set()

    def wait(self, until: float) -> bytes | None:
        """Wait in a thread for the answer, until a time of `time.monotonic`; None: not yet.

        Raises:
            Exception: there will be no answer.
        """
        if self.ended:
            self.ended.wait(max(until - time.monotonic(), 0.0))
        if self.error:
            raise self.error
        return self.result


_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


def take_asked() -> Asked | None:
    """Take the question of this thread's request that the event loop has asked already."""
    asked = _asked.get()
    if asked:
        asked.is_taken = True
    return asked


@contextmanager
def in_thread(asked: Asked) -> Iterator[None]:
    """Handle a request in a thread, for the time of a block: its question has been asked."""
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)
