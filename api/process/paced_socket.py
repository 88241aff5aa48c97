"""A connection whose client must keep a least pace, so that it cannot hold a thread for ever."""

import array
import errno
import fcntl
import socket
import ssl
import struct
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from api.process.measures import SLOW_CLIENTS, counters

#: The longest single wait, in seconds. After each it is checked what the client has taken, and
#: whether others wait for a thread.
STEP_SECONDS = 1.0

#: The share of the allowed pause that remains while other requests wait for a thread.
CROWDED_SHARE = 1 / 3

#: The most and the least bytes of a body that are received in one call, and those of all requests
#: together: gunicorn would read a megabyte ahead for each of its threads.
_MOST_BYTES, _LEAST_BYTES, _BYTES_OF_ALL = 256 * 1024, 32 * 1024, 2 * 1024 * 1024

#: The most bytes of a response that are handed to the system in one call.
_SEND_BYTES = 256 * 1024

_T = TypeVar("_T")

_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SlowClient(TimeoutError):
    """A client has not kept the pace.

    It has the number EPIPE, as if the client had left: gunicorn logs others with a traceback.
    """

    def __init__(self) -> None:
        super().__init__(errno.EPIPE, "the client is too slow")


@dataclass(frozen=True)
class Pace:
    """The pace that clients must keep.

    Attributes:
        pause: the seconds for which a client may let a thread wait. They are used up while the
            thread waits, and earned back by the bytes that pass.
        rate: the bytes that earn one second back, and so the least rate in the long run.
        threads: how many threads there are.
        requests: tells how many requests are in work or wait for a thread.
    """

    pause: float
    rate: float
    threads: int
    requests: Callable[[], int]

    @property
    def is_crowded(self) -> bool:
        """Whether requests wait for a thread: then only a third of `pause` is allowed."""
        return self.requests() > self.threads

    @property
    def receive_bytes(self) -> int:
        """The most bytes that a thread receives in one call."""
        return min(max(_BYTES_OF_ALL // max(self.requests(), 1), _LEAST_BYTES), _MOST_BYTES)


class _Allowance:
    """The seconds for which a client may still let a thread wait, in one direction."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._left = pace.pause

    def spend(self, seconds: float, count: int) -> None:
        """Note a wait of some seconds, after which `count` bytes had passed."""
        left = self._left - seconds + count / self._pace.rate
        self._left = min(left, self._pace.pause)

    @property
    def is_used_up(self) -> bool:
        reserve = 1 - CROWDED_SHARE if self._pace.is_crowded else 0.0
        return self._left <= self._pace.pause * reserve


class PacedSocket:
    """A socket whose reads and writes raise `SlowClient` when its client is slower than its pace.

    Only time in which a thread waits for the client counts: neither the work on a request nor the
    time between two events of a stream does. All else is passed on to the socket.

    Attributes:
        is_given_up: whether a response could not be sent in time.
    """

    def __init__(self, connection: Any, pace: Pace) -> None:
        """Make it of a `socket.socket` or `ssl.SSLSocket`."""
        self._socket = connection
        self._timeout: float | None = None
        self._queued = 0
        self._resets = False
        self.is_given_up = False
        self.begin(pace)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def begin(self, pace: Pace) -> None:
        """Begin a request: the client has its whole pause again."""
        self._pace = pace
        self._reading, self._writing = _Allowance(pace), _Allowance(pace)

    def reset_on_close(self, resets: bool) -> None:
        """Let an end of the connection be a reset, or not, also if the process is killed."""
        self._resets = resets
        option = struct.pack("ii", int(resets), 0)
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)

    def shutdown(self, how: int) -> None:
        """End one direction, as `socket.shutdown` does.

        Raises:
            ConnectionAbortedError: the connection is to be reset: an end would look like success.
            OSError: the connection is broken.
        """
        if self._resets:
            raise ConnectionAbortedError(errno.ECONNABORTED, "the response is not whole")
        self._socket.shutdown(how)

    def settimeout(self, seconds: float | None) -> None:
        """Limit each read further, as `socket.settimeout` does; None: only by the pace."""
        self._timeout = seconds
        if self._socket.gettimeout() != seconds:
            self._socket.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """The limit of each read, in seconds, besides the pace."""
        return self._timeout

    def setblocking(self, blocking: bool) -> None:
        """Let reads and writes wait, or not, as `socket.setblocking` does."""
        self.settimeout(None if blocking else 0.0)

    def _wait_never(self) -> None:
        """Let the socket not wait; to say so again would cost a call of the system."""
        if self._socket.gettimeout() != 0.0:
            self._socket.setblocking(False)

    def read_now(self, size: int) -> bytes | None:
        """Read what is there, without waiting: None if nothing is, no byte at the end.

        Raises:
            OSError: the connection is broken.
        """
        self._wait_never()
        try:
            return bytes(self._socket.recv(size))
        except _NOT_YET:
            return None

    def send_now(self, content: bytes) -> None:
        """Send what can be sent without waiting; for short answers, for which there is room."""
        self._wait_never()
        with suppress(OSError):
            self._socket.send(content)

    def send_some(self, content: bytes) -> bytes:
        """Send what can be sent without waiting; returns the rest.

        Raises:
            OSError: the connection is broken.
        """
        self._wait_never()
        try:
            return content[self._socket.send(content) :]
        except _NOT_YET:
            return content

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read at most `size` bytes; none at the end.

        Raises:
            SlowClient: the client has not kept its pace.
            TimeoutError: the limit of `settimeout` has passed.
            OSError: the connection is broken.
        """
        return self._receive(lambda most: bytes(self._socket.recv(most, flags)), len, size)

    def recv_into(self, room: memoryview) -> int:
        """Read into a buffer what fits; returns the number of bytes, 0 at the end.

        Raises: as `recv`.
        """
        return self._receive(lambda most: int(self._socket.recv_into(room, most)), int, len(room))

    def _receive(self, receive: Callable[[int], _T], count: Callable[[_T], int], size: int) -> _T:
        """Receive at most `size` bytes by `receive`; `count` tells how many it has received."""
        until = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            started = time.monotonic()
            left = STEP_SECONDS if until is None else until - started
            self._socket.settimeout(max(min(left, STEP_SECONDS), 0.0))
            try:
                data = receive(min(size, self._pace.receive_bytes))
            except TimeoutError:
                self._reading.spend(time.monotonic() - started, 0)
                if self._reading.is_used_up:
                    counters.add(SLOW_CLIENTS, "body")
                    raise SlowClient from None
                if until is not None and time.monotonic() >= until:
                    raise
            else:
                self._reading.spend(time.monotonic() - started, count(data))
                if count(data) and self._reading.is_used_up:
                    counters.add(SLOW_CLIENTS, "body")
                    raise SlowClient
                return data

    def sendall(self, content: bytes) -> None:
        """Send everything.

        Raises:
            SlowClient: the client has not kept its pace.
            OSError: the connection is broken.
        """
        left = memoryview(content)
        self._socket.settimeout(STEP_SECONDS)
        while left:
            started, sent = time.monotonic(), 0
            # A timeout is no fault yet: the system's buffer has room again only when the client
            # has taken much of it, which takes long over a poor line. So what counts is what the
            # client takes out of the buffer.
            with suppress(TimeoutError):
                sent = self._socket.send(left[:_SEND_BYTES])
            left = left[sent:]
            before, self._queued = self._queued + sent, _queued_bytes(self._socket)
            self._writing.spend(time.monotonic() - started, max(before - self._queued, 0))
            if left and self._writing.is_used_up:
                self.is_given_up = True
                counters.add(SLOW_CLIENTS, "response")
                raise SlowClient


def _queued_bytes(connection: Any) -> int:
    """The bytes of a connection that its client has not taken; 0 where the system cannot tell."""
    count = array.array("i", [0])
    with suppress(OSError):
        fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, count)
    return count[0]
