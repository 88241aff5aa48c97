"""A client of the HTTP API: submit rows, wait for their job, fetch the results."""

import os
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

import httpx

from scorelane.client.calls.events import EventCalls
from scorelane.client.calls.jobs import JobCalls
from scorelane.client.calls.results import ResultCalls
from scorelane.client.calls.rows import RowCalls
from scorelane.client.calls.score import ScoreCalls
from scorelane.client.calls.service import ServiceCalls
from scorelane.client.errors import Unreachable
from scorelane.client.io_steps import Course, EmittingSteps, Steps, walk, walk_later
from scorelane.client.job_state import JobState
from scorelane.client.request import J, no_address
from scorelane.client.retries import Retries
from scorelane.client.sync_async import Awaited, Blocking, of_job

T = TypeVar("T")

#: Where a key is looked for, for whom none is given.
KEY_VARIABLE = "SCORELANE_API_KEY"

#: Where an address is looked for, for whom none is given.
URL_VARIABLE = "SCORELANE_URL"

#: The address of a service on this machine.
DEFAULT_URL = "http://127.0.0.1:5005"


class Calls(ScoreCalls[J], ServiceCalls[J]):
    """The calls of a client.

    Each raises `Unreachable` where nothing answers, and a kind of `ApiError` for an error answer.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        timeout: float = 30.0,
        api_key: str | None = None,
        retries: Retries = Retries(),  # noqa: B008  it is frozen
        transport: Any = None,
    ) -> None:
        """Name a service; it is asked nothing yet.

        Args:
            url: such as `http://127.0.0.1:5005`; None: what SCORELANE_URL says, or that.
            timeout: seconds that the service may be silent within a call.
            api_key: sent with every call; None: what SCORELANE_API_KEY says, if anything.
            retries: how long a call is tried again; see there.
            transport: one of httpx's, where it is not to be the network.

        Raises:
            scorelane.client.errors.Unreachable: the URL is none.
        """
        self.url = (url or os.environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
        self.retries = retries
        try:
            host = httpx.URL(self.url).host
        except httpx.InvalidURL as error:
            raise Unreachable(no_address(self.url)) from error
        api_key = os.environ.get(KEY_VARIABLE) if api_key is None else api_key
        self._connect(
            base_url=self.url,
            timeout=timeout,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            transport=transport,
            # A proxy named in the environment does not know this machine's own services.
            trust_env=host not in {"127.0.0.1", "localhost", "::1"},
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def _connect(self, **options: Any) -> None:
        raise NotImplementedError


class JobMethods(Generic[J]):
    """What can be done with a job: the calls of a client whose first argument is a job."""

    refresh = of_job(JobCalls[J].job)
    wait = of_job(JobCalls[J].wait)
    events = of_job(EventCalls[J].events)
    cancel = of_job(JobCalls[J].cancel)
    retry = of_job(JobCalls[J].retry)
    delete = of_job(JobCalls[J].delete)
    chunks = of_job(ResultCalls[J].chunks)
    save = of_job(ResultCalls[J].save)
    rows = of_job(ResultCalls[J].rows)
    follow = of_job(RowCalls[J].follow)
    errors = of_job(RowCalls[J].errors)
    summary = of_job(RowCalls[J].summary)
    as_frame = of_job(ResultCalls[J].as_frame)


@dataclass(frozen=True)
class Job(JobState, JobMethods["Job"], Blocking):
    """A job as it stood when the service was asked; `refresh` and `wait` give it anew."""

    client: "Client" = field(repr=False, compare=False)


@dataclass(frozen=True)
class AsyncJob(JobState, JobMethods["AsyncJob"], Awaited):
    """A job as it stood when the service was asked; `refresh` and `wait` give it anew."""

    client: "AsyncClient" = field(repr=False, compare=False)


class Client(Calls[Job], Blocking):
    """A Scorelane service, by its address. Every call waits for its answer."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _connect(self, **options: Any) -> None:
        self._http = httpx.Client(**options)

    def _made(self, body: Any) -> Job:
        return Job.from_json(body, client=self)

    def _run(self, steps: Steps[T]) -> T:
        course = Course[T, None](steps)
        for _ in walk(course, self._http):
            pass
        return course.result

    def _iterate(self, steps: EmittingSteps[T]) -> Generator[T]:
        return walk(Course(steps), self._http)


class AsyncClient(Calls[AsyncJob], Awaited):
    """A Scorelane service, by its address. Every call is awaited; iterators go with `async for`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _connect(self, **options: Any) -> None:
        self._http = httpx.AsyncClient(**options)

    def _made(self, body: Any) -> AsyncJob:
        return AsyncJob.from_json(body, client=self)

    async def _run(self, steps: Steps[T]) -> T:
        course = Course[T, None](steps)
        async for _ in walk_later(course, self._http):
            pass
        return course.result

    def _iterate(self, steps: EmittingSteps[T]) -> AsyncGenerator[T]:
        return walk_later(Course(steps), self._http)
