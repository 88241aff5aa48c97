"""`Client` and `AsyncClient`, the clients of the HTTP API, and the jobs that they return."""

import asyncio
import os
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Self, TypeVar

import httpx
from typing_extensions import override

from scorelane.client.calls.events import EventCalls
from scorelane.client.calls.jobs import JobCalls
from scorelane.client.calls.results import ResultCalls
from scorelane.client.calls.rows import RowCalls
from scorelane.client.calls.score import ScoreCalls
from scorelane.client.calls.service import ServiceCalls
from scorelane.client.calls.usage import UsageCalls
from scorelane.client.calls.versions import VersionCalls
from scorelane.client.connections import Connections
from scorelane.client.drivers import emit_result, run_steps, run_steps_async
from scorelane.client.environment import environment_options
from scorelane.client.errors import ClientError
from scorelane.client.io_steps import EmittingSteps, Steps
from scorelane.client.job_state import JobState
from scorelane.client.request import J, checked_address
from scorelane.client.retries import Retries
from scorelane.client.sync_async import Awaited, Blocking, of_job

T = TypeVar("T")

#: Environment variable with the API key.
KEY_VARIABLE = "SCORELANE_API_KEY"

#: Environment variable with the address of the service.
URL_VARIABLE = "SCORELANE_URL"

#: The address of a service on this machine.
DEFAULT_URL = "http://127.0.0.1:5005"


class JobMethods(Generic[J]):
    """The methods of a job: the calls of its client that take a job as their first argument."""

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
    """A snapshot of a job, taken when the service answered; `refresh` and `wait` return a new one.

    Its methods block.
    """

    client: "Client" = field(repr=False, compare=False)


@dataclass(frozen=True)
class AsyncJob(JobState, JobMethods["AsyncJob"], Awaited):
    """A snapshot of a job, taken when the service answered; `refresh` and `wait` return a new one.

    Its methods are awaited, and its iterators read with `async for`.
    """

    client: "AsyncClient" = field(repr=False, compare=False)


class Calls(ScoreCalls[J], ServiceCalls[J], UsageCalls[J], VersionCalls[J]):
    """All calls of a client.

    Each raises `Unreachable` if the service does not answer, and a subclass of `ApiError` if it
    answers with an error.
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
        """Make a client; nothing is sent yet.

        Args:
            url: such as `http://127.0.0.1:5005`, which is also the default. None: the value of
                SCORELANE_URL, if set.
            timeout: how many seconds the service may be silent during a call.
            api_key: sent with every call. None: the value of SCORELANE_API_KEY, if set.
            retries: how long a failed call is retried.
            transport: a transport of httpx to use in place of the network.

        Raises:
            scorelane.client.errors.Unreachable: the URL is malformed, or leads into a service.
            ClientError: the environment names a proxy or certificates that cannot be used.
        """
        self.url = (url or os.environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
        self.retries = retries
        self._copied = partial(
            type(self), self.url, timeout=timeout, api_key=api_key, retries=retries
        )
        self._can_be_copied = transport is None
        address = checked_address(self.url)
        api_key = os.environ.get(KEY_VARIABLE) if api_key is None else api_key
        self._connect(
            base_url=self.url,
            timeout=timeout,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            transport=transport,
            **(environment_options(address) if transport is None else {}),
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __reduce__(self) -> Any:
        # Copies, such as in the process of a pool, open connections of their own. A key from the
        # environment is not copied: the other process reads its own environment.
        if not self._can_be_copied:
            raise TypeError(f"{self!r} has a transport of its own, so it cannot be copied.")
        return self._copied, ()

    def _connect(self, **options: Any) -> None:
        """Prepare the connections, with these options of a client of httpx."""
        raise NotImplementedError


class Client(Calls[Job], Blocking):
    """A client of a Scorelane service. Every call blocks until the service has answered.

    Threads may share it, and so may processes: after a fork, the new process opens connections of
    its own.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of this process."""
        for _, http in self._connections.close():
            http.close()

    @override
    def _connect(self, **options: Any) -> None:
        self._connections = Connections(
            lambda: httpx.Client(**options),
            fixed=options["transport"] is not None,
            per_loop=False,
        )

    @property
    def _http(self) -> httpx.Client:
        return self._connections.current()

    @override
    def _job_from(self, body: Any) -> Job:
        return Job.from_json(body, client=self)

    def _run(self, steps: Steps[T]) -> T:
        try:
            [result] = run_steps(emit_result(steps), self._connections)
        except ClientError as error:
            # The message says what happened. The frames inside the client would only bury it.
            raise error.with_traceback(None)  # noqa: B904  its cause stays
        return result

    def _iterate(self, steps: EmittingSteps[T]) -> Generator[T]:
        return run_steps(steps, self._connections)


class AsyncClient(Calls[AsyncJob], Awaited):
    """A client of a Scorelane service. Calls are awaited, and iterators read with `async for`.

    It opens connections of its own in each event loop, and in each process after a fork.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections of this process, in all event loops that still run."""
        current = self._connections.place().loop
        for loop, http in self._connections.close():
            if loop in (None, current):
                await http.aclose()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(http.aclose(), loop)

    @override
    def _connect(self, **options: Any) -> None:
        self._connections = Connections(
            lambda: httpx.AsyncClient(**options),
            fixed=options["transport"] is not None,
            per_loop=True,
        )

    @override
    def _job_from(self, body: Any) -> AsyncJob:
        return AsyncJob.from_json(body, client=self)

    async def _run(self, steps: Steps[T]) -> T:
        try:
            values = run_steps_async(emit_result(steps), self._connections)
            [result] = [value async for value in values]
        except ClientError as error:
            raise error.with_traceback(None)  # noqa: B904  see `Client._run`
        return result

    def _iterate(self, steps: EmittingSteps[T]) -> AsyncGenerator[T]:
        return run_steps_async(steps, self._connections)
