"""Calls for operators of a service.

Where the service has API keys, all but `ready`, `failed_models` and `declined_models` need one with
the scope `admin`.
"""

from typing import Any
from urllib.parse import quote

from scorelane.client.io_steps import Send, Steps
from scorelane.client.job_state import AnyJob, id_of
from scorelane.client.request import J, Requests
from scorelane.client.sync_async import call


class ServiceCalls(Requests[J]):
    """Reports on the service itself."""

    @call
    def ready(self) -> Steps[dict[str, int]]:
        """Return how many live processes serve each model, by `name@version`; at least one does.

        Raises:
            scorelane.client.errors.Unavailable: the service is not ready; the message says why.
        """
        body = yield from self._json(Send("GET", "/readyz"))
        with self.valid_response():
            return dict(body["processes"])

    @call
    def failed_models(self) -> Steps[dict[str, str]]:
        """Return why workers cannot serve models that they have, by the name of each model."""
        body = yield from self._json(Send("GET", "/models"))
        with self.valid_response():
            return {one["name"]: one["reason"] for one in body.get("failed", [])}

    @call
    def declined_models(self) -> Steps[list[dict[str, Any]]]:
        """Return which versions workers leave to others, and why; see `GET /models`."""
        body = yield from self._json(Send("GET", "/models"))
        with self.valid_response():
            return [dict(one) for one in body.get("declined", [])]

    @call
    def drift(
        self, model: str, *, job: AnyJob | None = None, reference: AnyJob | None = None
    ) -> Steps[dict[str, Any]]:
        """Return how far the rows of the last 24 hours are from the reference of a model.

        Args:
            model: its name, perhaps with a version or an alias.
            job: compare the rows of this job, or of the job with this id, in their place.
            reference: compare with the rows of this job, in the place of the model's reference.

        Raises:
            scorelane.client.errors.UnknownModel: there is no such model.
        """
        jobs = {"job": job, "reference": reference}
        params = {name: id_of(one) for name, one in jobs.items() if one is not None}
        path = f"/models/{quote(model, safe='@')}/drift"
        body = yield from self._json(Send("GET", path, params=params))
        with self.valid_response():
            return dict(body)

    @call
    def traffic(
        self, model: str, *, canary: float | None = None, shadow: float | None = None
    ) -> Steps[dict[str, Any]]:
        """Return the shares of the champion's work that the challenger of a model gets.

        Args:
            model: its name.
            canary: set the share of new jobs and questions that the challenger scores, 0 to 1.
            shadow: set the share of new bulk jobs that it scores too.

        Raises:
            scorelane.client.errors.NotFound: it has no challenger whose shares could be set.
        """
        shares = {"canary": canary, "shadow": shadow}
        params = {name: share for name, share in shares.items() if share is not None}
        path = f"/models/{quote(model, safe='')}/traffic"
        body = yield from self._json(Send("PUT" if params else "GET", path, params=params))
        with self.valid_response():
            return dict(body)

    @call
    def workers(self) -> Steps[list[dict[str, Any]]]:
        """Return the live workers, each with its release, models, memory and number of rows scored.

        docs/api.md lists the fields.
        """
        body = yield from self._json(Send("GET", "/workers"))
        with self.valid_response():
            return list(body["workers"])

    @call
    def service(self) -> Steps[dict[str, Any]]:
        """Return the state of the whole service, its last 15 minutes, errors and findings.

        docs/api.md describes the fields.
        """
        body = yield from self._json(Send("GET", "/service"))
        with self.valid_response():
            return dict(body)

    @call
    def at_work(self, limit: int) -> Steps[list[J]]:
        """Return the newest jobs that are queued or running, at most `limit`.

        This is one request, which searches only the newest jobs and not a long history.
        """
        params = {"state": "queued,running", "limit": limit}
        body = yield from self._json(Send("GET", "/jobs", params=params))
        with self.valid_response():
            return [self._job_from(one) for one in body["jobs"]]

    @call
    def metrics(self) -> Steps[str]:
        """Return the service's metrics in the text format of Prometheus."""
        response = yield from self._response_to(Send("GET", "/metrics"))
        return response.text
