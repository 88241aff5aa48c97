"""A limited number of threads for one kind of requests, and the requests that wait for them."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

from api.process.connection import Connection
from api.process.paced_socket import Pace


@dataclass
class Lane:
    """Threads that no other kind of requests can take. Only the event loop uses this object.

    Attributes:
        executor: the threads.
        threads: how many there are.
        limit: the most requests that may be in work or wait.
        pace: that the clients of these requests must keep.
        taken: the requests that are in work or wait.
    """

    executor: Executor
    threads: int
    limit: int
    pace: Pace
    taken: int = 0

    @property
    def is_full(self) -> bool:
        """Whether no further request may wait."""
        return self.taken >= self.limit

    def submit(self, handle: Callable[[Connection], Any], connection: Connection) -> Future[Any]:
        """Let a thread handle a request as soon as one is free; call `free` at its end."""
        self.taken += 1
        return self.executor.submit(handle, connection)

    def free(self) -> None:
        """Note that a request has ended."""
        self.taken -= 1
