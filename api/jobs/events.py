"""`/jobs/<id>/events`: the progress of a job, as server-sent events."""

import select
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

from flask import Blueprint, Response, json, request
from pydantic import Field
from redis.exceptions import RedisError
from typing_extensions import TypedDict

from api.jobs.lookup import find_job
from api.jobs.representation import EXAMPLE_JOB, JobJson, job_json
from api.process.draining import draining
from api.schema.describe import OF_A_JOB, Answer, Content, Parameter, describes
from api.security.access import current_key_check
from api.services import Services, current_services
from shared.errors.service import JobExpired, JobNotFound, StreamsFull
from shared.jobs.job import Job
from shared.jobs.state import ENDED

blueprint = Blueprint("events", __name__)

#: How often a job is polled, in seconds. Its end is noticed at once, by the bell of its job.
POLL_SECONDS = 1.0

#: A quiet stream sends a comment this often, or proxies would close it.
HEARTBEAT_SECONDS = 15.0

#: How long a client waits before it reconnects.
RETRY_MILLISECONDS = 2000

#: The events of `poll` by which the system reports a closed connection; the first only on Linux.
_HUNG_UP = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


class Event(TypedDict):
    """An event of the stream."""

    event: Literal["progress", "end"]
    id: str
    data: Annotated[
        str,
        Field(
            description="The job, as JSON in one line.",
            json_schema_extra={"contentMediaType": "application/json"},
        ),
    ]


#: OpenAPI 3.1 has no schema for a stream, so the schema is that of one event.
_STREAM = Content(
    "text/event-stream",
    Event,
    {"event": "end", "id": "succeeded-1-1", "data": json.dumps(EXAMPLE_JOB)},
)
_LAST_EVENT_ID = Parameter(
    "Last-Event-ID",
    {"type": "string"},
    "The id of the last event that the client has: it is not sent again.",
    where="header",
    example="running-126000-1000000",
)


@blueprint.get("/jobs/<job_id>/events")
@describes(
    {
        200: Answer("The stream: `progress` and `end`, each with the job.", (_STREAM,)),
        204: Answer("The client has the last event: the job has ended."),
    },
    refused=(*OF_A_JOB, StreamsFull),
    parameters=(_LAST_EVENT_ID,),
)
def events(job_id: str) -> Response:
    """Stream the job each time that it progresses, and at its end."""
    at = current_services()
    job = find_job(at, job_id)
    seen = request.headers.get("Last-Event-ID", "")
    if job.state in ENDED and seen == event_id(job):
        # A 204 makes an EventSource stop reconnecting.
        return Response(status=204)
    release = at.streams.take()
    hung_up = _hung_up(request.environ.get("gunicorn.socket"))
    is_valid = current_key_check()
    stream = follow(at, job, seen, lambda: hung_up() or not is_valid())
    answer = Response(stream, mimetype="text/event-stream")
    # Not a `finally` in the generator: for a HEAD request the generator is never started.
    answer.call_on_close(release)
    answer.headers["Cache-Control"] = "no-store"
    # Without this, nginx sends events only when its buffer is full.
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def event_id(job: Job) -> str:
    """Return the id of the event for a state of a job; equal states have equal ids."""
    held_up = "-held-up" if job.held_up else ""
    return f"{job.state}-{job.rows_done}-{job.total or 'unknown'}{held_up}"


def follow(at: Services, job: Job, seen: str, is_gone: Callable[[], bool]) -> Iterator[bytes]:
    """Yield the events of a job until its end, for at most `stream_seconds`.

    This reads the job's record at most once per second. If the job is deleted, the stream ends; a
    client that reconnects gets the error. Likewise if the client's key is withdrawn.

    Args:
        at: the services.
        job: its current state.
        seen: the id of the last event that the client has; empty: none.
        is_gone: tells whether the client has closed the connection, or may not read on.
    """
    now = last_sent = time.monotonic()
    until = now + at.settings.stream_seconds
    yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    while True:
        now = time.monotonic()
        if event_id(job) != seen:
            seen, last_sent = event_id(job), now
            yield _event("end" if job.state in ENDED else "progress", seen, job_json(at, job))
        elif now - last_sent >= HEARTBEAT_SECONDS:
            last_sent = now
            yield b": still there\n\n"
        if job.state in ENDED or now >= until or draining.is_set() or is_gone():
            return
        try:
            has_rung = at.store.wait(job.spec.id, POLL_SECONDS)
            if is_gone():
                return
            job = at.store.get(job.spec.id)
        except (JobNotFound, JobExpired):
            return
        except RedisError:
            # Redis may be back soon: the stream goes on.
            draining.wait(POLL_SECONDS)
        else:
            if has_rung and job.state not in ENDED:
                # The bell still rings from an end that was undone: do not poll in a busy loop.
                draining.wait(POLL_SECONDS)


def _event(kind: str, event: str, content: JobJson) -> bytes:
    data = json.dumps(content, ensure_ascii=False)
    return f"event: {kind}\nid: {event}\ndata: {data}\n\n".encode()


def _hung_up(connection: Any) -> Callable[[], bool]:
    """Return a function that tells whether the client has closed a connection.

    Without a connection it always returns False. A failed write would tell too, but only at the
    second heartbeat after the client has left.
    """
    if connection is None:
        return lambda: False
    poll = select.poll()
    poll.register(connection, _HUNG_UP)
    return lambda: bool(poll.poll(0))
