"""When a request is tried again, and after how long."""

import random
import time
from dataclasses import dataclass

import httpx

from scorelane.client.errors import ApiError, KeyInUse

#: What passes. A full disk (507) does not pass in a minute.
_PASSING = frozenset({429, 502, 503, 504})

#: What no attempt more puts right.
_LASTING = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


@dataclass(frozen=True)
class Retries:
    """How long a request is tried again, where that can help and does no harm.

    It can help where the connection fails, or the service answers 429, 502, 503 or 504. It does no
    harm where a request only asks or erases, or has an `Idempotency-Key`: every submission has.

    Attributes:
        seconds: after the first failure so long; 0: never again. What the service wishes for
            (`Retry-After`) is honoured, and no attempt is made where it lies behind that.
        first_contact: the same, in seconds, for a service that has never answered this client:
            its address may be wrong.
        first_pause: before the second attempt, in seconds; it doubles with every further one.
        longest_pause: it does not grow over this, in seconds.
    """

    seconds: float = 60.0
    first_contact: float = 3.0
    first_pause: float = 0.5
    longest_pause: float = 8.0


class Attempts:
    """The attempts at one request."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._failures = 0
        self._first_failure = 0.0

    def went_well(self) -> None:
        """Something came; the next failure is a first one."""
        self._failures = 0

    def pause_after(self, error: Exception, *, answered: bool) -> float | None:
        """Seconds to wait before the next attempt; None: the error stands.

        Args:
            error: what the attempt came to.
            answered: whether this service has ever answered.
        """
        if not _passes(error):
            return None
        now = time.monotonic()
        if not self._failures:
            self._first_failure = now
        pause = min(self._retries.first_pause * 2**self._failures, self._retries.longest_pause)
        least = 0.0
        if isinstance(error, ApiError) and error.retry_after is not None:
            least, pause = error.retry_after, self._retries.first_pause
        # Not all clients at the same moment.
        pause = least + pause * random.uniform(0.5, 1.0)  # noqa: S311  no secret hangs on it
        self._failures += 1
        allowed = self._retries.seconds
        if not answered:
            allowed = min(allowed, self._retries.first_contact)
        return pause if now + pause <= self._first_failure + allowed else None


def _passes(error: Exception) -> bool:
    if isinstance(error, ApiError):
        return error.status in _PASSING or isinstance(error, KeyInUse)
    return isinstance(error, httpx.TransportError) and not isinstance(error, _LASTING)
