"""Whether a worker takes the work that waits for it.

One that lives and takes none is worse than a dead one: nobody starts another.
"""

import time
from collections.abc import Callable, Collection, Mapping

#: So long may work wait for a worker that has a free process, in seconds.
PATIENCE_SECONDS = 30.0

#: Who did not look for so long, in seconds, knows nothing of the time between: Redis was away.
BLIND_SECONDS = 10.0


class StallDetector:
    """What a worker took, held against what waits in its queues."""

    def __init__(
        self, time_limits: Mapping[str, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the seconds after which each task is ended: who is busy for longer is mistaken."""
        self._time_limits = time_limits
        self._clock = clock
        self._last = self._looked = clock()

    def took(self) -> None:
        """Note that a message was taken."""
        self._last = self._clock()

    def is_silent(self, *, waits: bool, busy_with: Collection[str]) -> bool:
        """Whether work has waited, and none was taken, for longer than there is a reason for.

        Args:
            waits: there is work in the worker's queues.
            busy_with: the tasks at work, where all its processes have one, as far as it knows.
        """
        now = self._clock()
        if not waits or now - self._looked > BLIND_SECONDS:
            self._last = now
        self._looked = now
        busy = max([self._time_limits[task] for task in busy_with], default=0.0)
        return now - self._last > PATIENCE_SECONDS + busy
