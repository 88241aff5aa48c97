"""A job's events through both clients: each comes once, in spite of cut connections."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.in_memory import Service
from support.transports import CutOff, Script, Working, problem

from scorelane import Retries
from scorelane.client.errors import ClientError, JobNotFound, Unavailable, Unreachable
from scorelane.client.sse import SseEvent, SseParser
from shared.jobs.state import ENDED

CSV = b"text\n" + b"a\n" * 20

JOB = {
    "id": "a" * 32, "state": "running", "model": {"name": "m", "version": "1"},
    "rows": {"total": 9, "completed": 1, "failed": 0}, "progress": 0.1, "rows_per_second": None,
    "eta_seconds": None, "created_at": "2026-01-01T00:00:00.000Z", "started_at": None,
    "finished_at": None, "error": None, "detail": "1 row is done.",
}  # fmt: skip


class Stepping(Working):
    """A service whose worker handles one message each time an event stream waits."""

    def __init__(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(service)

        def wait(job_id: str, _seconds: float) -> bool:
            if service.dispatch.messages:
                service.step()
            return service.store.get(job_id).state in ENDED

        monkeypatch.setattr(service.store, "wait", wait)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._wsgi.handle_request(request)


@pytest.fixture
def stepping(service: Service, monkeypatch: pytest.MonkeyPatch) -> Stepping:
    """A transport to the service in memory, whose worker advances with the stream."""
    return Stepping(service, monkeypatch)


def stream(*events: tuple[str, dict[str, Any]], retry: str = "retry: 0\n\n") -> httpx.Response:
    events_text = "".join(
        f"event: {kind}\nid: {job['state']}-{job['rows']['completed']}\ndata: {json.dumps(job)}\n\n"
        for kind, job in events
    )
    return httpx.Response(
        200, text=retry + events_text, headers={"Content-Type": "text/event-stream; charset=utf-8"}
    )


def done(completed: int, state: str = "running") -> dict[str, Any]:
    return {**JOB, "state": state, "rows": {"total": 9, "completed": completed, "failed": 0}}


END = ("end", done(9, "succeeded"))


def test_a_job_is_followed_to_its_end(connected: Callable[..., Any], stepping: Stepping) -> None:
    """Each change of the job is one event, whose job is a job of the client."""
    job = connected(stepping).submit(CSV)
    events = list(job.events())
    assert [event.kind for event in events] == ["progress"] * (len(events) - 1) + ["end"]
    completed = [0, 0, 4, 8, 12, 16, 17, 18, 19, 20, 20]
    assert [event.job.completed for event in events] == completed
    assert [events[0].job.state, events[-1].job.state] == ["queued", "succeeded"]
    assert len(stepping.requests) == 2
    assert type(events[-1].job) is type(getattr(job, "_wrapped", job))


@pytest.mark.parametrize("after", [0, 5, 13, 60, 700, 1500])
def test_a_cut_stream_continues(
    connected: Callable[..., Any], stepping: Stepping, after: int
) -> None:
    """Wherever it is cut, no event comes twice, and the end comes."""
    cut = CutOff(stepping, "/events", after, after, after)
    events = list(connected(cut).submit(CSV).events())
    assert cut.cuts == []
    ids = [event.id for event in events]
    assert len(set(ids)) == len(ids)
    completed = [event.job.completed for event in events]
    assert completed == sorted(completed)
    assert (events[-1].kind, events[-1].job.state, completed[-1]) == ("end", "succeeded", 20)
    sent = [one.headers.get("Last-Event-ID") for one in cut.requests]
    assert len(sent) == 4
    assert sent[-1] is None or sent[-1] in ids


def test_the_stream_continues_after_the_last_event(connected: Callable[..., Any]) -> None:
    """It does so after an error that is retried, and after a stream that ended early."""
    script = Script(
        stream(("progress", done(1))),
        problem(503, "streams-full", Retry_After="0"),
        httpx.ConnectError("refused"),
        stream(("progress", done(2)), ("progress", done(3))),
        stream(),
        stream(END),
    )
    events = list(connected(script).events("a" * 32, last_event_id="running-0"))
    assert [event.job.completed for event in events] == [1, 2, 3, 9]
    assert [one.headers.get("Last-Event-ID") for one in script.requests] == [
        "running-0",
        "running-1",
        "running-1",
        "running-3",
        "running-3",
    ]
    assert {one.headers["Accept"] for one in script.requests} == {"text/event-stream"}


def test_the_last_event_is_known(connected: Callable[..., Any], stepping: Stepping) -> None:
    """If `last_event_id` is the id of the `end` event, there are no events."""
    job = connected(stepping).submit(CSV)
    *_, last = job.events()
    assert list(job.events(last_event_id=last.id)) == []


def test_a_job_that_does_not_exist(connected: Callable[..., Any], stepping: Stepping) -> None:
    """The call raises JobNotFound, also if the job is deleted during the stream."""
    client = connected(stepping)
    with pytest.raises(JobNotFound):
        list(client.events("b" * 32))
    script = Script(stream(("progress", done(1))), problem(404, "job-not-found"))
    with pytest.raises(JobNotFound):
        list(connected(script).events("a" * 32))


def test_a_service_with_too_many_streams(connected: Callable[..., Any]) -> None:
    """The client retries as `Retries` allows, and gives up then."""
    script = Script(problem(503, "streams-full", Retry_After="10"))
    with pytest.raises(Unavailable):
        list(connected(script).events("a" * 32))


def test_a_stream_that_never_gets_to_an_event(connected: Callable[..., Any]) -> None:
    """The client gives up: a connection alone does not count as progress."""
    retries = Retries(seconds=0.05, first_pause=0.001, longest_pause=0.002)
    endless = CutOff(Script(stream(END)), "/events", *[12] * 1000)
    with pytest.raises(Unreachable, match="was cut"):
        list(connected(endless, retries=retries).events("a" * 32))


def test_a_response_that_is_not_an_event_stream(connected: Callable[..., Any]) -> None:
    """It is an error, like an event without a job. Unknown kinds of events are ignored."""
    for response in (httpx.Response(200, text="hello"), stream(("end", {**END[1], "model": 1}))):
        with pytest.raises(ClientError, match="not as Scorelane does"):
            list(connected(Script(response)).events("a" * 32))
    later = stream(("milestone", done(4)), END)
    assert [one.kind for one in connected(Script(later)).events("a" * 32)] == ["end"]


WIRE = (
    ": hello\n\nretry: 1500\nretry: soon\nid: 7\nevent: end\ndata: \u00e4\ndata:b\n\nevent: x\n\n"
)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_the_parser(line_end: str, size: int) -> None:
    """It follows the standard for each line end, however the bytes are split into chunks."""
    wire = WIRE.replace("\n", line_end).encode() + b":\n"
    parser = SseParser()
    events = [one for at in range(0, len(wire), size) for one in parser.feed(wire[at : at + size])]
    assert events == [SseEvent("", "", ""), SseEvent("end", "7", "\u00e4\nb"), SseEvent("", "", "")]
    assert parser.retry == 1.5


def test_only_line_ends_of_the_standard_end_a_line() -> None:
    """Others, which Python knows and JSON leaves as they are, stay in the data."""
    data = '{"error": "a\u2028b\u2029c\x85d\x0be\x1cf"}'
    parser = SseParser()
    assert list(parser.feed(f"data: {data}\n\n".encode())) == [SseEvent("message", "", data)]
