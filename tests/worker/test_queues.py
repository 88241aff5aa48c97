"""The order in which a worker takes messages from its queues."""

from celery import Celery

from shared.card import Card
from shared.dispatch import bulk_queue
from worker.app import InTurn, serve_queues


def test_doorbells_come_before_parts_and_parts_take_turns() -> None:
    """After a part a doorbell comes first; the bulk queues of two models take turns."""
    order = InTurn(["small.a@1", "small.b@1", "bulk.a@1", "bulk.b@1"])
    assert order.consume(4) == ["small.a@1", "small.b@1", "bulk.a@1", "bulk.b@1"]
    order.rotate("bulk.a@1")
    assert order.consume(4) == ["small.a@1", "small.b@1", "bulk.b@1", "bulk.a@1"]
    order.rotate("bulk.b@1")
    assert order.consume(4) == ["small.a@1", "small.b@1", "bulk.a@1", "bulk.b@1"]


def test_a_flood_of_doorbells_leaves_every_second_message_to_parts() -> None:
    """After a doorbell parts come first, so both take turns while both wait."""
    waiting = {"small.a@1": 50, "small.b@1": 50, "bulk.a@1": 10, "bulk.b@1": 10}
    order, taken = InTurn([*waiting]), []
    while waiting["bulk.a@1"] or waiting["bulk.b@1"]:
        queue = next(one for one in order.consume(4) if waiting[one])
        waiting[queue] -= 1
        order.rotate(queue)
        taken.append(queue)
    assert taken[:4] == ["small.a@1", "bulk.a@1", "small.b@1", "bulk.b@1"]
    assert len(taken) == 40
    order.rotate("small.a@1")
    assert next(one for one in order.consume(4) if waiting[one]).startswith("small.")


def test_messages_of_older_releases_are_taken() -> None:
    """A worker takes what an older release has sent; older workers see nothing that is newer."""
    card = Card(name="mine", version="1", format="pkl", files={}, created_at="2026-01-01T00:00:00Z")
    celery = Celery()
    serve_queues(celery, [card])
    named = [queue.name for queue in celery.conf.task_queues]
    assert named == ["small.mine@1", "bulk2.mine@1", "bulk.mine@1"]
    assert bulk_queue("mine@1") == "bulk2.mine@1"
