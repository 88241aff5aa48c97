"""The I/O steps that a client call consists of.

A call is a generator. It yields each step that does I/O and receives that step's result. Its logic
is therefore written once and works for both clients; `drivers` carries out the steps.
"""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import httpx
from typing_extensions import override

from scorelane.client.connections import Connections, Place
from scorelane.client.upload import Upload

T = TypeVar("T")


class Step(Protocol):
    """Something that takes time."""

    def run(self, connections: Connections[httpx.Client]) -> Any:
        """Do it, blocking, and return the result."""
        ...

    async def run_async(self, connections: Connections[httpx.AsyncClient]) -> Any:
        """Do it without blocking the event loop, and return the result."""
        ...


@dataclass(frozen=True)
class Emit(Generic[T]):
    """A value for the caller of the call, such as the next row. It is not a step."""

    value: T


#: A generator of steps that returns a T.
Steps = Generator[Step, Any, T]

#: A generator of steps that emits Ts in between.
EmittingSteps = Generator[Step | Emit[T], Any, None]


@dataclass
class OpenResponse:
    """A response whose body may not have been read yet.

    Attributes:
        response: status and headers; also the body, unless it is streamed.
        place: the process and the event loop in which the body can be read.
        chunks: the iterator over the body; None until the first chunk is read.
    """

    response: httpx.Response
    place: Place
    chunks: Iterator[bytes] | AsyncIterator[bytes] | None = None


@dataclass(frozen=True)
class Send(Step):
    """Send a request. The result is an `OpenResponse`.

    Attributes:
        params: the query.
        upload: the body, if it is not JSON.
        extra_seconds: added to the client's timeout for reading the response.
        stream: whether to leave the body unread. The body of an error is always read.
        may_redirect: whether a redirect is an answer that the caller expects.
        elsewhere: whether the path is a whole address of another server, which gets no key.
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    upload: Upload | None = None
    extra_seconds: float = 0.0
    stream: bool = False
    may_redirect: bool = False
    elsewhere: bool = False

    @override
    def run(self, connections: Connections[httpx.Client]) -> OpenResponse:
        http, place = connections.current(), connections.place()
        content = self.upload.chunks() if self.upload else None
        response = http.send(self._request(http, content), stream=True)
        try:
            if response.is_error or not self.stream:
                response.read()
        except BaseException:
            response.close()
            raise
        return OpenResponse(response, place)

    @override
    async def run_async(self, connections: Connections[httpx.AsyncClient]) -> OpenResponse:
        http, place = connections.current(), connections.place()
        content = self.upload.chunks_async() if self.upload else None
        response = await http.send(self._request(http, content), stream=True)
        try:
            if response.is_error or not self.stream:
                await response.aread()
        except BaseException:
            await response.aclose()
            raise
        return OpenResponse(response, place)

    def _request(self, http: httpx.Client | httpx.AsyncClient, content: Any) -> httpx.Request:
        timeout = httpx.Timeout(http.timeout)
        if timeout.read is not None:
            timeout.read += self.extra_seconds
        headers = {**self.headers, **(self.upload.headers if self.upload else {})}
        request = http.build_request(
            self.method,
            self.path,
            # An empty query would replace that of a whole address.
            params=self.params or None,
            headers=headers,
            json=self.json,
            content=content,
            timeout=timeout,
        )
        if self.elsewhere:
            request.headers.pop("Authorization", None)
        return request


@dataclass(frozen=True)
class ReadChunk(Step):
    """Read the next chunk of a response's body. The result is None at the end of the body.

    In another process or event loop than the one that opened the response, this fails like a cut
    connection: the reader has to open a new connection.
    """

    opened: OpenResponse

    @override
    def run(self, connections: Connections[httpx.Client]) -> bytes | None:
        _check_place(self.opened, connections)
        chunks: Any = self.opened.chunks or self.opened.response.iter_bytes()
        self.opened.chunks = chunks
        chunk: bytes | None = next(chunks, None)
        return chunk

    @override
    async def run_async(self, connections: Connections[httpx.AsyncClient]) -> bytes | None:
        _check_place(self.opened, connections)
        chunks: Any = self.opened.chunks or self.opened.response.aiter_bytes()
        self.opened.chunks = chunks
        chunk: bytes | None = await anext(chunks, None)
        return chunk


def _check_place(opened: OpenResponse, connections: Connections[Any]) -> None:
    if opened.place != connections.place():
        raise httpx.ReadError("it was opened in another process or event loop")


@dataclass(frozen=True)
class Pause(Step):
    """Sleep for `seconds`."""

    seconds: float

    @override
    def run(self, connections: Connections[httpx.Client]) -> None:
        time.sleep(self.seconds)

    @override
    async def run_async(self, connections: Connections[httpx.AsyncClient]) -> None:
        await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class Notify(Step):
    """Call a function of the user's. In an `AsyncClient` it may be a coroutine function."""

    function: Callable[[Any], object]
    value: Any

    @override
    def run(self, connections: Connections[httpx.Client]) -> None:
        self.function(self.value)

    @override
    async def run_async(self, connections: Connections[httpx.AsyncClient]) -> None:
        returned = self.function(self.value)
        if inspect.isawaitable(returned):
            await returned


@dataclass(frozen=True)
class Compute(Step):
    """Call a function that would block an event loop for long; an `AsyncClient` uses a thread."""

    function: Callable[[], Any]

    @override
    def run(self, connections: Connections[httpx.Client]) -> Any:
        return self.function()

    @override
    async def run_async(self, connections: Connections[httpx.AsyncClient]) -> Any:
        return await asyncio.to_thread(self.function)
