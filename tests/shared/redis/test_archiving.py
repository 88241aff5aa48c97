"""Small jobs that have ended move from Redis to the blob store, and nobody notices."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.doubles.blobs import InMemoryBlobs
from support.refusing import full_memory
from support.stored import MODEL, a_job

from shared.config.settings import Settings
from shared.errors.service import JobExpired, JobNotFound
from shared.jobs.binding import Binding
from shared.jobs.job import Job
from shared.jobs.job_ids import new_job_id
from shared.jobs.job_store import Answer, BadRow
from shared.jobs.state import CallbackState, State
from shared.redis.archiving import ArchivingJobStore
from shared.redis.link import RedisLink

RESULT = b"1,0.5,\n\xc3\xbc,,bad\n"
ROWS = b'["1", "text"]\n' * 2


class Dies(Exception):
    """The process dies."""


@pytest.fixture
def blobs() -> InMemoryBlobs:
    return InMemoryBlobs()


@pytest.fixture
def make(link: RedisLink, redis_settings: Settings, blobs: InMemoryBlobs) -> Any:
    """A function that makes a store, as another process would."""

    def make(**changes: Any) -> ArchivingJobStore:
        settings = redis_settings.model_copy(update={"archive_seconds": 0.0} | changes)
        return ArchivingJobStore(link, settings, blobs)

    return make


@pytest.fixture
def store(make: Callable[..., ArchivingJobStore]) -> ArchivingJobStore:
    return make()


def ended(store: ArchivingJobStore, **terms: Any) -> Job:
    """A small job that has succeeded; or failed, if it tolerates no bad row."""
    job = a_job("small", total=2)
    job = job.model_copy(update={"spec": job.spec.model_copy(update=terms)})
    store.create(job, ROWS)
    taken, _ = store.take_small(MODEL, 100)
    bad = BadRow(1, "row 2: the text is empty")
    store.answer_small([Answer(one.id, RESULT, 1, 1, bad=bad) for one in taken])
    return store.get(job.spec.id)


def ids(jobs: list[Job]) -> list[str]:
    return [job.spec.id for job in jobs]


def keys_of(link: RedisLink, job: Job) -> list[str]:
    """The keys and sorted sets of Redis that know a job."""
    kept = list(link.client.scan_iter(f"{link.key('job', job.spec.id)}*"))
    kept = [key for key in kept if not key.endswith(":bell")]
    for key in link.client.scan_iter(f"{link.prefix}*"):
        is_set = link.client.type(key) == "zset"
        kept += [key] if is_set and link.client.zscore(key, job.spec.id) else []
    return kept


def test_a_moved_job_is_found_as_before(store: ArchivingJobStore, link: RedisLink) -> None:
    """Its record, result and place in the lists stay; Redis keeps nothing of it."""
    jobs = [ended(store, owner="me"), ended(store, owner="you")]
    bulk = a_job()
    store.create(bulk)
    jobs.append(ended(store, owner="me"))
    before = store.list_jobs(10), store.list_jobs(10, owner="me")
    assert store.archive(10) == 3
    for job in jobs:
        assert store.get(job.spec.id) == job
        assert store.small_result(job.spec.id) == RESULT
        assert keys_of(link, job) == []
    assert (store.list_jobs(10), store.list_jobs(10, owner="me")) == before
    # A page may have jobs of both places.
    for first in range(3):
        page = before[0][first + 1 : first + 3]
        assert store.list_jobs(2, before=before[0][first].spec.id) == page
    assert store.archive(10) == 0


def test_a_failed_job_keeps_its_rows_for_a_day(store: ArchivingJobStore, link: RedisLink) -> None:
    """The rows of a job that failed move too, for a retry, and expire on their own."""
    job = ended(store, tolerance=0.0)
    assert job.state is State.FAILED
    link.client.expire(link.key("job", job.spec.id, "rows"), 2000)
    store.archive(10)
    assert (store.small_rows(job.spec.id), store.small_result(job.spec.id)) == (ROWS, RESULT)
    store._archive.expire(store.now() + 3000)
    assert (store.small_rows(job.spec.id), store.small_result(job.spec.id)) == (b"", RESULT)
    assert store.get(job.spec.id) == job


def test_a_cancelled_job_moves(store: ArchivingJobStore) -> None:
    """A job that was cancelled while it waited moves with its rows."""
    job = a_job("small", total=2)
    store.create(job, ROWS)
    store.move(job.spec.id, State.CANCELLED)
    assert store.archive(10) == 1
    assert store.get(job.spec.id).state is State.CANCELLED
    assert store.small_rows(job.spec.id) == ROWS


def test_only_jobs_that_ended_a_while_ago_move(
    make: Callable[..., ArchivingJobStore], link: RedisLink
) -> None:
    """A job stays in Redis for `archive_seconds`; then all that are due move together."""
    store = make(archive_seconds=50.0)
    jobs = [ended(store) for _ in range(3)]
    waiting = a_job("small", total=2)
    store.create(waiting, ROWS)
    assert store.archive(10) == 0
    for job, seconds in zip(jobs, (101, 51, 49), strict=True):
        ended_at = {job.spec.id: store.now() - seconds}
        link.client.zadd(link.key("small", "ended"), ended_at)
    assert store.archive(10) == 2
    assert [bool(keys_of(link, job)) for job in jobs] == [False, False, True]
    assert store.get(waiting.spec.id).state is State.QUEUED


def test_a_job_whose_callback_is_due_stays(store: ArchivingJobStore, link: RedisLink) -> None:
    """A job moves when its callback is delivered, and does not keep others from it."""
    job, other = ended(store, callback_url="https://example.org/"), ended(store)
    assert store.archive(10) == 1
    assert keys_of(link, job)
    assert not keys_of(link, other)
    store.take_callbacks(10, 60)
    store.note_callback(job.spec.id, CallbackState.DELIVERED)
    link.client.zadd(link.key("small", "ended"), {job.spec.id: 0})
    assert store.archive(10) == 1
    assert store.get(job.spec.id).callback_state is CallbackState.DELIVERED


def test_a_deleted_job_is_erased(store: ArchivingJobStore, blobs: InMemoryBlobs) -> None:
    """A moved job can be deleted; its texts are gone from the blob store, others' are not."""
    job, other = ended(store), ended(store)
    store.archive(10)
    store.delete(job.spec.id)
    with pytest.raises(JobNotFound):
        store.get(job.spec.id)
    assert store.small_result(job.spec.id) == b""
    assert job.spec.id.encode() not in b"".join(
        content for content in blobs.contents.values()
    ).replace(b"\n", b"")
    assert ids(store.list_jobs(10)) == [other.spec.id]
    assert store.small_result(other.spec.id) == RESULT
    store.delete(job.spec.id)


@pytest.mark.parametrize("when", ["written", "read"])
def test_a_job_that_is_deleted_during_its_move_stays_deleted(
    store: ArchivingJobStore, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delete between the steps of a move wins."""
    job = ended(store)
    write = store._archive.write

    def write_meanwhile(folder: str, content: bytes) -> None:
        if when == "read":
            store.delete(job.spec.id)
        write(folder, content)
        if when == "written":
            store.delete(job.spec.id)

    monkeypatch.setattr(store._archive, "write", write_meanwhile)
    assert store.archive(10) == 0
    with pytest.raises(JobNotFound):
        store.get(job.spec.id)
    assert store.list_jobs(10) == []


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_process_that_dies_in_a_move_loses_nothing(
    make: Callable[..., ArchivingJobStore], monkeypatch: pytest.MonkeyPatch, is_deleted: bool
) -> None:
    """After a death between writing and removing, a job is found once, a deleted one never."""
    store, other = make(), make()
    job = ended(store)
    run = store._link.run

    def die(script: str, *args: Any) -> Any:
        if script == "archive":
            raise Dies
        return run(script, *args)

    monkeypatch.setattr(store._link, "run", die)
    if is_deleted:
        write = store._archive.write

        def write_late(folder: str, content: bytes) -> None:
            other.delete(job.spec.id)
            write(folder, content)

        monkeypatch.setattr(store._archive, "write", write_late)
    with pytest.raises(Dies):
        store.archive(10)
    monkeypatch.undo()
    assert other.archive(10) == (0 if is_deleted else 1)
    assert ids(other.list_jobs(10)) == ([] if is_deleted else [job.spec.id])
    if not is_deleted:
        assert other.get(job.spec.id) == job


def test_an_expired_job_answers_so_for_a_day(
    make: Callable[..., ArchivingJobStore], blobs: InMemoryBlobs
) -> None:
    """When a moved job has expired, its texts are deleted, and its id is remembered for a day."""
    store = make(retention_seconds=1000.0)
    job, longer = ended(store, owner="me"), ended(store, retention=5000.0)
    store.archive(10)
    at = store.now()
    store._archive.expire(at + 2000)
    with pytest.raises(JobExpired) as error:
        store.get(job.spec.id)
    assert error.value.fields["owner"] == "me"
    assert ids(store.list_jobs(10)) == [longer.spec.id]
    assert sum(b"0.5" in content for content in blobs.contents.values()) == 1
    store._archive.expire(at + 100_000)
    with pytest.raises(JobNotFound):
        store.get(job.spec.id)
    with pytest.raises(JobExpired):
        store.get(longer.spec.id)


def test_a_job_expires_to_the_second(make: Callable[..., ArchivingJobStore]) -> None:
    """A job whose time is over is expired, though jobs next to it are not yet."""
    store = make(retention_seconds=0.05)
    job = ended(store)
    store.archive(10)

    def states() -> Iterator[bool]:
        for _ in range(10_000):
            try:
                store.get(job.spec.id)
            except JobExpired:
                yield True
                return

    assert list(states()) == [True]
    assert store.list_jobs(10) == []


def test_an_idempotency_key_outlives_the_move(store: ArchivingJobStore) -> None:
    """A key gets its moved job; if that is deleted, the key is free."""
    key, token = "a" * 64, new_job_id()
    store.hold_key(key, token, 60)
    job = ended(store, binding=Binding(key=key, token=token, fingerprint="f"))
    store.archive(10)
    held = store.hold_key(key, new_job_id(), 60)
    assert held
    assert held.binding
    assert (held.binding.job_id, held.binding.fingerprint) == (job.spec.id, "f")
    store.delete(job.spec.id)
    assert store.hold_key(key, new_job_id(), 60) is None


def test_jobs_move_from_a_full_redis(store: ArchivingJobStore, link: RedisLink) -> None:
    """The move frees memory, so it works while the memory is full; so do deletes."""
    jobs = [ended(store) for _ in range(3)]
    with full_memory(link.client):
        assert store.archive(10) == 3
        store.delete(jobs[0].spec.id)
        assert set(ids(store.list_jobs(10))) == {jobs[2].spec.id, jobs[1].spec.id}


def test_a_moved_job_outlives_redis(store: ArchivingJobStore, link: RedisLink) -> None:
    """A moved job is found when Redis has lost everything."""
    job = ended(store)
    store.archive(10)
    for key in link.client.scan_iter(f"{link.prefix}*"):
        link.client.delete(key)
    assert store.get(job.spec.id) == job


def test_many_jobs_move_in_batches(store: ArchivingJobStore) -> None:
    """Each job is found once, in the order of ids, across segments that overlap."""
    jobs = [ended(store) for _ in range(25)]
    while store.archive(4):
        pass
    assert ids(store.list_jobs(100)) == sorted(ids(jobs), reverse=True)
    pages, before = [], None
    while page := store.list_jobs(7, before):
        pages += ids(page)
        before = page[-1].spec.id
    assert pages == sorted(ids(jobs), reverse=True)
