"""The lease of a batch whose requests are read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from support.doubles.blobs import InMemoryBlobs
from support.stored import MODEL, a_job

from shared.config.settings import Settings
from shared.jobs.job_store import SPLIT, Step
from shared.jobs.state import State
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from worker.batches.reading import BatchReader
from worker.steps.endings import Endings
from worker.steps.leases import LeaseRenewer


class RenewsAtOnce(LeaseRenewer):
    """Renews a lease once, before the block."""

    @contextmanager
    def renewing(self, renew: Callable[[], None]) -> Iterator[None]:
        renew()
        yield


def test_a_renewal_takes_no_step_of_another_job(redis_settings: Settings, link: RedisLink) -> None:
    """A step that is handed out there would be sent to nobody, and wait for its lease to end."""
    store, blobs = RedisJobStore(link, redis_settings), InMemoryBlobs()
    batch, other = a_job(), a_job()
    store.create(batch)
    assert store.hand_out(MODEL, lanes=1) == [Step(batch.spec.id, SPLIT)]
    store.move(batch.spec.id, State.RUNNING)
    store.create(other)
    reader = BatchReader(
        redis_settings,
        store=store,
        blobs=blobs,
        lease_renewer=RenewsAtOnce(1.0),
        endings=Endings(store=store, blobs=blobs),
    )
    reader.read(batch.spec)
    assert store.hand_out(MODEL, lanes=1) == [Step(other.spec.id, SPLIT)]
