"""Renews the leases of the work that a process has under way."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class LeaseRenewer(threading.Thread):
    """A thread that renews leases at a fixed interval.

    So a lease can be short: another process soon takes over the work of a dead process, and never
    the slow work of a live one. If a model holds Python's global lock for ever, this thread renews
    nothing, and its process counts as dead.
    """

    def __init__(self, seconds: float) -> None:
        """Take the seconds between two renewals."""
        super().__init__(name="lease renewer", daemon=True)
        self._seconds = seconds
        self._renewals: list[Callable[[], None]] = []
        self._stopped = threading.Event()

    @contextmanager
    def renewing(self, renew: Callable[[], None]) -> Iterator[None]:
        """Call `renew` again and again while the block runs."""
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
                    # If this thread ended, other processes would repeat each long part of this one.
                    logger.exception("a lease was not renewed")

    def stop(self) -> None:
        """Stop renewing."""
        self._stopped.set()
