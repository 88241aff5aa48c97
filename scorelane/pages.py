"""Calls that read rows of a job page by page, and what they add up to."""

from collections.abc import Mapping
from typing import Any

from scorelane.both import AnyJob, call, flow
from scorelane.following import path_of
from scorelane.looks import LEAST_PAUSE
from scorelane.problems import retry_after
from scorelane.requests import Requests
from scorelane.steps import Emit, Flow, Pause, Send, Steps

#: Rows that are asked for at once.
PAGE = 10_000


class Pages(Requests):
    """Reads rows that are there."""

    @flow
    def follow(self, job: AnyJob) -> Flow[dict[str, Any]]:
        """The rows of a job that may still run, as they are done; to its end.

        In their order, each once. Of a job that has failed or was cancelled they are those that
        were done. Each is a dict of `ref`, `Sentiment_Score`, `error` and the columns carried
        through.
        """
        yield from self._pages(f"{path_of(job)}/results", {"format": "json"}, "rows", partial=True)

    @flow
    def errors(self, job: AnyJob, *, partial: bool = False) -> Flow[dict[str, Any]]:
        """The rows that have no score, in their order.

        Each is a dict of `row` (its number, from 1), `ref` and `error`.

        Args:
            job: the job, or its id.
            partial: also of a job that has not succeeded; one that still runs is followed.
        """
        yield from self._pages(
            f"{path_of(job)}/errors", {"format": "json"}, "errors", partial=partial
        )

    @call
    def summary(self, job: AnyJob) -> Steps[dict[str, Any]]:
        """What the scores of a job add up to, at any time.

        A dict of `rows`, `scores` (mean, min, max and a histogram of ten bins) and `errors` (kinds
        and their numbers); docs/api.md has one.
        """
        found: dict[str, Any] = yield from self._json(Send("GET", f"{path_of(job)}/summary"))
        return found

    def _pages(
        self, path: str, params: Mapping[str, Any], name: str, *, partial: bool
    ) -> Flow[dict[str, Any]]:
        params = {**params, "limit": PAGE, **({"partial": "true"} if partial else {})}
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
                yield Pause(max(wish, LEAST_PAUSE))
