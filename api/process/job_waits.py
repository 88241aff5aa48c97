"""Waits for the ends of jobs, in so many of a process's threads as others can spare."""

import time
from threading import BoundedSemaphore

from api.process.draining import draining
from api.process.measures import WAITING, counters
from shared.config.settings import Settings
from shared.jobs.job_store import JobStore

#: A wait is cut into pieces as long as this: so a replica that is told to stop is not held up.
PIECE_SECONDS = 5.0


class JobWaits:
    """The bells of jobs, as one process of the API hears them."""

    def __init__(self, settings: Settings, store: JobStore) -> None:
        self._store = store
        self._most = settings.max_wait_seconds
        self._free = BoundedSemaphore(settings.waiting_requests)
        counters.add(WAITING, "job", by=0)

    def wait(self, job_id: str, seconds: int) -> int | None:
        """Wait for the end of a job, up to so many seconds and to the setting's maximum.

        Returns:
            What it waited for at most; None where as many wait as may, and this one did not.
        """
        if not self._free.acquire(blocking=False):
            return None
        counters.add(WAITING, "job")
        try:
            seconds = min(seconds, self._most)
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0 and not draining.is_set():
                if self._store.wait(job_id, min(left, PIECE_SECONDS)):
                    break
        finally:
            counters.add(WAITING, "job", by=-1)
            self._free.release()
        return seconds
