"""Spans are off until a destination is named, and hold no user's text."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.telemetry.spans import Spans, end, is_wanted

PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_spans_are_wanted_where_they_can_go(environment: dict[str, str], wanted: bool) -> None:
    """OpenTelemetry's own variables turn spans on."""
    assert is_wanted(environment) is wanted


def test_where_they_are_off_nothing_is_sent() -> None:
    """A program without spans does not import the SDK or the exporters."""
    # redis-py imports the rest by itself, where it is installed.
    code = "import sys, api.wsgi; sys.exit('opentelemetry.sdk.trace.export' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_request_and_its_steps_are_one_trace() -> None:
    """Steps are children of the request's span; the span of an answer begins with its work."""
    spans, kept = Spans(), InMemorySpanExporter()
    spans.start("here", kept)
    span, traceparent = spans.begin("POST", PARENT)
    with spans.around("score", traceparent, {"job": "1", "part": 0}):
        pass
    spans.record("answer", traceparent, 2.0, {"model": "fast@1"})
    end(span, "POST /jobs", {"status": 503, "owner": ""})
    score, answer, request = kept.get_finished_spans()
    assert {one.context.trace_id for one in (score, answer, request)} == {int("a" * 32, 16)}
    assert score.parent.span_id == answer.parent.span_id == request.context.span_id
    assert request.parent.span_id == int("b" * 16, 16)
    assert answer.end_time - answer.start_time == 2_000_000_000
    assert dict(score.attributes) == {"scorelane.job": "1", "scorelane.part": 0}
    assert (request.name, request.status.is_ok) == ("POST /jobs", False)
    assert dict(request.attributes) == {"scorelane.status": 503}
    spans.stop()
    assert not spans.on


def test_a_failed_step_quotes_nothing() -> None:
    """The span of a failed step has the kind of the error and its traceback, not its message."""
    spans, kept = Spans(), InMemorySpanExporter()
    spans.start("here", kept)
    with pytest.raises(ValueError, match="secret"), spans.around("score", "", {}):
        raise ValueError("secret words")
    [span] = kept.get_finished_spans()
    assert "ValueError at " in span.status.description
    assert "secret" not in span.to_json()
    spans.stop()


def test_an_unsampled_request_stays_unsampled() -> None:
    """The beginning of a trace decides whether it is sampled."""
    spans, kept = Spans(), InMemorySpanExporter()
    spans.start("here", kept)
    with spans.around("score", PARENT[:-1] + "0", {}):
        pass
    assert kept.get_finished_spans() == ()
    spans.stop()
