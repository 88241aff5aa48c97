"""A job that knows its client."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scorelane.client.calls.events import Events
from scorelane.client.calls.jobs import Following
from scorelane.client.calls.results import Downloads
from scorelane.client.calls.rows import Pages
from scorelane.client.job_state import JobState
from scorelane.client.sync_async import Awaited, Blocking, of_job

if TYPE_CHECKING:
    from scorelane.client.client import AsyncClient, Client


class OfJob:
    """What can be done with a job: the calls of a client whose first argument is a job."""

    refresh = of_job(Following.job)
    wait = of_job(Following.wait)
    events = of_job(Events.events)
    cancel = of_job(Following.cancel)
    retry = of_job(Following.retry)
    delete = of_job(Following.delete)
    chunks = of_job(Downloads.chunks)
    save = of_job(Downloads.save)
    rows = of_job(Downloads.rows)
    follow = of_job(Pages.follow)
    errors = of_job(Pages.errors)
    summary = of_job(Pages.summary)
    as_frame = of_job(Downloads.as_frame)


@dataclass(frozen=True)
class Job(JobState, OfJob, Blocking):
    """A job as it stood when the service was asked; `refresh` and `wait` give it anew."""

    client: "Client" = field(repr=False, compare=False)


@dataclass(frozen=True)
class AsyncJob(JobState, OfJob, Awaited):
    """A job as it stood when the service was asked; `refresh` and `wait` give it anew."""

    client: "AsyncClient" = field(repr=False, compare=False)
