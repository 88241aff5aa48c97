"""The contract of the job store: each idempotency key makes one job."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import Any

import pytest
from support.stored import MakeStore, a_job
from support.waiting import wait_for

from shared.config.settings import Settings
from shared.errors.service import IdempotencyKeyInUse, JobNotFound
from shared.jobs.binding import Binding
from shared.jobs.job import Job
from shared.jobs.job_ids import new_job_id
from shared.jobs.job_store import JobStore
from shared.jobs.state import State
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink


def keyed(token: str, kind: str = "bulk", key: str = "k", **changes: Any) -> Job:
    job = a_job(kind, total=1)
    binding = Binding(key=key, token=token, fingerprint=f"of {token}")
    return job.model_copy(
        update={"spec": job.spec.model_copy(update={"binding": binding}), **changes}
    )


@pytest.mark.parametrize("kind", ["bulk", "small"])
def test_a_key_belongs_to_the_job_that_it_made(store: JobStore, kind: str) -> None:
    """One request holds a key; later ones learn that, and afterwards which job it has made."""
    assert store.hold_key("k", "one", 30) is None
    held = store.hold_key("k", "two", 30)
    assert held
    assert held.binding is None
    assert 20 < held.seconds_left <= 30
    assert store.hold_key("other", "two", 30) is None
    job = keyed("one", kind)
    store.create(job, b'["1", "text"]\n')
    held = store.hold_key("k", "three", 30)
    assert held
    assert held.binding
    assert (held.binding.job_id, held.binding.fingerprint) == (job.spec.id, "of one")
    assert held.seconds_left > 80_000


@pytest.mark.parametrize("kind", ["bulk", "small"])
def test_a_request_that_was_too_slow_makes_no_second_job(store: JobStore, kind: str) -> None:
    """A request whose key another one has taken meanwhile cannot make a job."""
    store.hold_key("k", "slow", 0.01)
    wait_for(lambda: store.hold_key("k", "quick", 30) is None)
    late = keyed("slow", kind)
    for _ in range(2):
        with pytest.raises(IdempotencyKeyInUse):
            store.create(late, b'["1", "text"]\n')
        with pytest.raises(JobNotFound):
            store.get(late.spec.id)
        if store.list_jobs(10) == []:
            store.create(keyed("quick"))
    assert len(store.list_jobs(10)) == 1


def test_a_request_that_was_slow_and_alone_makes_its_job(store: JobStore) -> None:
    """A request whose key has run out makes its job if no other request has taken the key."""
    store.hold_key("k", "slow", 0.001)
    job = keyed("slow")
    wait_for(lambda: store.hold_key("k", "probe", 0.001) is None)
    wait_for(lambda: _created(store, job))
    held = store.hold_key("k", "two", 30)
    assert held
    assert held.binding


def _created(store: JobStore, job: Job) -> bool:
    try:
        store.create(job)
    except IdempotencyKeyInUse:
        return False
    return True


def test_a_request_renews_and_releases_its_key(store: JobStore) -> None:
    """A request can renew and release its key; another request can do neither."""
    store.hold_key("k", "one", 0.3)
    store.renew_key("k", "one", 60)
    store.renew_key("k", "two", 0.001)
    store.release_key("k", "two")
    held = store.hold_key("k", "two", 30)
    assert held
    assert held.seconds_left > 30
    store.release_key("k", "one")
    assert store.hold_key("k", "two", 30) is None


def test_a_bound_key_is_not_held_for_less(store: JobStore) -> None:
    """A late renewal or release by the request does not change a key with a job."""
    store.hold_key("k", "one", 30)
    store.create(keyed("one"))
    store.renew_key("k", "one", 1)
    held = store.hold_key("k", "two", 30)
    assert held
    assert held.seconds_left > 80_000


@pytest.mark.parametrize("end", ["deleted", "expired"])
def test_the_key_of_a_job_that_is_gone_is_free(make_store: MakeStore, end: str) -> None:
    """The key of a deleted or expired job can be taken again."""
    store = make_store(retention_seconds=0.001)
    store.hold_key("k", "one", 30)
    job = keyed("one")
    store.create(job)
    if end == "deleted":
        store.delete(job.spec.id)
    else:
        store.move(job.spec.id, State.CANCELLED)
        assert store.hold_key("k", "two", 30)
        wait_for(lambda: store.expire(10))
    assert store.hold_key("k", "two", 30) is None
    store.create(keyed("two"))


def test_a_key_belongs_to_its_job_for_a_time(make_store: MakeStore) -> None:
    """A key can be used again after its time."""
    store = make_store(idempotency_seconds=1)
    store.hold_key("k", "one", 30)
    store.create(keyed("one"))
    assert store.hold_key("k", "two", 30)
    wait_for(lambda: store.hold_key("k", "two", 30) is None)


def test_a_repeated_call_still_holds_its_key(store: JobStore) -> None:
    """A request that repeats its call, because the answer was lost, still holds its key."""
    assert store.hold_key("k", "one", 0.5) is None
    assert store.hold_key("k", "one", 60) is None
    held = store.hold_key("k", "two", 30)
    assert held
    assert held.seconds_left > 30


@pytest.mark.parametrize("kind", ["bulk", "small"])
def test_a_key_that_has_made_a_job_is_not_released(store: JobStore, kind: str) -> None:
    """Releasing a key after it has made a job changes nothing."""
    store.hold_key("k", "one", 30)
    job = keyed("one", kind)
    store.create(job, b'["1", "text"]\n')
    store.release_key("k", "one")
    held = store.hold_key("k", "two", 30)
    assert held
    assert held.binding
    assert held.binding.job_id == job.spec.id


@pytest.mark.parametrize("recorded", [False, True])
def test_an_unrecorded_job_is_no_second_job(store: JobStore, recorded: bool) -> None:
    """A job is not restored if another request has its key, and the job was never recorded."""
    store.hold_key("k", "died", 0.01)
    died = keyed("died")
    wait_for(lambda: store.hold_key("k", "again", 30) is None)
    if recorded:
        store.create(keyed("again"))
    assert not store.restore(died, [])
    with pytest.raises(JobNotFound):
        store.get(died.spec.id)
    assert len(store.list_jobs(10)) == recorded


def test_an_unrecorded_job_that_is_restored_has_its_key(store: JobStore) -> None:
    """A job that was never recorded and is restored is the job of its key."""
    store.hold_key("k", "died", 0.01)
    died = keyed("died")
    wait_for(lambda: store.restore(died, []))
    held = store.hold_key("k", "again", 30)
    assert held
    assert held.binding
    assert held.binding.job_id == died.spec.id


def test_one_of_two_makes_the_job(link: RedisLink, redis_settings: Settings) -> None:
    """A request and the restoring of another one's job: whichever is first gets the key."""
    store = RedisJobStore(link, redis_settings)

    def make(again: Job, both: Barrier) -> None:
        both.wait()
        own = again.spec.binding
        if own and store.hold_key(own.key, own.token, 30) is None:
            with suppress(IdempotencyKeyInUse):
                store.create(again)

    def restore(died: Job, both: Barrier) -> None:
        both.wait()
        store.restore(died, [])

    with ThreadPoolExecutor() as threads:
        for at in range(100):
            store.hold_key(f"k{at}", "died", 0.001)
            wait_for(lambda key=f"k{at}": not link.client.exists(link.key("key", key)))
            died, again, both = (
                keyed("died", key=f"k{at}"),
                keyed("again", key=f"k{at}"),
                Barrier(2),
            )
            under_way = [threads.submit(make, again, both), threads.submit(restore, died, both)]
            for one in under_way:
                one.result()
            assert len(store.known([died.spec.id, again.spec.id])) == 1


def test_a_restored_job_has_its_key_again(store: JobStore) -> None:
    """A restored job has its key for the remaining time, unless another request has it."""
    job, ended = keyed("one"), keyed("two", key="l", state=State.FAILED, finished_at=store.now())
    for one in (job, ended):
        store.restore(one, [])
    for key, made in (("k", job), ("l", ended)):
        held = store.hold_key(key, "three", 30)
        assert held
        assert held.binding
        assert held.binding.job_id == made.spec.id
    store.hold_key("m", "four", 30)
    taken, old = keyed("five", key="m"), keyed("six", key="n", created_at=store.now() - 1e6)
    # Of before the store began to remember: it was accepted, and the store has lost its data.
    taken = taken.model_copy(
        update={"spec": taken.spec.model_copy(update={"id": new_job_id(store.since() - 60)})}
    )
    for one in (taken, old):
        store.restore(one, [])
        assert store.get(one.spec.id).state is State.QUEUED
    held = store.hold_key("m", "seven", 30)
    assert held
    assert held.binding is None
    assert store.hold_key("n", "eight", 30) is None
