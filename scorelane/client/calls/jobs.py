"""Calls that look up, wait for, end and list jobs."""

import math
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any, Unpack, cast

import httpx

from scorelane.client.errors import WaitTimeout
from scorelane.client.io_steps import Emit, EmittingSteps, Notify, Pause, Send, Steps
from scorelane.client.job_state import AnyJob, JobState, path_of
from scorelane.client.options import JobOptions, RetryOptions, query_params
from scorelane.client.polling import WATCH_SECONDS, JobPoller
from scorelane.client.request import J, Requests
from scorelane.client.sync_async import call, iterator

#: How many jobs `jobs` requests per page.
PAGE = 100

#: How long the service may hold a request of `wait` until the job ends, in seconds.
LONG_POLL_SECONDS = 20.0


class JobCalls(Requests[J]):
    """Looks up, waits for, ends and lists jobs."""

    @call
    def job(self, job: AnyJob) -> Steps[J]:
        """Return the current state of a job.

        Raises:
            scorelane.client.errors.JobNotFound: the job does not exist.
        """
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
        """Wait until a job has ended, whether it succeeded or not, and return it.

        Args:
            job: the job, or its id.
            on_progress: called with the job whenever it has changed since the last request.
            timeout: seconds to wait at most; None: without limit.
            longest_pause: upper limit of the seconds between two requests. Up to that, the
                service's `Retry-After` decides.
            show: whether to show the progress, in a notebook, on a terminal or in a log.

        Raises:
            scorelane.client.errors.WaitTimeout: the job has not ended in time; it keeps running.
        """
        observers = [on_progress] if on_progress else []
        with ExitStack() as display:
            if show:
                from scorelane.client.progress import show_progress  # noqa: PLC0415  seldom needed

                observers.append(display.enter_context(show_progress()))
                longest_pause = min(longest_pause, WATCH_SECONDS)
            deadline = math.inf if timeout is None else time.monotonic() + timeout
            # An observer wants to see the job before its end, so the first response comes at once.
            long_poll = 0.0 if observers else LONG_POLL_SECONDS
            poller = JobPoller(path_of(job), deadline, longest_pause, long_poll)
            while True:
                response = yield from self._response_to(poller.next_request())
                if response.status_code != httpx.codes.NOT_MODIFIED:
                    current: J = self._parse(response, self._job_from)
                    for observer in observers:
                        yield Notify(observer, current)
                    if current.ended:
                        return current
                if time.monotonic() >= deadline:
                    raise WaitTimeout(
                        f"Job {current.id} is still {current.state} after {timeout:g} seconds. It "
                        "keeps running: wait for it again, or cancel it."
                    )
                yield Pause(poller.pause_after(response))

    @call
    def cancel(self, job: AnyJob) -> Steps[J]:
        """Cancel a job, and return it.

        Raises:
            scorelane.client.errors.JobEnded: the job has ended already.
        """
        return (yield from self._job(Send("POST", f"{path_of(job)}/cancel")))

    @call
    def retry(self, job: AnyJob, **terms: Unpack[RetryOptions]) -> Steps[J]:
        """Retry a job that failed or was cancelled, as a new job. Scores it already has are kept.

        Args:
            job: the job, or its id.
            terms: `on_error`, `priority`, `labels`, `retention_seconds`, and `model`: another
                version of the model, which scores all rows again. Those not given stay as they
                were.

        Raises:
            scorelane.client.errors.NotRetryable: the job did not fail, or the version of its model
                that has scored a part of it is gone; the message says which versions are there.
        """
        params = query_params(cast("JobOptions", terms))
        # All attempts at this request share the key, so they make one job.
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        request = Send("POST", f"{path_of(job)}/retry", params=params, headers=headers)
        return (yield from self._job(request))

    @call
    def delete(self, job: AnyJob) -> Steps[None]:
        """Delete a job and all its data."""
        yield from self._response_to(Send("DELETE", path_of(job)))

    @iterator
    def jobs(
        self,
        limit: int | None = None,
        *,
        state: str | Iterable[str] | None = None,
        labels: Mapping[str, str] | None = None,
        model: str | None = None,
        owner: str | None = None,
        created_after: str | datetime | None = None,
        created_before: str | datetime | None = None,
    ) -> EmittingSteps[J]:
        """Yield the jobs, newest first. Pages are requested only as far as you read.

        Args:
            limit: how many jobs to yield at most; None: all.
            state: only jobs in this state, or in one of these states.
            labels: only jobs with all of these labels.
            model: only jobs that this model scores: `fast`, `fast@e5cf` or `fast@champion`.
            owner: only jobs of this owner; any but your own needs an admin's key.
            created_after: only jobs created later: an RFC 3339 string, or a datetime with a time
                zone.
            created_before: only jobs created earlier.

        Raises:
            scorelane.client.errors.BadRequest: the service does not understand a filter.
            scorelane.client.errors.Refused: the key may not list the jobs of this owner.
        """
        params: dict[str, Any] = {
            "state": state if state is None or isinstance(state, str) else ",".join(state),
            "label": [f"{key}:{value}" for key, value in (labels or {}).items()],
            "model": model,
            "owner": owner,
            "created_after": _rfc3339(created_after),
            "created_before": _rfc3339(created_before),
        }
        params = {name: value for name, value in params.items() if value not in (None, [])}
        left = limit
        while left is None or left > 0:
            params["limit"] = PAGE if left is None else min(PAGE, left)
            body = yield from self._json(Send("GET", "/jobs", params=params))
            with self.valid_response():
                page, cursor = [self._job_from(one) for one in body["jobs"]], body["next"]
            for job in page:
                yield Emit(job)
            if cursor is None:
                return
            params["cursor"] = cursor
            left = None if left is None else left - len(page)


def _rfc3339(moment: str | datetime | None) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else moment
