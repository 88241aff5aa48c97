"""Sees every request from its head to its last byte: gives it an id, counts it, and logs a line."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask import Flask, Response, g, request

from api.process.access_log import AccessLog
from api.process.measures import LATENCY, REQUESTS, counters
from shared.config.settings import Settings
from shared.jobs.job import is_job_id
from shared.telemetry import context
from shared.telemetry.spans import end, spans

#: The id of the present request, and what is known of it, in the WSGI environment.
REQUEST_ID, SEEN = "scorelane.request_id", "scorelane.seen"

#: Asked for every few seconds by machines.
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})

#: Any others share one label.
_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})


class RequestLog:
    """The app, as gunicorn sees it."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._wsgi_app = app.wsgi_app
        self._log = AccessLog() if settings.access_log else None
        app.after_request(_know)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Handle a request."""
        answer = _Answer(environ, self._log)
        request_id = context.request_id(environ.get("HTTP_X_REQUEST_ID"))
        traceparent = context.traceparent(environ.get("HTTP_TRACEPARENT"))
        environ[REQUEST_ID], environ[SEEN] = request_id, answer.seen
        if spans.on:
            answer.span, traceparent = spans.begin(environ["REQUEST_METHOD"], traceparent)
        if traceparent:
            answer.seen["traceparent"] = traceparent

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            answer.status = status[:3]
            headers.append(("X-Request-ID", request_id))
            return start_response(status, headers, *rest)

        with context.about(request_id=request_id, traceparent=traceparent):
            answer.body = self._wsgi_app(environ, start)
        return answer


def _know(response: Response) -> Response:
    """Note what only Flask knows: which address it was, whose key, which job."""
    seen, rule = request.environ.get(SEEN, {}), request.url_rule
    if rule:
        seen["route"] = rule.rule
    if "key" in g:
        seen["owner"] = g.key.owner
    job_id = (request.view_args or {}).get("job_id")
    if job_id and is_job_id(job_id):
        seen["job"] = job_id
    return response


class _Answer:
    """The body of an answer, whose bytes are counted as they go."""

    def __init__(self, environ: dict[str, Any], log: AccessLog | None) -> None:
        self.body: Iterable[bytes] = ()
        self.status = "500"
        self.seen: dict[str, Any] = {}
        self.span: Any = None
        self._environ = environ
        self._log = log
        self._bytes = 0
        self._started = time.perf_counter()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.body:
            self._bytes += len(chunk)
            yield chunk

    def close(self) -> None:
        """Called by the server when all is sent, or the client is gone."""
        try:
            if hasattr(self.body, "close"):
                self.body.close()
        finally:
            self._note()

    def _note(self) -> None:
        seconds = time.perf_counter() - self._started
        method = self._environ["REQUEST_METHOD"]
        method = method if method in _METHODS else "other"
        route = self.seen.pop("route", "none")
        counters.add(REQUESTS, method, route, self.status)
        counters.observe(LATENCY, seconds, method, route)
        if self.span:
            known = {"method": method, "route": route, "status": int(self.status)}
            end(self.span, f"{method} {route}", known | self.seen)
        level = logging.DEBUG if route in _QUIET else logging.INFO
        if self._log:
            known = {"request_id": self._environ[REQUEST_ID], **self.seen}
            known |= {"method": method, "route": route, "status": int(self.status)}
            known |= {"ms": round(seconds * 1000, 2), "bytes": self._bytes}
            self._log.add(level, known)
