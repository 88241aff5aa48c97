"""Detects a worker that is alive but takes no work, although work waits for it.

Such a worker is worse than a dead one: its heartbeat goes on, so nobody replaces it.
"""

import time
from collections.abc import Callable, Collection, Mapping

#: How long work may wait for a worker that has a free process, in seconds.
MAX_WAIT_SECONDS = 30.0

#: If two checks are further apart than this, in seconds, Redis was away in between, and the time
#: between them says nothing about the worker.
MAX_GAP_SECONDS = 10.0


#: In place of a task's name: no process is ready yet.
LOADING = "loading"


class StallDetector:
    """Compares when a worker last took a task with how long work has waited for it."""

    def __init__(
        self, time_limits: Mapping[str, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the time limits and a clock.

        Args:
            time_limits: by the name of a task, and `LOADING`, the seconds after which its process
                is ended. A process that seems to be busy for longer is not.
            clock: gives seconds.
        """
        self._time_limits = time_limits
        self._clock = clock
        self._last_task = self._last_check = clock()
        self._was_busy = False

    def note_task(self) -> None:
        """Note that the worker has taken a task."""
        self._last_task = self._clock()

    def is_stalled(self, *, work_waits: bool, busy_with: Collection[str]) -> bool:
        """Whether work has waited, and none was taken, for longer than busy processes can explain.

        Args:
            work_waits: there is work in the worker's queues.
            busy_with: the names of the tasks that its processes run, if all of them are busy.
        """
        now = self._clock()
        is_busy = bool(busy_with) and LOADING not in busy_with
        # A process that was busy until now has had no time to take another task yet, however long
        # ago the last one was taken.
        has_become_free = self._was_busy and not busy_with
        if not work_waits or now - self._last_check > MAX_GAP_SECONDS or has_become_free:
            self._last_task = now
        self._last_check, self._was_busy = now, is_busy
        busy_seconds = max([self._time_limits[task] for task in busy_with], default=0.0)
        return now - self._last_task > MAX_WAIT_SECONDS + busy_seconds
