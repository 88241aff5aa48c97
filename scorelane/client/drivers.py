"""Carry out the steps of a call: one driver blocks, the other awaits.

Only these two loops exist in a blocking and an asynchronous version. Both follow the same rules:

- The result of a step is sent into the generator, which then yields its next step.
- An exception of a step is raised inside the generator, which may handle it and go on.
- At the end, for whatever reason, the responses that are still open are closed.
"""

from collections.abc import AsyncGenerator, Generator
from typing import Any, TypeVar

import httpx

from scorelane.client.io_steps import Emit, EmittingSteps, OpenResponse, Steps

T = TypeVar("T")


def run_steps(steps: EmittingSteps[T], http: httpx.Client) -> Generator[T]:
    """Carry out the steps, and yield what they emit."""
    result: Any = None
    error: Exception | None = None
    open_responses: list[httpx.Response] = []
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
                result = step.run(http)
            except Exception as raised:  # noqa: BLE001  raised again inside the generator
                error = raised
            if isinstance(result, OpenResponse):
                open_responses = _still_open([*open_responses, result.response])
    finally:
        steps.close()
        for response in _still_open(open_responses):
            response.close()


async def run_steps_async(steps: EmittingSteps[T], http: httpx.AsyncClient) -> AsyncGenerator[T]:
    """Carry out the steps within an event loop, and yield what they emit."""
    result: Any = None
    error: Exception | None = None
    open_responses: list[httpx.Response] = []
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
                result = await step.run_async(http)
            except Exception as raised:  # noqa: BLE001  raised again inside the generator
                error = raised
            if isinstance(result, OpenResponse):
                open_responses = _still_open([*open_responses, result.response])
    finally:
        steps.close()
        for response in _still_open(open_responses):
            await response.aclose()


def emit_result(steps: Steps[T]) -> EmittingSteps[T]:
    """Turn the return value of `steps` into the one value that is emitted.

    An asynchronous generator cannot return a value, so the drivers only yield.
    """
    yield Emit((yield from steps))


def _still_open(responses: list[httpx.Response]) -> list[httpx.Response]:
    return [response for response in responses if not response.is_closed]
