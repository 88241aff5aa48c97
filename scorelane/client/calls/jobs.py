"""Calls that follow jobs, and end them."""

import math
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any, Unpack, cast

import httpx

from scorelane.client.errors import WaitTimeout
from scorelane.client.io_steps import Emit, EmittingSteps, Pause, Send, Steps, Tell
from scorelane.client.job_state import AnyJob, JobState, path_of
from scorelane.client.options import JobOptions, RetryOptions, params_of
from scorelane.client.polling import LOOK_SECONDS, JobPoller
from scorelane.client.request import J, Requests
from scorelane.client.sync_async import call, iterator

#: Jobs that are asked for at once, of many.
PAGE = 100

#: A look may be kept so long by the service until the job has ended, in seconds.
LONG_POLL = 20.0


class JobCalls(Requests[J]):
    """Follows jobs."""

    @call
    def job(self, job: AnyJob) -> Steps[J]:
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
    ) -> Steps[J]:
        """Wait for the job's end, whatever it is, looking as often as the service wishes.

        Args:
            job: the job, or its id.
            on_progress: told of the job at every look.
            timeout: seconds to wait at most; None: for ever.
            longest_pause: seconds between two looks, where the service wishes for more.
            show: whether to show the progress, in a notebook, on a terminal or in a log.

        Raises:
            scorelane.client.errors.WaitTimeout: it has not ended by then; it goes on.
        """
        told = [on_progress] if on_progress else []
        with ExitStack() as shown:
            if show:
                from scorelane.client.progress import show_progress  # noqa: PLC0415  needs rich, if it is there

                told.append(shown.enter_context(show_progress()))
                longest_pause = min(longest_pause, LOOK_SECONDS)
            deadline = math.inf if timeout is None else time.monotonic() + timeout
            # Whoever is told of the job wants to hear something before its end.
            keep = 0.0 if told else LONG_POLL
            looks = JobPoller(path_of(job), deadline, longest_pause, keep)
            while True:
                answer = yield from self._request(looks.next())
                if answer.status_code != httpx.codes.NOT_MODIFIED:
                    found: J = self._read(answer, self._made)
                    for tell in told:
                        yield Tell(tell, found)
                    if found.ended:
                        return found
                if time.monotonic() >= deadline:
                    raise WaitTimeout(
                        f"Job {found.id} is still {found.state} after {timeout:g} seconds. It goes "
                        "on; wait for it again, or cancel it."
                    )
                yield Pause(looks.pause_after(answer))

    @call
    def cancel(self, job: AnyJob) -> Steps[J]:
        """Cancel a job.

        Raises:
            scorelane.client.errors.JobEnded: it has ended.
        """
        return (yield from self._job(Send("POST", f"{path_of(job)}/cancel")))

    @call
    def retry(self, job: AnyJob, **terms: Unpack[RetryOptions]) -> Steps[J]:
        """Do a job again that failed or was cancelled, as a new job; what is done of it is kept.

        Args:
            job: the job, or its id.
            terms: `on_error`, `labels` and `retention_seconds`, where they are to be others.

        Raises:
            scorelane.client.errors.NotRetryable: it has not failed, or its model is gone.
        """
        params = params_of(cast("JobOptions", terms))
        # Sent again with every attempt: one job comes of them.
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        send = Send("POST", f"{path_of(job)}/retry", params=params, headers=headers)
        return (yield from self._job(send))

    @call
    def delete(self, job: AnyJob) -> Steps[None]:
        """Erase a job and all its data."""
        yield from self._request(Send("DELETE", path_of(job)))

    @iterator
    def jobs(
        self,
        limit: int | None = None,
        *,
        state: str | Iterable[str] | None = None,
        labels: Mapping[str, str] | None = None,
        model: str | None = None,
        created_after: str | datetime | None = None,
        created_before: str | datetime | None = None,
    ) -> EmittingSteps[J]:
        """The jobs, the newest first, asked for page by page as they are read.

        Args:
            limit: at most so many; None: all.
            state: only those in this state, or in one of these.
            labels: only those with each of these.
            model: only those of this model: `fast`, or `fast@e5cff74e16d3`.
            created_after: only those made later: a time of RFC 3339, or a datetime with its zone.
            created_before: only those made earlier.
        """
        params: dict[str, Any] = {
            "state": state if state is None or isinstance(state, str) else ",".join(state),
            "label": [f"{key}:{value}" for key, value in (labels or {}).items()],
            "model": model,
            "created_after": _rfc3339(created_after),
            "created_before": _rfc3339(created_before),
        }
        params = {name: value for name, value in params.items() if value not in (None, [])}
        left = limit
        while left is None or left > 0:
            params["limit"] = PAGE if left is None else min(PAGE, left)
            body = yield from self._json(Send("GET", "/jobs", params=params))
            with self.as_scorelane():
                found, cursor = [self._made(one) for one in body["jobs"]], body["next"]
            for job in found:
                yield Emit(job)
            if cursor is None:
                return
            params["cursor"] = cursor
            left = None if left is None else left - len(found)


def _rfc3339(moment: str | datetime | None) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else moment
