"""Keeps the connections of a client apart: each process and each event loop opens its own.

After a fork both processes hold the same sockets. If both used them, each would receive parts of
the other's responses. A connection of an `AsyncClient` works only in the event loop that opened it.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from scorelane.client.errors import ClientError

#: A client of httpx, blocking or not, which holds connections.
H = TypeVar("H")

#: How many forks led to this process. A process id alone may return, in a container or in time.
_forks = 0

#: Objects of another process that must never be finalised here: their locks may be held for ever.
_inherited: list[Any] = []


def _count_fork() -> None:
    global _forks  # noqa: PLW0603  state of the process
    _forks += 1


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_count_fork)


class Place(NamedTuple):
    """What must not change while a connection is used.

    Attributes:
        process: its id, and how many forks led to it.
        loop: the running event loop; None: there is none, or it does not matter.
    """

    process: tuple[int, int]
    loop: asyncio.AbstractEventLoop | None


class Connections(Generic[H]):
    """Opens a client of httpx for each place that sends requests: a process, and an event loop.

    It takes no lock, because a lock that another thread holds during a fork stays locked in the
    new process.
    """

    def __init__(self, open_new: Callable[[], H], *, fixed: bool, per_loop: bool) -> None:
        """Open the first client, which connects when it is used.

        Args:
            open_new: makes a client.
            fixed: whether all clients would share one transport, so that there can be only one.
            per_loop: whether each event loop needs its own client.
        """
        self._open_new = open_new
        self._fixed = fixed
        self._per_loop = per_loop and not fixed
        self._process = _this_process()
        self._closed = False
        self._by_place: dict[Place, H] = {}
        #: The first client, until a place takes it: wrong options are found when it is made.
        self._unused = [open_new()]

    def place(self) -> Place:
        """Return what identifies the current process, and event loop if that matters."""
        return Place(_this_process(), _running_loop() if self._per_loop else None)

    def current(self) -> H:
        """Return the client of the current place; it is made if there is none yet.

        Raises:
            ClientError: all places share one transport, and it belongs to another process.
            RuntimeError: the connections were closed.
        """
        if self._closed:
            raise RuntimeError("Cannot send a request, as the client has been closed.")
        if self._fixed and self._process != _this_process():
            raise ClientError(
                "This client has a `transport` of its own, which belongs to the process that made "
                "it. Make another client in this process."
            )
        place = self.place()
        http = self._by_place.get(place)
        return self._add(place) if http is None else http

    def close(self) -> list[tuple[asyncio.AbstractEventLoop | None, H]]:
        """Accept no further requests. Returns the clients to close, each with its event loop.

        These are the ones of this process. Those of closed event loops are dropped.
        """
        self._closed = True
        self._forget_closed_loops()
        mine = [place for place in list(self._by_place) if place.process == _this_process()]
        unused, self._unused = self._unused, []
        return [
            *((None, http) for http in unused),
            *((place.loop, self._by_place.pop(place)) for place in mine),
        ]

    def _add(self, place: Place) -> H:
        self._forget_closed_loops()
        try:
            new = self._unused.pop()
        except IndexError:
            new = self._open_new()
        # Atomic: another thread may have added one meanwhile, and the new one is not used then.
        return self._by_place.setdefault(place, new)

    def _forget_closed_loops(self) -> None:
        """Drop the clients of closed event loops; nothing can be awaited in those any more."""
        for place in list(self._by_place):
            of_this_process = place.process == _this_process()
            if of_this_process and place.loop is not None and place.loop.is_closed():
                self._by_place.pop(place, None)


def never_finalise(inherited: Any) -> None:
    """Keep an object of another process alive, because its finaliser could wait for a lock."""
    _inherited.append(inherited)


def _this_process() -> tuple[int, int]:
    return os.getpid(), _forks


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
