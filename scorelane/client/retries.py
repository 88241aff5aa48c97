"""Decides whether a failed request is sent again, and after which pause."""

import random
import time
from dataclasses import dataclass

import httpx

from scorelane.client.errors import ApiError, KeyInUse

#: Statuses of failures that may be over in a minute. A full disk (507) will not be.
_TRANSIENT_STATUSES = frozenset({408, 429, 502, 503, 504})

#: Codes of such failures with another status. A proxy may have cut the upload, and not the client.
_TRANSIENT_CODES = frozenset({"body-cut-off"})

#: Transport errors that every further attempt would meet again.
_PERMANENT_ERRORS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


@dataclass(frozen=True)
class Retries:
    """How long the client retries a failed request.

    It retries failed connections, the statuses 408, 429, 502, 503 and 504, an upload that did not
    arrive as a whole, and a key that is still in use. It retries only requests that are safe to
    repeat: those that read or delete, and those with an `Idempotency-Key`, which every submission
    has.

    Attributes:
        seconds: how long to retry, counted from the first failure; 0: never. The client waits at
            least as long as `Retry-After` says, except for a key in use, and gives up at once if
            that is too long.
        first_contact: the limit, in seconds, while the service has never answered this client nor
            taken a part of the upload, as its address may be wrong. The smaller of the two limits
            applies.
        first_pause: seconds before the second attempt; each later pause is twice as long.
        longest_pause: upper limit of a pause, in seconds.
    """

    seconds: float = 60.0
    first_contact: float = 3.0
    first_pause: float = 0.5
    longest_pause: float = 8.0


class Attempts:
    """Counts the attempts at one request and computes the pauses between them."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._failures = 0
        self._first_failure = 0.0

    def reset(self) -> None:
        """Forget the failures so far, because the request has made progress."""
        self._failures = 0

    def pause_after(self, error: Exception, *, answered: bool) -> float | None:
        """Return the seconds to wait before the next attempt; None: give up and raise the error.

        Pauses grow exponentially, with jitter.

        Args:
            error: why the attempt failed.
            answered: whether the service has ever answered this client.
        """
        if not _is_transient(error):
            return None
        now = time.monotonic()
        if not self._failures:
            self._first_failure = now
        pause = min(self._retries.first_pause * 2**self._failures, self._retries.longest_pause)
        least = 0.0
        # `Retry-After` says how long a key may be in use. It is free earlier if the service sees
        # that the first upload broke off.
        in_use = isinstance(error, KeyInUse)
        if isinstance(error, ApiError) and error.retry_after is not None and not in_use:
            least, pause = error.retry_after, self._retries.first_pause
        # Jitter, so that clients that failed together do not come back together.
        pause = least + pause * random.uniform(0.5, 1.0)  # noqa: S311  needs no secrecy
        self._failures += 1
        allowed = self._retries.seconds
        if not answered:
            allowed = min(allowed, self._retries.first_contact)
        return pause if now + pause <= self._first_failure + allowed else None


def _is_transient(error: Exception) -> bool:
    if isinstance(error, ApiError):
        transient = error.status in _TRANSIENT_STATUSES or error.code in _TRANSIENT_CODES
        return transient or isinstance(error, KeyInUse)
    return isinstance(error, httpx.TransportError) and not isinstance(error, _PERMANENT_ERRORS)
