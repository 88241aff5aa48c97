"""How a job is looked at until its end."""

import time

import httpx

from scorelane.client.errors import retry_after
from scorelane.client.io_steps import Send

#: The shortest pause between two looks, in seconds.
LEAST_PAUSE = 0.05

#: The longest one while somebody watches.
LOOK_SECONDS = 2.0


def pause_of(wish: float) -> float:
    """Seconds until more rows are looked for, where the service wishes for so many."""
    return min(max(wish, LEAST_PAUSE), LOOK_SECONDS)


class JobPoller:
    """Looks at a job. Each says what is known already, and asks to be kept until the job's end."""

    def __init__(self, path: str, deadline: float, longest: float, keep: float) -> None:
        """Take them down.

        Args:
            path: the job's address.
            deadline: when there are no more, by the monotonic clock.
            longest: seconds between two of them, at most.
            keep: seconds that each may be kept at least.
        """
        self._path = path
        self._deadline = deadline
        self._longest = longest
        self._etag = ""
        self._sent = 0.0
        self._asked = 0
        self._keep = keep

    def next(self) -> Send:
        """The next one."""
        headers = {"If-None-Match": self._etag} if self._etag else {}
        self._sent = time.monotonic()
        self._asked = int(min(self._keep, self._deadline - self._sent))
        if self._asked >= 1:
            headers["Prefer"] = f"wait={self._asked}"
        return Send("GET", self._path, headers=headers, patience=self._asked)

    def pause_after(self, answer: httpx.Response) -> float:
        """Seconds until the one after this answer."""
        self._etag = answer.headers.get("ETag", "")
        wish = retry_after(answer)
        wish = min(1.0 if wish is None else wish, self._longest)
        self._keep = max(self._keep, wish)
        now = time.monotonic()
        if self._asked < 1 <= min(self._keep, self._deadline - now):
            # The next one is kept instead.
            return LEAST_PAUSE
        # It may have been kept for long enough; not where too many others are kept already.
        return max(min(self._sent + wish, self._deadline) - now, LEAST_PAUSE)
