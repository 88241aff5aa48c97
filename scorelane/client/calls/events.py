"""The call that streams a job's events."""

import json
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from scorelane.client.event_stream import EventStream
from scorelane.client.io_steps import Emit, EmittingSteps
from scorelane.client.job_state import AnyJob, JobState, path_of
from scorelane.client.request import J, Requests
from scorelane.client.sync_async import iterator

Job_co = TypeVar("Job_co", bound=JobState, covariant=True)


@dataclass(frozen=True)
class Event(Generic[Job_co]):
    """A change of a job: `progress`, or `end` when the job has ended."""

    kind: Literal["progress", "end"]
    id: str  #: for the `last_event_id` of a later call
    job: Job_co  #: the job after the change


class EventCalls(Requests[J]):
    """Streams events."""

    @iterator
    def events(self, job: AnyJob, *, last_event_id: str = "") -> EmittingSteps[Event[J]]:
        """Yield the events of a job as they happen: `progress`, at most one per second, and `end`.

        The first event describes the job as it is now. If the connection is cut or the service ends
        the stream, the client reconnects and continues after the last event: each comes once.

        Args:
            job: the job, or its id.
            last_event_id: the id of the last event that you know; only later ones are yielded.

        Raises:
            scorelane.client.errors.JobNotFound: the job does not exist, or has been deleted.
            scorelane.client.errors.Unavailable: the service has too many open streams.
        """
        stream = EventStream(self, f"{path_of(job)}/events", last_event_id)
        while sse := (yield from stream.next()):
            kind: Literal["progress", "end"]
            match sse.kind:
                case "progress" | "end" as kind:
                    with self.valid_response():
                        event = Event(kind, sse.id, self._job_from(json.loads(sse.data)))
                    yield Emit(event)
                # Later releases may send further kinds; these are ignored.
            if sse.kind == "end":
                return
