"""Whether a worker takes the work that waits for it.

One that lives and takes none is worse than a dead one: nobody starts another.
"""

import time
from collections.abc import Callable

#: So long may work wait for a worker that has a free process, in seconds.
PATIENCE_SECONDS = 30.0

#: Who did not look for so long, in seconds, knows nothing of the time between: Redis was away.
BLIND_SECONDS = 10.0


class Consumption:
    """What a worker took, held against what waits in its queues."""

    def __init__(
        self, *, task_time_limit: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the seconds after which a task is ended: who is busy for longer is mistaken."""
        self._task_time_limit = task_time_limit
        self._clock = clock
        self._last = self._looked = clock()

    def took(self) -> None:
        """Note that a message was taken."""
        self._last = self._clock()

    def is_silent(self, *, waits: bool, busy: bool) -> bool:
        """Whether work has waited, and none was taken, for longer than there is a reason for.

        Args:
            waits: there is work in the worker's queues.
            busy: all its processes have a task, as far as the worker knows.
        """
        now = self._clock()
        if not waits or now - self._looked > BLIND_SECONDS:
            self._last = now
        self._looked = now
        return now - self._last > PATIENCE_SECONDS + (self._task_time_limit if busy else 0.0)
