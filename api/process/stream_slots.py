"""Places for requests that last: so many of a process's threads, and the rest for the others."""

from collections.abc import Callable
from threading import BoundedSemaphore

from api.process.measures import STREAMS, counters
from shared.errors.service import StreamsFull


class StreamSlots:
    """Counts the streams that are open in this process."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._free = BoundedSemaphore(places)
        counters.add(STREAMS, by=0)

    def take(self) -> Callable[[], None]:
        """Take a place; what is given must be called once, to leave it.

        Raises:
            shared.errors.service.StreamsFull: there is none.
        """
        if not self._free.acquire(blocking=False):
            raise StreamsFull(limit=self._places)
        counters.add(STREAMS)
        return self._leave

    def _leave(self) -> None:
        counters.add(STREAMS, by=-1)
        self._free.release()
