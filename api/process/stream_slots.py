"""Limits the streams of one process, so that threads remain for other requests."""

from collections.abc import Callable
from threading import BoundedSemaphore

from api.process.measures import STREAMS, counters
from shared.errors.service import StreamsFull


class StreamSlots:
    """A limited number of slots, one for each stream that is open in this process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = BoundedSemaphore(limit)
        counters.add(STREAMS, by=0)

    def take(self) -> Callable[[], None]:
        """Take a slot.

        Returns:
            A function that gives the slot back; it must be called exactly once.

        Raises:
            shared.errors.service.StreamsFull: all slots are taken.
        """
        if not self._free.acquire(blocking=False):
            raise StreamsFull(limit=self._limit)
        counters.add(STREAMS)
        return self._release

    def _release(self) -> None:
        counters.add(STREAMS, by=-1)
        self._free.release()
