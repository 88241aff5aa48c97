"""Calls for who operates a service.

But for `ready` they want a key of the scope `admin`, where there are keys.
"""

from typing import Any

from scorelane.client.io_steps import Send, Steps
from scorelane.client.request import J, Requests
from scorelane.client.sync_async import call


class ServiceCalls(Requests[J]):
    """Looks at the service itself."""

    @call
    def ready(self) -> Steps[dict[str, int]]:
        """How many live processes serve each model, by `name@version`; at least one does.

        Raises:
            scorelane.client.errors.Unavailable: the service is not ready, and the message says why.
        """
        body = yield from self._json(Send("GET", "/readyz"))
        with self.as_scorelane():
            return dict(body["processes"])

    @call
    def workers(self) -> Steps[list[dict[str, Any]]]:
        """The workers that live: release, models, memory, rows scored."""
        body = yield from self._json(Send("GET", "/workers"))
        with self.as_scorelane():
            return list(body["workers"])

    @call
    def at_work(self, limit: int) -> Steps[list[J]]:
        """The newest jobs that wait or run, at most `limit`.

        Of the newest jobs of all: it is one page, which does not look through a long history.
        """
        params = {"state": "queued,running", "limit": limit}
        body = yield from self._json(Send("GET", "/jobs", params=params))
        with self.as_scorelane():
            return [self._made(one) for one in body["jobs"]]

    @call
    def metrics(self) -> Steps[str]:
        """The numbers for Prometheus, in its text format."""
        answer = yield from self._request(Send("GET", "/metrics"))
        return answer.text
