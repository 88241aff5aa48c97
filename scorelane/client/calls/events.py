"""The call that hears how a job goes on, as the service tells it."""

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
    """Something that happened to a job."""

    kind: Literal["progress", "end"]
    id: str  #: for `last_event_id`
    job: Job_co  #: as it stood then


class EventCalls(Requests[J]):
    """Hears of jobs."""

    @iterator
    def events(self, job: AnyJob, *, last_event_id: str = "") -> EmittingSteps[Event[J]]:
        """How a job goes on, as it happens: `progress`, at most one a second, and one `end`.

        The first one says how it stands. Where the connection is cut, or the service ends the
        stream, it is made anew, and goes on behind the last event that has come: none comes twice.

        Args:
            job: the job, or its id.
            last_event_id: the id of an event that is known already; those behind it are wanted.

        Raises:
            scorelane.client.errors.JobNotFound: there is no such job, or it was deleted meanwhile.
            scorelane.client.errors.Unavailable: the service has no place for one more stream.
        """
        stream = EventStream(self, f"{path_of(job)}/events", last_event_id)
        while said := (yield from stream.next()):
            kind: Literal["progress", "end"]
            match said.kind:
                case "progress" | "end" as kind:
                    with self.as_scorelane():
                        event = Event(kind, said.id, self._made(json.loads(said.data)))
                    yield Emit(event)
                # Anything else a later release may say.
            if said.kind == "end":
                return
