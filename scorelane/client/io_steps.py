"""What a call does, as steps: one driver takes them one after the other, another awaits them.

A call is a generator that yields steps and is given what each came to. So its logic is written
once, and knows neither a blocking client nor an event loop.
"""

import asyncio
import inspect
import time
from collections.abc import (
    AsyncGenerator,
    Callable,
    Generator,
    Iterator,
    Mapping,
)
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import httpx

from scorelane.client.upload import Upload

T = TypeVar("T")
E = TypeVar("E")


class Step(Protocol):
    """Something that takes time."""

    def now(self, http: httpx.Client) -> Any:
        """Do it, and give what it came to."""
        ...

    async def later(self, http: httpx.AsyncClient) -> Any:
        """The same within an event loop."""
        ...


@dataclass(frozen=True)
class Emit(Generic[E]):
    """No step, but a value that the call gives out on its way."""

    value: E


#: Steps that come to a T, and give out nothing on their way.
Steps = Generator[Step, Any, T]

#: Steps that give out Es on their way.
EmittingSteps = Generator[Step | Emit[E], Any, None]


@dataclass
class Opened:
    """An answer that has begun: its head, and its body as it comes.

    Attributes:
        head: status and headers.
        runs: the body, in runs of bytes; made when the first is asked for.
    """

    head: httpx.Response
    runs: Any = None


@dataclass(frozen=True)
class Send:
    """Send a request, and read its answer; with `stream` only the head of one that is no error."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    upload: Upload | None = None
    patience: float = 0.0  #: seconds that the answer may take longer than others
    stream: bool = False

    def now(self, http: httpx.Client) -> Opened:  # noqa: D102  see `Step`
        content = self.upload.runs() if self.upload else None
        answer = http.send(self._request(http, content), stream=True)
        try:
            if answer.is_error or not self.stream:
                answer.read()
        except BaseException:
            answer.close()
            raise
        return Opened(answer)

    async def later(self, http: httpx.AsyncClient) -> Opened:  # noqa: D102  see `Step`
        content = self.upload.runs_later() if self.upload else None
        answer = await http.send(self._request(http, content), stream=True)
        try:
            if answer.is_error or not self.stream:
                await answer.aread()
        except BaseException:
            await answer.aclose()
            raise
        return Opened(answer)

    def _request(self, http: httpx.Client | httpx.AsyncClient, content: Any) -> httpx.Request:
        timeout = httpx.Timeout(http.timeout)
        if timeout.read is not None:
            timeout.read += self.patience
        headers = {**self.headers, **(self.upload.headers if self.upload else {})}
        return http.build_request(
            self.method,
            self.path,
            params=self.params,
            headers=headers,
            json=self.json,
            content=content,
            timeout=timeout,
        )


@dataclass(frozen=True)
class Take:
    """The next run of bytes of an answer; None at its end."""

    opened: Opened

    def now(self, http: httpx.Client) -> bytes | None:  # noqa: ARG002, D102  see `Step`
        self.opened.runs = self.opened.runs or self.opened.head.iter_bytes()
        return next(self.opened.runs, None)

    async def later(self, http: httpx.AsyncClient) -> bytes | None:  # noqa: ARG002, D102  see `Step`
        self.opened.runs = self.opened.runs or self.opened.head.aiter_bytes()
        return await anext(self.opened.runs, None)


@dataclass(frozen=True)
class Pause:
    """Do nothing for some seconds."""

    seconds: float

    def now(self, http: httpx.Client) -> None:  # noqa: ARG002, D102  see `Step`
        time.sleep(self.seconds)

    async def later(self, http: httpx.AsyncClient) -> None:  # noqa: ARG002, D102  see `Step`
        await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class Tell:
    """Call a function of the user's, which within an event loop may be a coroutine function."""

    function: Callable[[Any], object]
    value: Any

    def now(self, http: httpx.Client) -> None:  # noqa: ARG002, D102  see `Step`
        self.function(self.value)

    async def later(self, http: httpx.AsyncClient) -> None:  # noqa: ARG002, D102  see `Step`
        said = self.function(self.value)
        if inspect.isawaitable(said):
            await said


@dataclass(frozen=True)
class Work:
    """Something that would hold an event loop up: there it is done in a thread."""

    function: Callable[[], Any]

    def now(self, http: httpx.Client) -> Any:  # noqa: ARG002, D102  see `Step`
        return self.function()

    async def later(self, http: httpx.AsyncClient) -> Any:  # noqa: ARG002, D102  see `Step`
        return await asyncio.to_thread(self.function)


class Course(Generic[T, E]):
    """Steps under way: what the last one came to decides which is next."""

    def __init__(self, steps: Generator[Step | Emit[E], Any, T]) -> None:
        self._steps = steps
        self._error: Exception | None = None
        self._opened: list[httpx.Response] = []
        self.came: Any = None  #: to set: what the step came to
        self.result: T

    def __iter__(self) -> Iterator[Step | Emit[E]]:
        try:
            while True:
                error, self._error = self._error, None
                came, self.came = self.came, None
                yield self._steps.throw(error) if error else self._steps.send(came)
        except StopIteration as end:
            self.result = end.value

    @contextmanager
    def step(self) -> Iterator[None]:
        """What is raised in the block is for the steps to deal with."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  the steps raise what they do not know
            self._error = error
        else:
            if isinstance(self.came, Opened):
                self._opened = [*self._left_open(), self.came.head]

    def end(self) -> list[httpx.Response]:
        """Take no more steps; gives the answers that are still open, to be closed."""
        self._steps.close()
        return self._left_open()

    def _left_open(self) -> list[httpx.Response]:
        return [answer for answer in self._opened if not answer.is_closed]


def walk(course: Course[Any, E], http: httpx.Client) -> Generator[E]:
    """Take the steps, and give out what they emit."""
    try:
        for step in course:
            if isinstance(step, Emit):
                yield step.value
                continue
            with course.step():
                course.came = step.now(http)
    finally:
        for answer in course.end():
            answer.close()


async def walk_later(course: Course[Any, E], http: httpx.AsyncClient) -> AsyncGenerator[E]:
    """The same within an event loop."""
    try:
        for step in course:
            if isinstance(step, Emit):
                yield step.value
                continue
            with course.step():
                course.came = await step.later(http)
    finally:
        for answer in course.end():
            await answer.aclose()
