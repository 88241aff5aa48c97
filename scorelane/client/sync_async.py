"""One method for both clients: it blocks in one, and is awaited in the other.

`call` and `flow` turn steps into such a method. At run time that is a plain function, which hands
the steps to its client; `Call` and `Flow` are how a type checker sees it.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from scorelane.client.job_state import AnyJob, JobState

if TYPE_CHECKING:
    from scorelane.client import io_steps
    from scorelane.client.calls.events import Event
    from scorelane.client.client import AsyncJob, Job

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Blocking:
    """What has calls that block."""


class Awaited:
    """What has calls that are awaited."""


class Call(Protocol[P, T_co]):
    """A method that comes to a T; where that is a job, to one of its object's kind."""

    @overload
    def __get__(self, of: None, owner: type) -> "Call[P, T_co]": ...
    @overload
    def __get__(self: "Call[P, JobState]", of: Blocking, owner: type) -> "Callable[P, Job]": ...
    @overload
    def __get__(
        self: "Call[P, JobState]", of: Awaited, owner: type
    ) -> "Callable[P, Coroutine[Any, Any, AsyncJob]]": ...
    @overload
    def __get__(self, of: Blocking, owner: type) -> Callable[P, T_co]: ...
    @overload
    def __get__(self, of: Awaited, owner: type) -> Callable[P, Coroutine[Any, Any, T_co]]: ...


class Flow(Protocol[P, T_co]):
    """A method that gives an iterator of Ts; jobs are of its object's kind, those of events too."""

    @overload
    def __get__(self, of: None, owner: type) -> "Flow[P, T_co]": ...
    @overload
    def __get__(
        self: "Flow[P, JobState]", of: Blocking, owner: type
    ) -> "Callable[P, Generator[Job]]": ...
    @overload
    def __get__(
        self: "Flow[P, JobState]", of: Awaited, owner: type
    ) -> "Callable[P, AsyncGenerator[AsyncJob]]": ...
    @overload
    def __get__(
        self: "Flow[P, Event[JobState]]", of: Blocking, owner: type
    ) -> "Callable[P, Generator[Event[Job]]]": ...
    @overload
    def __get__(
        self: "Flow[P, Event[JobState]]", of: Awaited, owner: type
    ) -> "Callable[P, AsyncGenerator[Event[AsyncJob]]]": ...
    @overload
    def __get__(self, of: Blocking, owner: type) -> Callable[P, Generator[T_co]]: ...
    @overload
    def __get__(self, of: Awaited, owner: type) -> Callable[P, AsyncGenerator[T_co]]: ...


def call(taken: "Callable[Concatenate[Any, P], io_steps.Steps[T]]") -> Call[P, T]:
    """Make a method of steps that come to a T."""

    @functools.wraps(taken)
    def method(self: Any, *args: P.args, **options: P.kwargs) -> Any:
        return self._run(taken(self, *args, **options))

    return cast("Call[P, T]", method)


def flow(taken: "Callable[Concatenate[Any, P], io_steps.Flow[T]]") -> Flow[P, T]:
    """Make a method of steps that give out Ts on their way."""

    @functools.wraps(taken)
    def method(self: Any, *args: P.args, **options: P.kwargs) -> Any:
        return self._give(taken(self, *args, **options))

    return cast("Flow[P, T]", method)


def steps_of(method: Call[P, T]) -> "Callable[Concatenate[Any, P], io_steps.Steps[T]]":
    """The steps that a method was made of, for a method that consists of others."""
    made: Callable[..., io_steps.Steps[T]] = inspect.unwrap(cast("Any", method))
    return made


@overload
def of_job(method: Call[Concatenate[AnyJob, P], T]) -> Call[P, T]: ...
@overload
def of_job(method: Flow[Concatenate[AnyJob, P], T]) -> Flow[P, T]: ...
def of_job(method: Any) -> Any:
    """Make a method of a client, whose first argument is a job, one of the job itself."""

    @functools.wraps(method)
    def of_itself(self: Any, *args: Any, **options: Any) -> Any:
        return method(self.client, self, *args, **options)

    # Without the second parameter, which is the first of this one.
    ours, _, *others = inspect.signature(method).parameters.values()
    of_itself.__signature__ = inspect.Signature([ours, *others])  # type: ignore[attr-defined]
    return of_itself
