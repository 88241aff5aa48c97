"""Calls that read rows of a job page by page, and what they add up to."""

from typing import Any

from scorelane.client.errors import retry_after
from scorelane.client.io_steps import Emit, EmittingSteps, Pause, Send, Steps
from scorelane.client.job_state import AnyJob, path_of
from scorelane.client.polling import pause_of
from scorelane.client.request import J, Requests
from scorelane.client.sync_async import call, iterator

#: Rows that are asked for at once.
PAGE = 10_000


class RowCalls(Requests[J]):
    """Reads rows that are there."""

    @iterator
    def follow(self, job: AnyJob) -> EmittingSteps[dict[str, Any]]:
        """The rows of a job that may still run, as they are done; to its end.

        In their order, each once. Of a job that has failed or was cancelled they are those that
        were done. Each is a dict of `ref`, `Sentiment_Score`, `error` and the columns carried
        through.
        """
        path = f"{path_of(job)}/results"
        yield from self.pages(path, "rows", partial=True, follow=True)

    @iterator
    def errors(
        self, job: AnyJob, *, partial: bool = False, follow: bool = False
    ) -> EmittingSteps[dict[str, Any]]:
        """The rows that have no score, in their order.

        Each is a dict of `row` (its number, from 1), `ref` and `error`.

        Args:
            job: the job, or its id.
            partial: also of a job that has not succeeded: those that there are now.
            follow: also those that come while it runs; to its end.
        """
        path = f"{path_of(job)}/errors"
        yield from self.pages(path, "errors", partial=partial or follow, follow=follow)

    @call
    def summary(self, job: AnyJob) -> Steps[dict[str, Any]]:
        """What the scores of a job add up to, at any time.

        A dict of `rows`, `scores` (mean, min, max and a histogram of ten bins) and `errors` (kinds
        and their numbers); docs/api.md has one.
        """
        found: dict[str, Any] = yield from self._json(Send("GET", f"{path_of(job)}/summary"))
        return found

    def pages(
        self, path: str, name: str, *, partial: bool, follow: bool
    ) -> EmittingSteps[dict[str, Any]]:
        """Those on all pages; with `follow` to the end of the job, else to what there is now."""
        params: dict[str, Any] = {"format": "json", "limit": PAGE}
        if partial:
            params["partial"] = "true"
        while True:
            answer = yield from self._request(Send("GET", path, params=params))
            body = self._read(answer, lambda body: {name: body[name], "next": body["next"]})
            for one in body[name]:
                yield Emit(one)
            if body["next"] is None:
                return
            params["cursor"] = body["next"]
            wish = retry_after(answer)
            if wish is not None:
                # There is no more at present.
                if not follow:
                    return
                yield Pause(pause_of(wish))
