"""Keeps the leases of what a process works on, however long it takes."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class LeaseRenewer(threading.Thread):
    """Renews leases every so often, while there are some to keep.

    So a lease may be short, and what a dead process leaves is soon taken up by another; yet a part
    that takes long is not. A process whose model holds Python's lock, and never gives it back,
    renews nothing: it is as good as dead.
    """

    def __init__(self, seconds: float) -> None:
        """Take the time between two renewals."""
        super().__init__(name="lease keeper", daemon=True)
        self._seconds = seconds
        self._renewals: list[Callable[[], None]] = []
        self._stopped = threading.Event()

    @contextmanager
    def renewing(self, renew: Callable[[], None]) -> Iterator[None]:
        """Renew a lease for the time of a block."""
        self._renewals.append(renew)
        try:
            yield
        finally:
            self._renewals.remove(renew)

    def run(self) -> None:
        """Renew until `stop`."""
        while not self._stopped.wait(self._seconds):
            for renew in list(self._renewals):
                try:
                    renew()
                except RedisError as error:
                    logger.warning("a lease was not renewed: Redis does not answer (%s)", error)
                except Exception:
                    # Without its keeper a process does every long part twice.
                    logger.exception("a lease was not renewed")

    def stop(self) -> None:
        """Renew no more."""
        self._stopped.set()
