"""Calls that read a job's rows page by page, and the call for its summary."""

from typing import Any

from scorelane.client.errors import retry_after
from scorelane.client.io_steps import Emit, EmittingSteps, Pause, Send, Steps
from scorelane.client.job_state import AnyJob, path_of
from scorelane.client.polling import bounded_pause
from scorelane.client.request import J, Requests
from scorelane.client.sync_async import call, iterator

#: How many rows to request per page.
PAGE = 10_000


class RowCalls(Requests[J]):
    """Reads rows page by page."""

    @iterator
    def follow(self, job: AnyJob) -> EmittingSteps[dict[str, Any]]:
        """Yield the rows of a job as they are scored, in order, each once, until the job ends.

        If the job fails or is cancelled, these are the rows that were done by then.

        Each is a dict of `ref`, the outputs of the model (such as `Sentiment_Score`; None if the
        row has an error), `error` and the columns that `submit(columns=...)` named.
        """
        path = f"{path_of(job)}/results"
        yield from self._pages(path, "rows", partial=True, follow=True)

    @iterator
    def errors(
        self, job: AnyJob, *, partial: bool = False, follow: bool = False
    ) -> EmittingSteps[dict[str, Any]]:
        """Yield the rows that have an error, in order.

        Each is a dict of `row` (its number, from 1), `ref` and `error`.

        Args:
            job: the job, or its id.
            partial: of a job that has not succeeded, yield the errors it has now.
            follow: also yield the errors that come while the job runs, until it ends.

        Raises:
            scorelane.client.errors.JobNotFinished: the job has not ended, and neither `partial` nor
                `follow` is set.
            scorelane.client.errors.NoResults: the job failed or was cancelled, likewise.
        """
        path = f"{path_of(job)}/errors"
        yield from self._pages(path, "errors", partial=partial or follow, follow=follow)

    @call
    def summary(self, job: AnyJob) -> Steps[dict[str, Any]]:
        """Return a summary of the job's results, at any time.

        It is a dict of `rows`, `scores` (mean, min, max and a histogram of ten bins; None for a job
        without sentiment scores), `outputs` (for each output mean, min, max, quantiles and a
        histogram, or the rows with each label) and `errors` (how many of each kind); docs/api.md
        shows one.
        """
        summary: dict[str, Any] = yield from self._json(Send("GET", f"{path_of(job)}/summary"))
        return summary

    @call
    def receipt(self, job: AnyJob) -> Steps[dict[str, Any]]:
        """Return the receipt of a job that has succeeded; docs/api.md shows one.

        It names the model, its version and the libraries, and has digests of the input and of the
        results. Save it as JSON; `scorelane verify` compares results with it.

        Raises:
            scorelane.client.errors.JobNotFinished: the job has not ended.
            scorelane.client.errors.NoResults: the job failed or was cancelled.
        """
        receipt: dict[str, Any] = yield from self._json(Send("GET", f"{path_of(job)}/receipt"))
        return receipt

    def _pages(
        self, path: str, name: str, *, partial: bool, follow: bool
    ) -> EmittingSteps[dict[str, Any]]:
        """Yield the rows of all pages.

        Args:
            path: the URL path of the pages.
            name: the field of a page that holds the rows.
            partial: whether the job may not have succeeded.
            follow: whether to continue until the job ends; else stop at the last row so far.
        """
        params: dict[str, Any] = {"format": "json", "limit": PAGE}
        if partial:
            params["partial"] = "true"
        while True:
            response = yield from self._response_to(Send("GET", path, params=params))
            page = self._parse(response, lambda body: {name: body[name], "next": body["next"]})
            for row in page[name]:
                yield Emit(row)
            if page["next"] is None:
                return
            params["cursor"] = page["next"]
            wait = retry_after(response)
            # The service sends `Retry-After` if it has no further rows yet.
            if wait is not None:
                if not follow:
                    return
                yield Pause(bounded_pause(wait))
