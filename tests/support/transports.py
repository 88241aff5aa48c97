"""Transports for the clients: to the service in memory, or with responses that a test sets."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import httpx
from support.in_memory import Service

from scorelane import AsyncJob, Retries

#: Retries with almost no pauses.
QUICK = Retries(seconds=5.0, first_contact=5.0, first_pause=0.001, longest_pause=0.002)


class Working(httpx.BaseTransport):
    """Sends requests to the service in memory, whose worker keeps up with them.

    The worker does all its work before the service answers a GET, or a request that waits for the
    end of a job.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        wait = type(service.store).wait

        def work_and_wait(job_id: str, seconds: float) -> bool:
            service.work()
            return wait(service.store, job_id, seconds)

        service.store.wait = work_and_wait  # type: ignore[method-assign]
        self.requests: list[httpx.Request] = []

        def app(environ: dict[str, Any], start: Any) -> Any:
            # As gunicorn sets it: a body without a length ends where the input ends. Tests call the
            # service by names of their own, which it would refuse.
            known = {"wsgi.input_terminated": True, "HTTP_HOST": "localhost"}
            return service.app({**environ, **known}, start)

        self._wsgi = httpx.WSGITransport(app=app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.method == "GET":
            self._service.work()
        return self._wsgi.handle_request(request)


class AsyncTransport(httpx.AsyncBaseTransport):
    """Makes a blocking transport usable by an AsyncClient."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if isinstance(self._transport, Script):
            self._transport.connect()
        await request.aread()
        blocking = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.content
        )
        response = await asyncio.to_thread(self._transport.handle_request, blocking)
        return httpx.Response(
            response.status_code, headers=response.headers, stream=AsyncBody(response)
        )


class AsyncBody(httpx.AsyncByteStream):
    """The body of a blocking response, as an asynchronous stream."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._response.stream, httpx.SyncByteStream)
        for chunk in self._response.stream:
            yield chunk

    async def aclose(self) -> None:
        self._response.close()


class CutBody(httpx.SyncByteStream):
    """A body whose connection is cut after `after` bytes."""

    def __init__(self, body: Iterable[bytes], after: int) -> None:
        self._body = body
        self._after = after

    def __iter__(self) -> Iterator[bytes]:
        left = self._after
        for chunk in self._body:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                break
        raise httpx.ReadError("cut")

    def close(self) -> None:
        if isinstance(self._body, httpx.SyncByteStream):
            self._body.close()


class CutOff(httpx.BaseTransport):
    """Cuts the first responses to a path, each after the given number of bytes.

    Attributes:
        cuts: the numbers of bytes that have not been used yet.
        requests: the requests to that path.
    """

    def __init__(self, transport: httpx.BaseTransport, path: str, *cuts: int) -> None:
        self._transport = transport
        self._path = path
        self.cuts = list(cuts)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._transport.handle_request(request)
        if not request.url.path.endswith(self._path):
            return response
        self.requests.append(request)
        if not self.cuts:
            return response
        assert isinstance(response.stream, httpx.SyncByteStream)
        body = CutBody(response.stream, self.cuts.pop(0))
        headers = {**response.headers}
        return httpx.Response(response.status_code, headers=headers, stream=body)


class BlockingFacade:
    """Wraps an AsyncClient, or one of its jobs, so that a test can use it like a Client.

    Each call runs to its end in the runner's event loop. Iterators are read to their end at once.
    """

    def __init__(self, wrapped: Any, runner: asyncio.Runner) -> None:
        self._wrapped = wrapped
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._wrapped, name)
        return self._blocking(found) if inspect.ismethod(found) else found

    def _blocking(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            unwrapped = [
                one._wrapped if isinstance(one, BlockingFacade) else one for one in arguments
            ]
            returned = method(*unwrapped, **options)
            if inspect.isasyncgen(returned):
                return self._values(returned)
            return self._wrap(
                self._runner.run(returned) if inspect.iscoroutine(returned) else returned
            )

        return call

    def _values(self, values: Any) -> Iterator[Any]:
        async def read_all() -> list[Any]:
            return [value async for value in values]

        return iter(self._wrap(value) for value in self._runner.run(read_all()))

    def _wrap(self, value: Any) -> Any:
        return BlockingFacade(value, self._runner) if isinstance(value, AsyncJob) else value


class Script(httpx.BaseTransport):
    """Gives the responses that a test lists, in turn, and the last one for ever.

    An exception in the list is raised instead.
    """

    def __init__(self, *responses: httpx.Response | Exception) -> None:
        self.responses = list(responses)
        self.requests: list[httpx.Request] = []

    def connect(self) -> None:
        """Raise a listed ConnectError, before anything of the request is read."""
        if isinstance(self.responses[0], httpx.ConnectError):
            raise self._next()

    def _next(self) -> Any:
        return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.connect()
        request.read()
        self.requests.append(request)
        response = self._next()
        if isinstance(response, Exception):
            raise response
        # A copy, because a response can be read only once.
        return httpx.Response(
            response.status_code, headers=response.headers, content=response.content
        )


def problem(status: int, code: str = "x", **headers: str) -> httpx.Response:
    """An error response as the service makes it; `Retry_After` becomes `Retry-After`."""
    body = {"type": f"urn:scorelane:problem:{code}", "status": status, "detail": f"It is {code}."}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)
