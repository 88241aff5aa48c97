"""Celery's messages on a Redis that refuses to write, and messages that cannot be read."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from celery import Celery
from kombu import Connection, Consumer, Queue
from kombu.exceptions import OperationalError
from support.refusing import full_disk, full_memory

from shared.config.settings import Settings
from shared.dispatch import CeleryDispatch, bulk_queue, make_celery
from shared.redis import broker
from shared.redis.link import RedisLink

MODEL = "length@1"
QUEUE = bulk_queue(MODEL)


@pytest.fixture
def celery(redis_settings: Settings) -> Iterator[Celery]:
    app = make_celery(redis_settings)
    yield app
    app.close()


@pytest.fixture
def dispatch(celery: Celery) -> CeleryDispatch:
    return CeleryDispatch(celery)


class Worker:
    """Takes messages as a Celery worker does, and notes the ids of their jobs."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.taken: list[Any] = []

    def receive(self) -> None:
        """Take what waits."""
        with suppress(TimeoutError):
            while True:
                self.connection.drain_events(timeout=0.2)


@contextmanager
def working(
    celery: Celery, handle: Callable[[Any], None] = lambda message: message.ack()
) -> Iterator[Worker]:
    """A worker that consumes the queue, with what it does with a message."""
    with celery.connection_for_read() as connection:
        worker = Worker(connection)

        def received(message: Any) -> None:
            worker.taken.append(message.decode()[0])
            handle(message)

        queue = Queue(QUEUE, routing_key=QUEUE)
        with Consumer(connection, [queue], on_message=received, accept=["json"]):
            yield worker


def unacknowledged(link: RedisLink) -> int:
    keys = link.prefix + "unacked", link.prefix + "unacked_index"
    held, indexed = link.client.hlen(keys[0]), link.client.zcard(keys[1])
    assert held == indexed
    return int(held)


def test_messages_pass_a_full_memory(
    celery: Celery, dispatch: CeleryDispatch, link: RedisLink
) -> None:
    """While the memory is full, messages are sent, taken, acknowledged and put back."""

    def put_back_once(message: Any) -> None:
        if message.headers.get("redelivered"):
            message.ack()
        else:
            message.requeue()

    with full_memory(link.client), working(celery, put_back_once) as worker:
        dispatch.split(MODEL, "a")
        dispatch.score(MODEL, "b", 7)
        worker.receive()
    assert sorted(worker.taken) == [["a"], ["a"], ["b", 7], ["b", 7]]
    assert unacknowledged(link) == 0


def test_messages_of_a_lost_worker_are_delivered_again(
    celery: Celery, dispatch: CeleryDispatch, link: RedisLink
) -> None:
    """Messages that a worker took and never acknowledged go to another one, each once."""
    dispatch.split(MODEL, "a")
    channel = celery.connection_for_read().channel()
    with working(celery, lambda _: None) as lost:
        lost.receive()
        # As if it were killed: it puts nothing back itself.
        for one in lost.connection.transport.channels:
            one.qos._delivered.clear()
    assert unacknowledged(link) == 1
    channel.qos.visibility_timeout = -60
    with full_memory(link.client):
        for _ in range(2):
            channel.qos.restore_visible(num=None)
        with working(celery) as worker:
            worker.receive()
    assert (lost.taken, worker.taken) == ([["a"]], [["a"]])
    assert unacknowledged(link) == 0


@pytest.mark.parametrize("ahead", [-3 * 3600.0, 3 * 3600.0], ids=["behind", "ahead"])
def test_the_clocks_of_workers_may_differ(
    celery: Celery,
    dispatch: CeleryDispatch,
    link: RedisLink,
    monkeypatch: pytest.MonkeyPatch,
    ahead: float,
) -> None:
    """A message that was just taken is left to its worker by one whose clock is hours off."""
    dispatch.split(MODEL, "a")
    with working(celery, lambda _: None) as busy:
        busy.receive()
        here = time.time
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda: here() + ahead)
            celery.connection_for_read().channel().qos.restore_visible(num=None)
        assert unacknowledged(link) == 1
        # And one that such a worker took is not late in another's eyes.
        dispatch.split(MODEL, "b")
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda: here() + ahead)
            busy.receive()
        celery.connection_for_read().channel().qos.restore_visible(num=None)
        assert unacknowledged(link) == 2


def test_a_worker_outlasts_a_full_disk(
    celery: Celery, dispatch: CeleryDispatch, link: RedisLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While Redis cannot write to its disk, a worker waits; then it goes on by itself."""
    monkeypatch.setattr(broker, "PAUSE_SECONDS", 0.0)
    dispatch.split(MODEL, "a")
    with working(celery) as worker:
        with full_disk(link.client):
            worker.receive()
            with pytest.raises(OperationalError, match="MISCONF"):
                dispatch.split(MODEL, "b")
            assert worker.taken == []
        worker.receive()
    assert worker.taken == [["a"]]


def sound(**changes: Any) -> dict[str, Any]:
    """A message with a delivery tag, as far as kombu reads it."""
    where = {"exchange": "", "routing_key": QUEUE}
    properties = {"delivery_tag": "tag", "delivery_info": where, "body_encoding": "base64"}
    headers = {"task": "split", "id": "1"}
    return {
        "body": "W1tdLCB7fSwge31d",
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": properties,
    } | changes


MALFORMED = {
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe",
    "no object": b"7",
    "empty": b"",
    "without properties": b"{}",
    "without a place": json.dumps(sound(properties={"delivery_tag": "tag"})).encode(),
    "a tag that is a list": json.dumps(sound(properties={"delivery_tag": []})).encode(),
    "no base64": json.dumps(sound(body="W1")).encode(),
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_message_is_put_aside(
    celery: Celery,
    dispatch: CeleryDispatch,
    link: RedisLink,
    caplog: pytest.LogCaptureFixture,
    content: bytes,
) -> None:
    """A malformed message is kept aside and logged without its content; later ones are received."""
    with working(celery) as worker, caplog.at_level(logging.ERROR):
        link.client.lpush(link.prefix + QUEUE, content)
        dispatch.split(MODEL, "a")
        worker.receive()
    assert worker.taken == [["a"]]
    (aside,) = link.client.execute_command(
        "LRANGE", link.key("malformed"), 0, -1, NEVER_DECODE=True
    )
    assert aside == content
    assert f"a message in {QUEUE} is malformed" in caplog.text
    assert unacknowledged(link) == 0


def test_a_message_that_its_worker_cannot_handle_is_put_aside(
    celery: Celery, dispatch: CeleryDispatch, link: RedisLink
) -> None:
    """A message that makes its handler raise is put aside, and not delivered again."""

    def handle(message: Any) -> None:
        if message.headers["root_id"] == "bad":
            raise TypeError("limits must be numbers")
        message.ack()

    with working(celery, handle) as worker:
        content = json.dumps(sound(headers={"root_id": "bad"}))
        link.client.lpush(link.prefix + QUEUE, content)
        dispatch.split(MODEL, "a")
        worker.receive()
    assert worker.taken == [[], ["a"]]
    assert link.client.lrange(link.key("malformed"), 0, -1) == [content]
    assert unacknowledged(link) == 0


def test_a_malformed_message_that_was_taken_is_put_aside(celery: Celery, link: RedisLink) -> None:
    """What a worker took, and nobody can put back into a queue, is put aside once."""
    link.client.hset(link.prefix + "unacked", "tag", "[")
    link.client.zadd(link.prefix + "unacked_index", {"tag": 1.0, "gone": 1.0})
    celery.connection_for_read().channel().qos.restore_visible(num=None)
    assert link.client.lrange(link.key("malformed"), 0, -1) == ["["]
    assert unacknowledged(link) == 0


def test_only_the_last_malformed_messages_are_kept(celery: Celery, link: RedisLink) -> None:
    """At most a hundred are kept, and of a long one only its beginning."""
    with working(celery) as worker:
        for number in range(101):
            link.client.lpush(link.prefix + QUEUE, f"{number} ".ljust(20_000, "x"))
        worker.receive()
    kept = link.client.lrange(link.key("malformed"), 0, -1)
    assert (len(kept), kept[0][:4], len(kept[0])) == (100, "100 ", 10_000)


def test_a_key_that_is_no_queue_is_put_aside(
    celery: Celery, dispatch: CeleryDispatch, link: RedisLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text in place of a queue is renamed, and the queue works again."""
    monkeypatch.setattr(broker, "PAUSE_SECONDS", 0.0)
    link.client.set(link.prefix + QUEUE, "text")
    with working(celery) as worker:
        worker.receive()
        dispatch.split(MODEL, "a")
        worker.receive()
    assert worker.taken == [["a"]]
    assert link.client.get(f"{link.prefix}{QUEUE}.malformed") == "text"
