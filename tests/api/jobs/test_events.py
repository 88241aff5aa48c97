"""The events of a job: each is sent once, and the stream ends when it should."""

import json
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisAway
from support.in_memory import Service, make_service
from support.problems import problem

from api.jobs import events
from shared.config.settings import Settings
from shared.jobs.state import ENDED

CSV = b"text\n" + b"a\n" * 20

#: An event: its kind, its id and its data.
SseEvent = tuple[str, str, dict[str, Any]]


@pytest.fixture
def step(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service that does one step of the work each time that a stream waits."""

    def wait(job_id: str, _seconds: float) -> bool:
        if service.dispatch.messages:
            service.step()
        return service.store.get(job_id).state in ENDED

    monkeypatch.setattr(service.store, "wait", wait)
    return service


def stream(service: Service, location: str, seen: str = "") -> Any:
    headers = {"Last-Event-ID": seen} if seen else {}
    return service.client.get(f"{location}/events", headers=headers)


def events_of(answer: Any) -> list[SseEvent]:
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if "event" in fields:
            found.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return found


def test_a_job_is_followed_to_its_end(step: Service) -> None:
    """Each step is sent once, the last one as `end`; then the stream ends."""
    answer = stream(step, step.submit(CSV).location)
    assert answer.status_code == 200
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.text.startswith("retry: 2000\n\n")
    received = events_of(answer)
    assert [kind for kind, _, _ in received] == ["progress"] * (len(received) - 1) + ["end"]
    done = [0, 0, 4, 8, 12, 16, 17, 18, 19, 20, 20]
    assert [one["rows"]["completed"] for _, _, one in received] == done
    assert [one["state"] for _, _, one in received][:: len(received) - 1] == ["queued", "succeeded"]
    assert len({event for _, event, _ in received}) == len(received)


def test_what_was_seen_is_not_sent_again(step: Service) -> None:
    """A new stream continues after the last event that the client has."""
    location = step.submit(CSV).location
    begun = stream(step, location)
    blocks = [block.decode() for _, block in zip(range(4), begun.iter_encoded(), strict=False)]
    begun.close()
    last = blocks[-1].partition("id: ")[2].partition("\n")[0]
    received = events_of(stream(step, location, last))
    assert last not in [event for _, event, _ in received]
    assert [one["rows"]["completed"] for _, _, one in received] == [8, 12, 16, 17, 18, 19, 20, 20]


def test_the_end_is_sent_once(step: Service) -> None:
    """A client that has it gets a 204, and does not reconnect."""
    location = step.submit(CSV).location
    step.work()
    [(kind, event, job)] = events_of(stream(step, location, "running-4-20"))
    assert (kind, job["state"], job["rows"]["total"]) == ("end", "succeeded", 20)
    assert stream(step, location, event).status_code == 204
    assert step.client.get(location).json == job


def test_small_and_cancelled_jobs_end_too(step: Service) -> None:
    """The stream ends with every kind of job, however it ends."""
    small = step.client.post("/jobs", json={"text": ["a"]})
    assert events_of(stream(step, small.location))[-1][2]["state"] == "succeeded"
    location = step.submit(CSV).location
    step.client.post(f"{location}/cancel")
    assert [(kind, job["state"]) for kind, _, job in events_of(stream(step, location))] == [
        ("end", "cancelled")
    ]


def test_a_job_that_is_deleted_ends_its_stream(step: Service) -> None:
    """The stream just ends; a client that reconnects gets a 404."""
    location = step.submit(CSV).location
    blocks = stream(step, location).iter_encoded()
    assert b"retry" in next(blocks)
    assert b"queued" in next(blocks)
    step.client.delete(location)
    assert list(blocks) == []
    problem(stream(step, location), 404, "job-not-found")


def test_the_limit_of_streams(settings: Settings) -> None:
    """Over the limit it is a 503 with a `Retry-After`; a closed stream frees its place."""
    service = make_service(settings.model_copy(update={"max_streams": 2}))
    location = service.submit(CSV).location
    open_streams = [stream(service, location) for _ in range(2)]
    answer = stream(service, location)
    assert "2 streams" in problem(answer, 503, "streams-full")
    assert answer.headers["Retry-After"] == "10"
    assert service.client.get(location).status_code == 200
    open_streams[0].close()
    stream(service, location).close()
    for _ in range(3):
        service.client.head(f"{location}/events")
    open_streams[1].close()


def blocks_of(
    service: Service, is_gone: Callable[[], bool] = lambda: False, **changes: Any
) -> Iterator[bytes]:
    """Yield the blocks of a stream after the first one, with changed settings."""
    job = service.store.get(service.submit(CSV).json["id"])
    at = service.app.extensions["scorelane"]
    settings = at.settings.model_copy(update=changes)
    blocks = events.follow(
        type(at)(**{**vars(at), "settings": settings}), job, events.event_id(job), is_gone
    )
    assert b"retry" in next(blocks)
    return blocks


def test_a_quiet_stream_sends_heartbeats(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat is a comment, not an event."""
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.0)
    blocks = blocks_of(service)
    assert [next(blocks)[:2] for _ in range(3)] == [b": "] * 3


def test_a_stream_does_not_last_for_ever(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends after its time, when its client has left, and before the replica stops."""
    with service.app.app_context():
        assert list(blocks_of(service, stream_seconds=0.0)) == []
        assert list(blocks_of(service, is_gone=lambda: True)) == []
        stopping = Event()
        stopping.set()
        monkeypatch.setattr(events, "draining", stopping)
        assert list(blocks_of(service)) == []


def test_a_redis_that_is_away_does_not_end_a_stream(
    step: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream goes on when Redis is back."""
    monkeypatch.setattr(events, "POLL_SECONDS", 0.001)
    blocks = blocks_of(step)
    wait, away = step.store.wait, [RedisAway("away"), RedisAway("away")]

    def sometimes(job_id: str, seconds: float) -> Any:
        if away:
            raise away.pop()
        return wait(job_id, seconds)

    monkeypatch.setattr(step.store, "wait", sometimes)
    with step.app.app_context():
        assert b"succeeded" in list(blocks)[-1]
