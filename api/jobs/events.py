"""`/jobs/<id>/events`: how a job goes on, as server-sent events."""

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
from api.services import Services, services
from shared.errors.service import JobExpired, JobNotFound, StreamsFull
from shared.jobs.job import ENDED, Job

blueprint = Blueprint("events", __name__)

#: How often a job is looked at, in seconds; its end is heard at once, by its bell.
POLL_SECONDS = 1.0

#: A stream says something at least so often, or proxies take it for dead.
HEARTBEAT_SECONDS = 15.0

#: A client whose stream broke off comes back after so long.
RETRY_MILLISECONDS = 2000

#: How the system says that the other end is gone; the first one on Linux alone.
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


#: OpenAPI 3.1 has no schema of a stream: this is one of its events.
_STREAM = Content(
    "text/event-stream",
    Event,
    {"event": "end", "id": "succeeded-1-1", "data": json.dumps(EXAMPLE_JOB)},
)
_SEEN = Parameter(
    "Last-Event-ID",
    {"type": "string"},
    "The id of the last event that was seen: it is not sent again.",
    where="header",
    example="running-126000-1000000",
)


@blueprint.get("/jobs/<job_id>/events")
@describes(
    {
        200: Answer("The stream: `progress` and `end`, each with the job.", (_STREAM,)),
        204: Answer("The last event that was seen was the end."),
    },
    refused=(*OF_A_JOB, StreamsFull),
    parameters=(_SEEN,),
)
def events(job_id: str) -> Response:
    """The job each time that it has gone on, and at its end."""
    at = services()
    job = find_job(at, job_id)
    seen = request.headers.get("Last-Event-ID", "")
    if job.state in ENDED and seen == event_id(job):
        # So an EventSource is told to come back no more.
        return Response(status=204)
    leave = at.streams.take()
    stream = follow(at, job, seen, _hung_up(request.environ.get("gunicorn.socket")))
    answer = Response(stream, mimetype="text/event-stream")
    # Not in the stream: one that is never begun, as for a HEAD, would not come to it.
    answer.call_on_close(leave)
    answer.headers["Cache-Control"] = "no-store"
    # nginx would hold events back until it has a buffer full of them.
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def event_id(job: Job) -> str:
    """Tells what an event says: equal for equal news, so that it is not said twice."""
    held_up = "-held-up" if job.held_up else ""
    return f"{job.state}-{job.rows_done}-{job.total or 'unknown'}{held_up}"


def follow(at: Services, job: Job, seen: str, is_gone: Callable[[], bool]) -> Iterator[bytes]:
    """Events from here to the end of the job, for as long as a stream may last.

    It costs at most one read of the record a second. A job that is deleted meanwhile ends its
    stream; whoever comes back is told what became of it.

    Args:
        at: the collaborators.
        job: as it stands.
        seen: the id of the last event that the client has; empty: none.
        is_gone: whether the client has left.
    """
    now = said = time.monotonic()
    until = now + at.settings.stream_seconds
    yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    while True:
        now = time.monotonic()
        if event_id(job) != seen:
            seen, said = event_id(job), now
            yield _event("end" if job.state in ENDED else "progress", seen, job_json(at, job))
        elif now - said >= HEARTBEAT_SECONDS:
            said = now
            yield b": still there\n\n"
        if job.state in ENDED or now >= until or draining.is_set() or is_gone():
            return
        try:
            rung = at.store.wait(job.spec.id, POLL_SECONDS)
            job = at.store.get(job.spec.id)
        except (JobNotFound, JobExpired):
            return
        except RedisError:
            # It may be back soon; who has a stream shall not notice.
            draining.wait(POLL_SECONDS)
        else:
            if rung and job.state not in ENDED:
                # The bell of an end that was taken back still rings.
                draining.wait(POLL_SECONDS)


def _event(kind: str, event: str, content: JobJson) -> bytes:
    data = json.dumps(content, ensure_ascii=False)
    return f"event: {kind}\nid: {event}\ndata: {data}\n\n".encode()


def _hung_up(connection: Any) -> Callable[[], bool]:
    """Tells whether a connection was closed at its other end; never, where there is none.

    What is written to it would tell too, but only at the second heartbeat.
    """
    if connection is None:
        return lambda: False
    poll = select.poll()
    poll.register(connection, _HUNG_UP)
    return lambda: bool(poll.poll(0))
