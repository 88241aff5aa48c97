"""The order in which a worker takes messages from its queues."""

from worker.app import SmallFirst


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
