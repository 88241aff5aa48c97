"""Carry out the steps of a call: one driver blocks, the other awaits.

Only these two loops exist in a blocking and an asynchronous version. Both follow the same rules:

- The result of a step is sent into the generator, which then yields its next step.
- An exception of a step is raised inside the generator, which may handle it and go on.
- At the end, for whatever reason, the responses that are still open are closed. Those of another
  process or event loop are not touched, because their connections are in use there.
"""

from collections.abc import AsyncGenerator, Generator
from typing import Any, TypeVar

import httpx

from scorelane.client.connections import Connections, never_finalise
from scorelane.client.io_steps import Emit, EmittingSteps, OpenResponse, Steps

T = TypeVar("T")


def run_steps(steps: EmittingSteps[T], connections: Connections[httpx.Client]) -> Generator[T]:
    """Carry out the steps, and yield what they emit."""
    result: Any = None
    error: Exception | None = None
    open_responses: list[OpenResponse] = []
    try:
        while True:
            try:
                step = steps.send(result) if error is None else steps.throw(error)
            except StopIteration:
                return
            result, error = None, None
            if isinstance(step, Emit):
                yield step.value
                continue
            try:
                result = step.run(connections)
            except Exception as raised:  # noqa: BLE001  raised again inside the generator
                error = raised
            if isinstance(result, OpenResponse):
                open_responses = _still_open([*open_responses, result])
    finally:
        steps.close()
        for opened in _of_this_place(open_responses, connections):
            opened.response.close()


async def run_steps_async(
    steps: EmittingSteps[T], connections: Connections[httpx.AsyncClient]
) -> AsyncGenerator[T]:
    """Carry out the steps within an event loop, and yield what they emit."""
    result: Any = None
    error: Exception | None = None
    open_responses: list[OpenResponse] = []
    try:
        while True:
            try:
                step = steps.send(result) if error is None else steps.throw(error)
            except StopIteration:
                return
            result, error = None, None
            if isinstance(step, Emit):
                yield step.value
                continue
            try:
                result = await step.run_async(connections)
            except Exception as raised:  # noqa: BLE001  raised again inside the generator
                error = raised
            if isinstance(result, OpenResponse):
                open_responses = _still_open([*open_responses, result])
    finally:
        steps.close()
        for opened in _of_this_place(open_responses, connections):
            await opened.response.aclose()


def emit_result(steps: Steps[T]) -> EmittingSteps[T]:
    """Turn the return value of `steps` into the one value that is emitted.

    An asynchronous generator cannot return a value, so the drivers only yield.
    """
    yield Emit((yield from steps))


def _still_open(responses: list[OpenResponse]) -> list[OpenResponse]:
    return [opened for opened in responses if not opened.response.is_closed]


def _of_this_place(
    responses: list[OpenResponse], connections: Connections[Any]
) -> list[OpenResponse]:
    """Return the responses that are still open, and were opened in this process and loop."""
    place = connections.place()
    for opened in responses:
        if opened.place.process != place.process:
            never_finalise(opened)
    return [opened for opened in _still_open(responses) if opened.place == place]
