"""When and how the client polls a job until its end."""

import time

import httpx

from scorelane.client.errors import retry_after
from scorelane.client.io_steps import Send

#: The shortest pause between two requests, in seconds.
MIN_PAUSE = 0.05

#: The longest pause between two requests while a user watches, in seconds.
WATCH_SECONDS = 2.0


def bounded_pause(seconds: float) -> float:
    """Limit the service's `Retry-After` to what suits a user who waits for more rows."""
    return min(max(seconds, MIN_PAUSE), WATCH_SECONDS)


class JobPoller:
    """Makes the requests that poll a job, and computes the pauses between them.

    Each request sends the last ETag, so that an unchanged job costs only a 304. Where possible it
    is a long poll: `Prefer: wait=N` asks the service to respond only when the job has ended, or
    after N seconds.
    """

    def __init__(
        self, path: str, deadline: float, longest_pause: float, long_poll_seconds: float
    ) -> None:
        """Prepare to poll; nothing is sent yet.

        Args:
            path: the URL path of the job.
            deadline: when to stop, on the monotonic clock.
            longest_pause: upper limit of the seconds between two requests.
            long_poll_seconds: how long the service may hold the first request; 0: not at all. Later
                ones may be held at least as long as the service's `Retry-After`.
        """
        self._path = path
        self._deadline = deadline
        self._longest_pause = longest_pause
        self._hold_seconds = long_poll_seconds
        self._etag = ""
        self._sent_at = 0.0
        self._wait_asked = 0

    def next_request(self) -> Send:
        """Return the next request."""
        headers = {"If-None-Match": self._etag} if self._etag else {}
        self._sent_at = time.monotonic()
        self._wait_asked = int(min(self._hold_seconds, self._deadline - self._sent_at))
        if self._wait_asked >= 1:
            headers["Prefer"] = f"wait={self._wait_asked}"
        return Send("GET", self._path, headers=headers, extra_seconds=self._wait_asked)

    def pause_after(self, response: httpx.Response) -> float:
        """Return the seconds between this response and the next request."""
        self._etag = response.headers.get("ETag", "")
        advised = retry_after(response)
        interval = min(1.0 if advised is None else advised, self._longest_pause)
        self._hold_seconds = max(self._hold_seconds, interval)
        now = time.monotonic()
        if self._wait_asked < 1 <= min(self._hold_seconds, self._deadline - now):
            # The next request will be a long poll: the service waits in place of the client.
            return MIN_PAUSE
        # After a long poll the interval has usually passed. It has not if the service responded at
        # once, because it holds too many requests already.
        return max(min(self._sent_at + interval, self._deadline) - now, MIN_PAUSE)
