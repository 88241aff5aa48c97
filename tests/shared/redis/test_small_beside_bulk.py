"""How many small jobs a worker takes at a time while bulk steps wait."""

from support.stored import MODEL, small

from shared.config.settings import Settings
from shared.dispatch import bulk_queue
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink


def test_a_batch_is_as_short_as_a_part_while_bulk_waits(
    link: RedisLink, redis_settings: Settings
) -> None:
    """The lower limit holds as long as a message is in the model's bulk queue, and not longer."""
    store, queue = RedisJobStore(link, redis_settings), link.prefix + bulk_queue(MODEL)
    for _ in range(8):
        small(store, 1)
    link.client.lpush(queue, "a message")
    assert len(store.take_small(MODEL, 5, beside_bulk=2)[0]) == 2
    assert len(store.take_small(MODEL, 1, beside_bulk=2)[0]) == 1
    link.client.delete(queue)
    taken, waiting = store.take_small(MODEL, 4, beside_bulk=2)
    assert (len(taken), waiting) == (4, 1)
