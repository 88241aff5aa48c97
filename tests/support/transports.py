"""Ways to a service for the clients: to one in memory, and to what a test makes up."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import httpx
from support.in_memory import Service

from scorelane import AsyncJob, Retries

#: Tried again at once, in effect.
QUICK = Retries(seconds=5.0, first_contact=5.0, first_pause=0.001, longest_pause=0.002)


class Working(httpx.BaseTransport):
    """Requests go to the service in memory.

    It has done all its work before it answers a GET, or a request that waits for the end of a job.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        wait = type(service.store).wait

        def work(job_id: str, seconds: float) -> bool:
            service.work()
            return wait(service.store, job_id, seconds)

        service.store.wait = work  # type: ignore[method-assign]
        self.requests: list[httpx.Request] = []

        def app(environ: dict[str, Any], start: Any) -> Any:
            # As gunicorn says it: a body without a length ends where it ends.
            return service.app({**environ, "wsgi.input_terminated": True}, start)

        self._wsgi = httpx.WSGITransport(app=app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.method == "GET":
            self._service.work()
        return self._wsgi.handle_request(request)


class WorkingLater(httpx.AsyncBaseTransport):
    """The same for an AsyncClient."""

    def __init__(self, working: httpx.BaseTransport) -> None:
        self._working = working

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if isinstance(self._working, Script):
            self._working.connect()
        await request.aread()
        plain = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.content
        )
        answer = await asyncio.to_thread(self._working.handle_request, plain)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=Later(answer))


class Later(httpx.AsyncByteStream):
    """A body as it comes, for who awaits it."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._answer.stream, httpx.SyncByteStream)
        for run in self._answer.stream:
            yield run

    async def aclose(self) -> None:
        self._answer.close()


class Cut(httpx.SyncByteStream):
    """A body that is cut after so many bytes."""

    def __init__(self, body: Iterable[bytes], after: int) -> None:
        self._body = body
        self._after = after

    def __iter__(self) -> Iterator[bytes]:
        left = self._after
        for run in self._body:
            yield run[:left]
            left -= len(run)
            if left <= 0:
                break
        raise httpx.ReadError("cut")

    def close(self) -> None:
        if isinstance(self._body, httpx.SyncByteStream):
            self._body.close()


class CutOff(httpx.BaseTransport):
    """A way on which the first answers to a path are cut, each after so many bytes."""

    def __init__(self, way: httpx.BaseTransport, path: str, *cuts: int) -> None:
        self._way = way
        self._path = path
        self.cuts = list(cuts)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._way.handle_request(request)
        if not request.url.path.endswith(self._path):
            return answer
        self.requests.append(request)
        if not self.cuts:
            return answer
        assert isinstance(answer.stream, httpx.SyncByteStream)
        body = Cut(answer.stream, self.cuts.pop(0))
        headers = {**answer.headers}
        return httpx.Response(answer.status_code, headers=headers, stream=body)


class Waited:
    """An AsyncClient, or a job of one, whose calls are waited for: it is used as a Client is."""

    def __init__(self, awaited: Any, runner: asyncio.Runner) -> None:
        self._awaited = awaited
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._awaited, name)
        return self._calling(found) if inspect.ismethod(found) else found

    def _calling(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            given = [one._awaited if isinstance(one, Waited) else one for one in arguments]
            made = method(*given, **options)
            return self._listed(made) if inspect.isasyncgen(made) else self._result(made)

        return call

    def _result(self, made: Any) -> Any:
        result = self._runner.run(made) if inspect.iscoroutine(made) else made
        return Waited(result, self._runner) if isinstance(result, AsyncJob) else result

    def _listed(self, made: Any) -> Iterator[Any]:
        async def all_of_it() -> list[Any]:
            return [one async for one in made]

        return iter(
            Waited(one, self._runner) if isinstance(one, AsyncJob) else one
            for one in self._runner.run(all_of_it())
        )


class Script(httpx.BaseTransport):
    """Says what a test wants, in turn; the last for ever. An exception is raised."""

    def __init__(self, *says: httpx.Response | Exception) -> None:
        self._says = list(says)
        self.requests: list[httpx.Request] = []

    def connect(self) -> None:
        """Where there is no connection nothing is read of the request."""
        if isinstance(self._says[0], httpx.ConnectError):
            raise self._next()

    def _next(self) -> Any:
        return self._says.pop(0) if len(self._says) > 1 else self._says[0]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.connect()
        request.read()
        self.requests.append(request)
        said = self._next()
        if isinstance(said, Exception):
            raise said
        # A new one each time: an answer is read once.
        return httpx.Response(said.status_code, headers=said.headers, content=said.content)


def problem(status: int, code: str = "x", **headers: str) -> httpx.Response:
    """An error as the service gives it."""
    body = {"type": f"urn:scorelane:problem:{code}", "status": status, "detail": f"It is {code}."}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)
