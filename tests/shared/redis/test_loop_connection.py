"""A connection to Redis that an event loop uses, to the other end of a socket."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from support.event_loop import SelectorLoop

from shared.redis.loop_connection import LoopConnection


class FakeRedis:
    """The other end of the connections that a `LoopConnection` opens."""

    def __init__(self, *, connects: int) -> None:
        self.left = connects
        self.ends: list[socket.socket] = []
        self.ours: list[socket.socket] = []

    def connect(self) -> Any:
        if not self.left:
            raise RedisConnectionError("refused")
        self.left -= 1
        ours, theirs = socket.socketpair()
        self.ends.append(theirs)
        self.ours.append(ours)
        parser = SimpleNamespace(parse_error=ResponseError)
        return SimpleNamespace(_sock=ours, _parser=parser, disconnect=ours.close)

    def close(self) -> None:
        for end in self.ends + self.ours:
            end.close()


@pytest.fixture
def fake() -> Iterator[FakeRedis]:
    redis = FakeRedis(connects=2)
    yield redis
    redis.close()


def opened(fake: FakeRedis) -> tuple[SelectorLoop, LoopConnection]:
    loop = SelectorLoop()
    connection = LoopConnection(loop, fake.connect)
    loop.run_until(lambda: connection.is_open)
    return loop, connection


def test_a_command_without_a_reply_is_sent_once_more(fake: FakeRedis) -> None:
    """If that connection is lost too, or there is none, the error is the reply."""
    loop, connection = opened(fake)
    replies: list[Any] = []
    connection.send(b"PING\r\n", replies.append, 60)
    connection.flush()
    assert fake.ends[0].recv(100) == b"PING\r\n"
    fake.ends[0].close()
    loop.run_until(lambda: len(fake.ends) == 2 and connection.is_open)
    assert fake.ends[1].recv(100) == b"PING\r\n"
    fake.ends[1].close()
    loop.run_until(lambda: replies)
    assert isinstance(replies[0], RedisConnectionError)


def test_a_reply_that_does_not_come(fake: FakeRedis) -> None:
    """After its time the connection is given up, with all that waits for a reply."""
    _, connection = opened(fake)
    replies: list[Any] = []
    for _ in range(2):
        connection.send(b"PING\r\n", replies.append, 0.0)
    connection.check(0.0)
    assert not replies
    connection.check(float("inf"))
    assert [type(one) for one in replies] == 2 * [RedisConnectionError]
    assert not connection.is_open


def test_what_redis_does_not_take_is_sent_later(fake: FakeRedis) -> None:
    """More than the system's buffer holds is sent as Redis takes it, and all of it arrives."""
    loop, connection = opened(fake)
    content = bytes(4 * 2**20)
    connection.send(content, print, 60)
    connection.flush()
    received = 0

    def take() -> None:
        nonlocal received
        received += len(fake.ends[0].recv(2**20))

    loop.run_until(lambda: received == len(content), take)
