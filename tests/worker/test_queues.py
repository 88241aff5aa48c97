"""The order in which a worker takes messages from its queues."""

from celery import Celery

from shared.dispatch import bulk_queue
from shared.model import Card
from worker.app import SmallFirst, serve_queues


def test_doorbells_come_before_parts_and_parts_take_turns() -> None:
    """The small queues always come first; the bulk queues of two models take turns."""
    queues = ["small.a@1", "small.b@1", "bulk.a@1", "bulk.b@1"]
    order = SmallFirst(queues)
    assert order.consume(4) == queues
    order.rotate("bulk.a@1")
    assert order.consume(4) == ["small.a@1", "small.b@1", "bulk.b@1", "bulk.a@1"]
    order.rotate("small.a@1")
    assert order.consume(4)[:2] == ["small.b@1", "small.a@1"]
    assert order.consume(4)[2:] == ["bulk.b@1", "bulk.a@1"]


def test_messages_of_older_releases_are_taken() -> None:
    """A worker takes what an older release has sent; older workers see nothing that is newer."""
    card = Card(name="mine", version="1", format="pkl", files={}, created_at="2026-01-01T00:00:00Z")
    celery = Celery()
    serve_queues(celery, [card])
    named = [queue.name for queue in celery.conf.task_queues]
    assert named == ["small.mine@1", "bulk2.mine@1", "bulk.mine@1"]
    assert bulk_queue("mine@1") == "bulk2.mine@1"
