"""A connection to Redis by which an event loop sends commands, without waiting for a reply."""

import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from selectors import EVENT_READ, EVENT_WRITE
from threading import Thread
from typing import Any

import hiredis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError

from shared.jobs.question_line import Loop

#: How much is read in one call, in bytes.
_READ_BYTES = 64 * 1024

#: How long the event loop waits before it connects again after a failure, in seconds.
PAUSE_SECONDS = 1.0

_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


@dataclass
class _Sent:
    """A command whose reply has not come."""

    command: bytes
    on_reply: Callable[[Any], None]
    until: float  #: By when the reply must be there, as `time.monotonic`.
    is_again: bool = False  #: Whether it was sent before, on a connection that was lost.


class LoopConnection:
    """One connection; its methods are called in the event loop alone.

    It connects in a thread. If the connection is lost, it connects again and sends what has no
    reply once more, as redis-py does; if that fails, each `on_reply` gets the error.
    """

    def __init__(self, loop: Loop, connect: Callable[[], Any]) -> None:
        """Take the event loop, and a function that returns a new connection of redis-py."""
        self._loop = loop
        self._connect = connect
        self._sock: Any = None
        self._connects = False
        self._not_before = 0.0
        self._sent: deque[_Sent] = deque()
        self._out = bytearray()
        self._is_full = False

    @property
    def is_open(self) -> bool:
        """Whether it is connected. If not, it connects, so a later call may say so."""
        if self._sock is None and not self._connects and time.monotonic() >= self._not_before:
            self._connects = True
            Thread(target=self._open, name="connects to Redis", daemon=True).start()
        return self._sock is not None

    def send(self, command: bytes, on_reply: Callable[[Any], None], seconds: float) -> None:
        """Send a command with the next `flush`.

        Args:
            command: packed for the protocol of Redis.
            on_reply: called with the reply, or with an exception.
            seconds: how long the reply may take.
        """
        self._sent.append(_Sent(command, on_reply, time.monotonic() + seconds))
        self._out += command

    def flush(self) -> None:
        """Send what can be sent; the rest is sent as soon as Redis takes it."""
        if not self._out or not self.is_open:
            return
        try:
            del self._out[: self._sock.send(self._out)]
        except _NOT_YET:
            pass
        except OSError as error:
            self._lose(error)
            return
        if bool(self._out) != self._is_full:
            self._is_full = bool(self._out)
            self._watch()

    def check(self, now: float) -> None:
        """Give the connection up if a reply is late."""
        if self._sent and self._sent[0].until <= now and not self._connects:
            self._fail(RedisConnectionError("Redis does not answer"))

    def _watch(self) -> None:
        events = EVENT_READ | EVENT_WRITE if self._is_full else EVENT_READ
        self._loop.watch(self._sock, events, self._on_event)

    def _on_event(self) -> None:
        if self._is_full:
            self.flush()
        try:
            while self._sock is not None:
                data = self._sock.recv(_READ_BYTES)
                if not data:
                    raise RedisConnectionError("Redis has closed the connection")
                self._reader.feed(data)
                self._take_replies()
                if len(data) < _READ_BYTES and not isinstance(self._sock, ssl.SSLSocket):
                    return
        except _NOT_YET:
            pass
        except (OSError, RedisError, hiredis.HiredisError) as error:
            self._lose(error)

    def _take_replies(self) -> None:
        while (reply := self._reader.gets()) is not False:
            if isinstance(reply, hiredis.PushNotification):
                continue
            if isinstance(reply, ReadOnlyError):
                # It is a replica since a failover.
                raise reply
            self._sent.popleft().on_reply(reply)

    def _open(self) -> None:
        """Connect, in a thread."""
        try:
            connection, error = self._connect(), None
        except Exception as failed:  # noqa: BLE001  whoever waits for a reply raises it
            connection, error = None, failed
        self._loop.defer(lambda: self._opened(connection, error))

    def _opened(self, connection: Any, error: Exception | None) -> None:
        self._connects = False
        if error:
            self._fail(error)
            return
        # redis-py would wait for each reply; it has connected, and its part ends here.
        self._connection = connection
        self._sock, self._is_full = connection._sock, False
        self._reader = hiredis.Reader(replyError=connection._parser.parse_error)
        self._sock.setblocking(False)
        self._watch()
        self._out[:] = b"".join(one.command for one in self._sent)
        self.flush()

    def _lose(self, error: Exception) -> None:
        """Connect again, and send once more what has no reply, unless that was done before."""
        self.close()
        if any(one.is_again for one in self._sent):
            self._fail(error)
        for one in self._sent:
            one.is_again = True
        self._not_before = 0.0
        if self._sent:
            _ = self.is_open

    def _fail(self, error: Exception) -> None:
        self.close()
        self._not_before = time.monotonic() + PAUSE_SECONDS
        sent, self._sent = self._sent, deque()
        self._out.clear()
        for one in sent:
            one.on_reply(error)

    def close(self) -> None:
        """Close the connection; `is_open` opens it again."""
        if self._sock is not None:
            self._loop.watch(self._sock, 0, self._on_event)
            self._sock = None
            self._connection.disconnect()
