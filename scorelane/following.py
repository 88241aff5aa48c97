"""Calls that follow jobs, and end them."""

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import quote

import httpx

from scorelane.answers import JobState
from scorelane.both import AnyJob, call, flow
from scorelane.problems import WaitTimeout, retry_after
from scorelane.requests import Requests
from scorelane.steps import Emit, Flow, Pause, Send, Steps, Tell

#: Jobs that are asked for at once, of many.
PAGE = 100

#: The shortest pause between two looks at a job, in seconds.
LEAST_PAUSE = 0.05

#: The longest one while somebody watches, in seconds.
LOOK_SECONDS = 2.0


class Following(Requests):
    """Follows jobs."""

    @call
    def job(self, job: AnyJob) -> Steps[JobState]:
        """The job as it stands now."""
        return (yield from self._job(Send("GET", path_of(job))))

    @call
    def wait(
        self,
        job: AnyJob,
        on_progress: Callable[[JobState], object] | None = None,
        *,
        timeout: float | None = None,
        longest_pause: float = 30.0,
        show: bool = False,
    ) -> Steps[JobState]:
        """Wait for the job's end, whatever it is, looking as often as the service wishes.

        Args:
            job: the job, or its id.
            on_progress: told of the job at every look.
            timeout: seconds to wait at most; None: for ever.
            longest_pause: seconds between two looks, where the service wishes for more.
            show: whether to show the progress, in a notebook, on a terminal or in a log.

        Raises:
            scorelane.problems.WaitTimeout: it has not ended by then; it goes on.
        """
        told = [on_progress] if on_progress else []
        with ExitStack() as shown:
            if show:
                from scorelane.progress import showing  # noqa: PLC0415  needs rich, if it is there

                told.append(shown.enter_context(showing()))
                longest_pause = min(longest_pause, LOOK_SECONDS)
            deadline = math.inf if timeout is None else time.monotonic() + timeout
            while True:
                answer = yield from self._request(Send("GET", path_of(job)))
                found: JobState = self._read(answer, self._made)
                for tell in told:
                    yield Tell(tell, found)
                if found.ended:
                    return found
                left = deadline - time.monotonic()
                if left <= 0:
                    raise WaitTimeout(
                        f"Job {found.id} is still {found.state} after {timeout:g} seconds. It goes "
                        "on; wait for it again, or cancel it."
                    )
                yield Pause(min(_pause(answer), longest_pause, left))

    @call
    def cancel(self, job: AnyJob) -> Steps[JobState]:
        """Cancel a job.

        Raises:
            scorelane.problems.JobEnded: it has ended.
        """
        return (yield from self._job(Send("POST", f"{path_of(job)}/cancel")))

    @call
    def delete(self, job: AnyJob) -> Steps[None]:
        """Erase a job and all its data."""
        yield from self._request(Send("DELETE", path_of(job)))

    @flow
    def jobs(self, limit: int | None = None) -> Flow[JobState]:
        """The jobs, the newest first, asked for page by page.

        Args:
            limit: at most so many; None: all.
        """
        cursor, left = None, limit
        while left is None or left > 0:
            page = PAGE if left is None else min(PAGE, left)
            params = {"limit": page} if cursor is None else {"limit": page, "cursor": cursor}
            body = yield from self._json(Send("GET", "/jobs", params=params))
            with self.as_scorelane():
                found, cursor = [self._made(one) for one in body["jobs"]], body["next"]
            for job in found:
                yield Emit(job)
            if cursor is None:
                return
            left = None if left is None else left - len(found)


def path_of(job: AnyJob) -> str:
    """The address of a job."""
    return f"/jobs/{quote(job.id if isinstance(job, JobState) else job, safe='')}"


def _pause(answer: httpx.Response) -> float:
    wish = retry_after(answer)
    return max(1.0 if wish is None else wish, LEAST_PAUSE)
