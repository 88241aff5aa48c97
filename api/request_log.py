"""WSGI middleware that gives each request an id, counts it, and writes its line of the log."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask import Flask, Response, g, request

from api.process.access_log import AccessLog
from api.process.measures import LATENCY, REQUESTS, counters
from shared.config.settings import Settings
from shared.jobs.job_ids import is_job_id
from shared.telemetry import context
from shared.telemetry.spans import end, spans

#: Keys of the WSGI environment: the id of the request, and the fields of its line of the log.
REQUEST_ID, LOG_FIELDS = "scorelane.request_id", "scorelane.seen"

#: The key of when a request came, as `time.perf_counter`, if that was before the app is called.
BEGAN = "scorelane.began"

#: Routes that monitoring requests every few seconds; they are logged at DEBUG.
_QUIET = frozenset(
    {
        "/livez",
        "/readyz",
        "/metrics",
        "/ping",
        "/health",
        "/v2/health/live",
        "/v2/health/ready",
    }
)

#: Methods with a label of their own in the metrics. All others share the label `other`: clients can
#: invent methods, and must not create labels without limit.
_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})


class RequestLog:
    """The app, wrapped: it follows each request from its head to the last byte of its response."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._wsgi_app = app.wsgi_app
        #: The access log; None: the settings want none.
        self.log = AccessLog() if settings.access_log else None
        app.after_request(_add_fields)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Handle a request."""
        response = _CountedResponse(environ, self.log)
        request_id = context.request_id(environ.get("HTTP_X_REQUEST_ID"))
        traceparent = context.traceparent(environ.get("HTTP_TRACEPARENT"))
        environ[REQUEST_ID], environ[LOG_FIELDS] = request_id, response.fields
        if spans.on:
            response.span, traceparent = spans.begin(environ["REQUEST_METHOD"], traceparent)
        if traceparent:
            response.fields["traceparent"] = traceparent

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            response.status = status[:3]
            headers.append(("X-Request-ID", request_id))
            return start_response(status, headers, *rest)

        with context.about(request_id=request_id, traceparent=traceparent):
            response.body = self._wsgi_app(environ, start)
        return response


def _add_fields(response: Response) -> Response:
    """Add the fields that only Flask knows: the route, the owner of the key, and the job."""
    fields, rule = request.environ.get(LOG_FIELDS, {}), request.url_rule
    if rule:
        fields["route"] = rule.rule
    if "key" in g:
        fields["owner"] = g.key.owner
    job_id = (request.view_args or {}).get("job_id")
    if job_id and is_job_id(job_id):
        fields["job"] = job_id
    return response


class _CountedResponse:
    """The body of a response; counts its bytes, and logs the request when it is closed."""

    def __init__(self, environ: dict[str, Any], log: AccessLog | None) -> None:
        self.body: Iterable[bytes] = ()
        self.status = "500"
        self.fields: dict[str, Any] = {}
        self.span: Any = None
        self._environ = environ
        self._log = log
        self._bytes = 0
        self._started: float = environ.get(BEGAN) or time.perf_counter()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.body:
            self._bytes += len(chunk)
            yield chunk

    def close(self) -> None:
        """Log the request; the server calls this when all is sent, or the client has gone."""
        try:
            if hasattr(self.body, "close"):
                self.body.close()
        finally:
            self._log_request()

    def _log_request(self) -> None:
        seconds = time.perf_counter() - self._started
        method = self._environ["REQUEST_METHOD"]
        method = method if method in _METHODS else "other"
        route = self.fields.pop("route", "none")
        if self.span:
            outcome = {"method": method, "route": route, "status": int(self.status)}
            end(self.span, f"{method} {route}", outcome | self.fields)
        fields = {"request_id": self._environ[REQUEST_ID], **self.fields}
        note(self._log, (method, route, self.status), fields, seconds, self._bytes)


def note(
    log: AccessLog | None,
    outcome: tuple[str, str, str],
    fields: dict[str, Any],
    seconds: float,
    size: int,
) -> None:
    """Count and log a request.

    Args:
        log: the access log, if there is one.
        outcome: the method, the route, and the status.
        fields: further fields of the line.
        seconds: how long it took.
        size: the bytes of its response.
    """
    method, route, status = outcome
    counters.add(REQUESTS, method, route, status)
    counters.observe(LATENCY, seconds, method, route)
    if log:
        line = {**fields, "method": method, "route": route, "status": int(status)}
        line |= {"ms": round(seconds * 1000, 2), "bytes": size}
        log.add(logging.DEBUG if route in _QUIET else logging.INFO, line)
