"""The memory that all large bodies of one replica of the API may take together."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock
from traceback import clear_frames

from api.process.measures import BODY_MEMORY, counters
from api.process.memory import give_back
from shared.errors.service import BodiesFull, TooLarge
from shared.no_waiting import check_may_wait
from shared.process_lock import ProcessLock

#: A body that takes less is not counted: all threads together may have one.
UNCOUNTED_BYTES = 256 * 1024

#: How long a request waits for memory, in seconds, and how often it looks for some.
WAIT_SECONDS, LOOK_SECONDS = 3.0, 0.02

_lock = Lock()
#: Made before gunicorn forks.
_process_lock = ProcessLock()


class Reservation:
    """The memory that one request holds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    def raise_to(self, needed: int, advice: str, share: float = 1.0) -> None:
        """Hold at least `needed` bytes; wait a moment for them if others hold too much.

        Args:
            needed: an estimate of all that the request needs.
            advice: what its sender can do if that is too much.
            share: of the memory of all requests, up to which this one may add to it.

        Raises:
            shared.errors.service.TooLarge: it is more than all requests may hold together.
            shared.errors.service.BodiesFull: others hold too much.
        """
        more = needed - self._held
        if more <= 0 or needed <= UNCOUNTED_BYTES:
            return
        if needed > self._limit:
            limit, unit = f"{self._limit // 1024**2} MiB", "of memory for all its values"
            raise TooLarge(what="body", limit=limit, unit=unit, advice=advice)
        check_may_wait()
        until = time.monotonic() + WAIT_SECONDS
        while not self._take(more, self._limit * share):
            if time.monotonic() >= until:
                raise BodiesFull(limit=f"{self._limit // 1024**2} MiB")
            Event().wait(LOOK_SECONDS)

    @property
    def is_held(self) -> bool:
        """Whether it holds memory."""
        return self._held > 0

    def release(self) -> None:
        """Give everything back."""
        if self._held:
            counters.add(BODY_MEMORY, by=-self._held)
            self._held = 0
            give_back()

    def _take(self, more: int, limit: float) -> bool:
        with _lock, _process_lock:
            [taken] = counters.totals(BODY_MEMORY).get((), [0.0])
            if taken + more > limit:
                return False
            counters.add(BODY_MEMORY, by=more)
        self._held += more
        return True


class BodyMemory:
    """Reserves memory for bodies before they are read and parsed, for all processes together."""

    def __init__(self, limit: int) -> None:
        """Let all requests hold `limit` bytes together."""
        self._limit = limit
        counters.add(BODY_MEMORY, by=0)

    @contextmanager
    def reserving(self) -> Iterator[Reservation]:
        """Give an empty reservation; what it holds is given back at the block's end.

        Let the block be one call that returns what is needed later, so that at its end nothing
        refers to the body any more.
        """
        reservation = Reservation(self._limit)
        try:
            yield reservation
        except BaseException as error:
            if reservation.is_held:
                # The frames that it came through still have the body.
                clear_frames(error.__traceback__)
            raise
        finally:
            reservation.release()
