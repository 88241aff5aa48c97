"""Celery's messages on a Redis that refuses to write, and messages that cannot be read."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from celery import Celery
from kombu import Connection, Consumer, Queue
from kombu.exceptions import OperationalError
from support.redis_commands import commands_during
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


def test_redis_keeps_nothing_of_a_message_that_was_taken(
    celery: Celery, dispatch: CeleryDispatch, link: RedisLink
) -> None:
    """A message costs one command to send and one to take, and leaves nothing behind.

    If its worker dies, the reconciler finds by the lease that its work is late, and sends another.
    """
    with working(celery) as worker:
        dispatch.split(MODEL, "a")
        worker.receive()
        used = commands_during(
            link, lambda: (dispatch.score(MODEL, "a", 1), worker.connection.drain_events())
        )
    assert worker.taken == [["a"], ["a", 1]]
    assert used["lpush"] == 1
    assert not used.keys() & {"evalsha", "eval", "hset", "zadd", "multi"}
    left = link.client.scan_iter(f"{link.prefix}*")
    assert [key for key in left if "_kombu.binding" not in key] == []


def test_messages_of_a_worker_that_stops_go_to_another(
    celery: Celery, dispatch: CeleryDispatch, link: RedisLink
) -> None:
    """What it took and did not acknowledge is the next that another worker takes."""
    dispatch.split(MODEL, "a")
    with working(celery, lambda _: None) as stopping:
        stopping.receive()
        dispatch.split(MODEL, "b")
    with full_memory(link.client), working(celery) as worker:
        worker.receive()
    assert stopping.taken[0] == ["a"]
    assert worker.taken[0] == ["a"]
    assert ["b"] in stopping.taken + worker.taken


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
