"""Spans of OpenTelemetry, if it is installed and `OTEL_*` names a destination.

No other module of the project imports OpenTelemetry, and this one does so only if spans are on.
"""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.telemetry.safe_traceback import where

logger = logging.getLogger(__name__)

#: Variables each of which names a destination of spans.
_DESTINATIONS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_OFF = ("", "none")


class Spans:
    """The spans of one process. They are off until `start`."""

    def __init__(self) -> None:
        self._tracer: Any = None
        self._provider: Any = None

    @property
    def on(self) -> bool:
        """Whether spans are sent."""
        return self._tracer is not None

    def start(self, program: str, exporter: Any = None) -> None:
        """Turn spans on, if there is a destination; call this in a process that will not fork.

        Args:
            program: the name of the service, unless `OTEL_SERVICE_NAME` names it.
            exporter: the destination; None: the one that the environment names, if any.
        """
        if exporter is None and not is_wanted(os.environ):
            return
        try:
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  only if spans are on
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import (  # noqa: PLC0415
                BatchSpanProcessor,
                SimpleSpanProcessor,
            )

            resource = {"service.name": os.environ.get("OTEL_SERVICE_NAME") or program}
            self._provider = TracerProvider(resource=Resource.create(resource))
            self._provider.add_span_processor(
                SimpleSpanProcessor(exporter) if exporter else BatchSpanProcessor(_exporter())
            )
        except ImportError as error:
            logger.warning(
                "OTEL_* asks for traces, and there is no %s: pip install 'scorelane[otel]'",
                error.name,
            )
            return
        self._tracer = self._provider.get_tracer("scorelane")

    def stop(self) -> None:
        """Send the remaining spans, and turn spans off."""
        if self._provider:
            self._provider.shutdown()
        self._tracer = self._provider = None

    def begin(self, name: str, parent: str, *, kind: str = "SERVER") -> tuple[Any, str]:
        """Begin a span. Call this only if spans are on.

        Args:
            name: the name of the span.
            parent: the `traceparent` of its parent; empty: the span begins a trace.
            kind: a name of OpenTelemetry's `SpanKind`.

        Returns:
            The span and its `traceparent`.
        """
        from opentelemetry.trace import SpanKind  # noqa: PLC0415  only if spans are on

        span = self._tracer.start_span(name, _context(parent), SpanKind[kind])
        about = span.get_span_context()
        flags = int(about.trace_flags)
        return span, f"00-{about.trace_id:032x}-{about.span_id:016x}-{flags:02x}"

    @contextmanager
    def around(self, name: str, parent: str, about: Mapping[str, Any]) -> Iterator[None]:
        """A span of a worker for the time of a block; does nothing if spans are off."""
        if self._tracer is None:
            yield
            return
        span, _ = self.begin(name, parent, kind="CONSUMER")
        span.set_attributes(attributes(about))
        try:
            yield
        except BaseException as error:
            # Not the message of the error: it may quote a user's text.
            _fail(span, where(error))
            raise
        finally:
            span.end()

    def record(self, name: str, parent: str, seconds: float, about: Mapping[str, Any]) -> None:
        """Send a span of a worker that ends now. Call this only if spans are on."""
        from opentelemetry.trace import SpanKind  # noqa: PLC0415  only if spans are on

        end = time.time_ns()
        span = self._tracer.start_span(
            name,
            _context(parent),
            SpanKind.CONSUMER,
            attributes(about),
            start_time=end - int(seconds * 1e9),
        )
        span.end(end)


def end(span: Any, name: str, about: Mapping[str, Any]) -> None:
    """End the span of a request, with its final name and its attributes."""
    span.update_name(name)
    span.set_attributes(attributes(about))
    if int(about.get("status", 0)) >= 500:
        _fail(span, str(about["status"]))
    span.end()


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether `OTEL_*` names a destination for spans."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER")
    if exporter is not None:
        return exporter not in _OFF
    return any(environment.get(name) for name in _DESTINATIONS)


def attributes(about: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as attributes of a span, under names that begin with `scorelane.`."""
    return {f"scorelane.{name}": value for name, value in about.items() if value not in (None, "")}


def _exporter() -> Any:
    if os.environ.get("OTEL_TRACES_EXPORTER") == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter  # noqa: PLC0415

        return ConsoleSpanExporter()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    return OTLPSpanExporter()


def _context(parent: str) -> Any:
    from opentelemetry.context import Context  # noqa: PLC0415  only if spans are on
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
        TraceContextTextMapPropagator,
    )

    # An empty context: otherwise the last span of this thread would become the parent.
    found = TraceContextTextMapPropagator().extract({"traceparent": parent}, Context())
    return found or Context()


def _fail(span: Any, reason: str) -> None:
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415  only if spans are on

    span.set_status(Status(StatusCode.ERROR, reason))


#: The spans of this process.
spans = Spans()
