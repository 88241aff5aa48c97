"""Values that the methods of the job store return."""

from dataclasses import dataclass, field

from shared.jobs.binding import Binding
from shared.jobs.job import Job


@dataclass(frozen=True)
class Spent:
    """The requests of one owner in the present window of time."""

    count: int  #: The number of requests, this one included.
    seconds_left: float  #: Until the next window begins.


@dataclass(frozen=True)
class Held:
    """The current holder of an idempotency key: another request, or the job that it has made."""

    binding: Binding | None  #: The binding of the job; None: the request has made no job yet.
    seconds_left: float  #: Until the key is free.


@dataclass(frozen=True)
class Load:
    """The bulk jobs that have not ended and their open rows, of all owners and of one."""

    jobs: int
    rows: int
    owner_jobs: int  #: The jobs of the owner.
    owner_rows: int  #: The rows of these jobs that are not done.
    #: The memory that all jobs take, about, in bytes; small and ended ones too.
    held: int = field(default=0, compare=False)
    owner_held: int = field(default=0, compare=False)  #: The memory that those of the owner take.


@dataclass(frozen=True)
class Overdue:
    """Work of a queued or running bulk job that was not done within its lease."""

    job: Job
    split: bool  #: The split is not complete, and no process has gone on with it for a lease.
    finish: bool  #: All parts are done, and no process is closing the job.
    parts: list[int]  #: The parts that were dispatched, are not done, and whose lease is over.
