"""Waits for jobs to end, in a limited number of a process's threads."""

import time
from collections.abc import Callable
from threading import BoundedSemaphore

from api.process.draining import draining
from api.process.measures import WAITING, counters
from shared.config.settings import Settings
from shared.jobs.job_store import JobStore

#: The longest single wait for Redis, in seconds. Between two of them a replica notices that it is
#: to stop.
PIECE_SECONDS = 5.0


class JobWaits:
    """Lets requests of one API process wait for the end of a job.

    Every wait occupies a thread. The setting `waiting_requests` limits them, so that threads remain
    for other requests.
    """

    def __init__(self, settings: Settings, store: JobStore) -> None:
        self._store = store
        self._max_seconds = settings.max_wait_seconds
        self._free = BoundedSemaphore(settings.waiting_requests)
        counters.add(WAITING, "job", by=0)

    def wait(self, job_id: str, seconds: int) -> int | None:
        """Wait until a job ends, but no longer than `seconds` or the setting `max_wait_seconds`.

        Returns:
            The limit that was used, in seconds, whether the job ended or not. None if too many
            requests wait already; then this one did not wait.
        """
        return self.until(lambda left: self._store.wait(job_id, min(left, PIECE_SECONDS)), seconds)

    def until(self, wait: Callable[[float], bool], seconds: int) -> int | None:
        """Call `wait` until it returns true, but no longer than `wait` of this object would.

        Args:
            wait: waits for a short time, and not longer than the seconds that it is called with;
                returns whether what it waits for has come.
            seconds: how long to go on.

        Returns:
            As `wait`.
        """
        if not self._free.acquire(blocking=False):
            return None
        counters.add(WAITING, "job")
        try:
            seconds = min(seconds, self._max_seconds)
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0 and not draining.is_set():
                if wait(left):
                    break
        finally:
            counters.add(WAITING, "job", by=-1)
            self._free.release()
        return seconds
