"""Turns one generator into a method of both clients: `Client` blocks, `AsyncClient` is awaited.

A call of the client is written once, as a generator of steps (`io_steps`). The decorators `call`
and `iterator` make it a method that hands the generator to its client, which carries it out. For a
type checker, `Call` and `IteratorCall` give that method the types of the object it is called on.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from scorelane.client.io_steps import EmittingSteps, Steps
from scorelane.client.job_state import AnyJob

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Blocking:
    """Base of the classes whose calls block: `Client` and `Job`."""


class Awaited:
    """Base of the classes whose calls are awaited: `AsyncClient` and `AsyncJob`."""


class Call(Protocol[P, T_co]):
    """The type of a method that returns a T: plain on a `Blocking`, a coroutine on an `Awaited`."""

    @overload
    def __get__(self, instance: None, owner: type) -> "Call[P, T_co]": ...
    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, T_co]: ...
    @overload
    def __get__(self, instance: Awaited, owner: type) -> Callable[P, Coroutine[Any, Any, T_co]]: ...


class IteratorCall(Protocol[P, T_co]):
    """The type of a method that returns an iterator of Ts: an asynchronous one on an `Awaited`."""

    @overload
    def __get__(self, instance: None, owner: type) -> "IteratorCall[P, T_co]": ...
    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, Generator[T_co]]: ...
    @overload
    def __get__(self, instance: Awaited, owner: type) -> Callable[P, AsyncGenerator[T_co]]: ...


def call(generator: Callable[Concatenate[Any, P], Steps[T]]) -> Call[P, T]:
    """Make a method that carries out the generator's steps and returns its result."""

    @functools.wraps(generator)
    def method(self: Any, *args: P.args, **options: P.kwargs) -> Any:
        return self._run(generator(self, *args, **options))

    return cast("Call[P, T]", method)


def iterator(generator: Callable[Concatenate[Any, P], EmittingSteps[T]]) -> IteratorCall[P, T]:
    """Make a method that returns an iterator of what the generator emits."""

    @functools.wraps(generator)
    def method(self: Any, *args: P.args, **options: P.kwargs) -> Any:
        return self._iterate(generator(self, *args, **options))

    return cast("IteratorCall[P, T]", method)


def steps_of(method: Call[P, T]) -> Callable[Concatenate[Any, P], Steps[T]]:
    """Return the generator that `call` decorated, so that another generator can `yield from` it."""
    generator: Callable[..., Steps[T]] = inspect.unwrap(cast("Any", method))
    return generator


@overload
def of_job(method: Call[Concatenate[AnyJob, P], T]) -> Call[P, T]: ...
@overload
def of_job(method: IteratorCall[Concatenate[AnyJob, P], T]) -> IteratorCall[P, T]: ...
def of_job(method: Any) -> Any:
    """Turn a client's method into a method of a job, which passes itself as the first argument."""

    @functools.wraps(method)
    def job_method(self: Any, *args: Any, **options: Any) -> Any:
        return method(self.client, self, *args, **options)

    # The signature that `help` shows: without the parameter for the job.
    self_parameter, _, *others = inspect.signature(method).parameters.values()
    job_method.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [self_parameter, *others]
    )
    return job_method
