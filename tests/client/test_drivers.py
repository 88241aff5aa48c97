"""The two drivers carry out the steps of a call in the same way, and leave no response open."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.transports import BlockingFacade

from scorelane import Client
from scorelane.client.io_steps import Compute, Emit, EmittingSteps, Pause, ReadChunk, Send, Steps


class Body(httpx.SyncByteStream):
    """An endless body that notes whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b"x"

    def close(self) -> None:
        self.closed = True


class Endless(httpx.BaseTransport):
    """Answers every request with an endless body."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(Body())
        return httpx.Response(200, stream=self.bodies[-1])


def fail() -> None:
    raise LookupError("it failed")


def run(client: Any, steps: Steps[Any]) -> Any:
    """Carry out a call's steps with a client of either kind."""
    if isinstance(client, Client):
        return client._run(steps)
    assert isinstance(client, BlockingFacade)
    return client._runner.run(client._wrapped._run(steps))


def iterate(client: Any, steps: EmittingSteps[Any], most: int) -> list[Any]:
    """Read at most `most` values that a call emits, then close the iterator."""
    if isinstance(client, Client):
        values = client._iterate(steps)
        found = [value for value, _ in zip(values, range(most), strict=False)]
        values.close()
        return found

    async def read() -> list[Any]:
        values = client._wrapped._iterate(steps)
        found = []
        async for value in values:
            found.append(value)
            if len(found) == most:
                break
        await values.aclose()
        return found

    return client._runner.run(read())


def test_results_and_errors_of_steps_reach_the_call(connected: Callable[..., Any]) -> None:
    """A call receives what each step returns or raises, may handle an error, and returns."""

    def steps() -> Steps[list[Any]]:
        seen = [(yield Compute(lambda: 7)), (yield Pause(0.0))]
        try:
            yield Compute(fail)
        except LookupError as error:
            seen.append(str(error))
        seen.append((yield Compute(lambda: 8)))
        return seen

    assert run(connected(Endless()), steps()) == [7, None, "it failed", 8]


def test_an_error_that_a_call_does_not_handle_is_raised(connected: Callable[..., Any]) -> None:
    """It is the step's own exception, and the responses that were open are closed."""
    transport = Endless()

    def steps() -> Steps[None]:
        yield Send("GET", "/", stream=True)
        opened = yield Send("GET", "/", stream=True)
        yield ReadChunk(opened)
        assert not any(body.closed for body in transport.bodies)
        yield Compute(fail)

    with pytest.raises(LookupError, match="it failed"):
        run(connected(transport), steps())
    assert [body.closed for body in transport.bodies] == [True, True]


def test_values_that_a_call_emits(connected: Callable[..., Any]) -> None:
    """They come in order; an iterator that is left early closes the call and its responses."""
    transport = Endless()
    ended = []

    def steps() -> EmittingSteps[bytes]:
        opened = yield Send("GET", "/", stream=True)
        try:
            while True:
                yield Emit((yield ReadChunk(opened)))
        finally:
            ended.append(True)

    assert iterate(connected(transport), steps(), 3) == [b"x"] * 3
    assert ended == [True]
    assert [body.closed for body in transport.bodies] == [True]
