"""The contract of the job store, held by the real one and by its double."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from doubles import InMemoryJobStore
from waiting import wait_for

from shared.errors import JobExpired, JobNotFound
from shared.job import NDJSON, Job, Layout, Part, Spec, State, new_job_id
from shared.job_store import JobStore, Walk
from shared.redis_job_store import RedisJobStore
from shared.redis_link import RedisLink
from shared.settings import Settings

MODEL = "fast@0123456789ab"

MakeStore = Callable[..., JobStore]


@pytest.fixture(params=["memory", "redis"])
def make_store(request: pytest.FixtureRequest, redis_settings: Settings, link: RedisLink) -> Any:
    """Makes a store with other settings; the two kinds in turn."""

    def make(**changes: Any) -> JobStore:
        settings = redis_settings.model_copy(update=changes)
        if request.param == "memory":
            return InMemoryJobStore(settings)
        return RedisJobStore(link, settings)

    return make


@pytest.fixture
def store(make_store: MakeStore) -> JobStore:
    return make_store()


def a_job(kind: Any = "bulk", *, total: int | None = None, transient: bool = False) -> Job:
    layout = Layout(format="csv", start=10) if kind == "bulk" else NDJSON
    spec = Spec(id=new_job_id(), model="fast", version="0123456789ab", kind=kind, layout=layout,
                size=110, transient=transient)  # fmt: skip
    return Job(spec=spec, created_at=time.time(), total=total)


def parts(count: int, rows: int = 10, first: int = 0) -> list[Part]:
    numbers = range(first, first + count)
    return [Part(offset=10 + 20 * at, length=20, first_row=rows * at, rows=rows) for at in numbers]


def running(store: JobStore, count: int, lanes: int, *, last: bool = True) -> tuple[str, Walk]:
    job = a_job()
    store.create(job)
    assert store.move(job.spec.id, State.RUNNING)
    walk = store.add_parts(job.spec.id, parts(count), known=0, last=last, lanes=lanes)
    return job.spec.id, walk


def complete(store: JobStore, job_id: str, part: int, lanes: int = 2) -> Walk:
    return store.complete_part(job_id, part, completed=9, failed=1, lanes=lanes)


def small(store: JobStore, rows: int, *, transient: bool = False) -> tuple[str, bool]:
    job = a_job("small", total=rows, transient=transient)
    return job.spec.id, store.create(job, b'["1", "text"]\n' * rows)


def test_a_new_job_is_queued(store: JobStore) -> None:
    """A job that was created is found as it was, queued and with nothing done."""
    job = a_job()
    assert store.create(job) is False
    found = store.get(job.spec.id)
    assert (found.spec, found.state, found.rows_done) == (job.spec, State.QUEUED, 0)
    assert found.total is None


def test_an_unknown_job_is_not_found(store: JobStore) -> None:
    """Asking for an id that was never given raises JobNotFound."""
    with pytest.raises(JobNotFound):
        store.get(new_job_id())


def test_only_legal_moves_are_made(store: JobStore) -> None:
    """A job moves along `MOVES` and no other way; an ended one stays as it ended."""
    job = a_job()
    store.create(job)
    assert not store.move(job.spec.id, State.SUCCEEDED)
    assert store.move(job.spec.id, State.RUNNING)
    assert not store.move(job.spec.id, State.RUNNING)
    assert store.move(job.spec.id, State.FAILED, "a reason")
    assert not store.move(job.spec.id, State.CANCELLED)
    found = store.get(job.spec.id)
    assert (found.state, found.error) == (State.FAILED, "a reason")
    assert found.started_at is not None
    assert found.finished_at is not None


def test_a_job_that_is_gone_does_not_move(store: JobStore) -> None:
    """Moving a job that was deleted makes none of it again."""
    job = a_job()
    store.create(job)
    store.delete(job.spec.id)
    assert not store.move(job.spec.id, State.RUNNING)
    with pytest.raises(JobNotFound):
        store.get(job.spec.id)


def test_lists_the_newest_first(store: JobStore) -> None:
    """The list goes from new to old, and a page begins after the id it is given."""
    ids = []
    for _ in range(5):
        job = a_job()
        store.create(job)
        ids.append(job.spec.id)
    newest = sorted(ids, reverse=True)
    assert [job.spec.id for job in store.list_jobs(3)] == newest[:3]
    assert [job.spec.id for job in store.list_jobs(3, before=newest[2])] == newest[3:]


def test_no_more_parts_than_lanes_are_under_way(store: JobStore) -> None:
    """Parts are handed out while fewer than `lanes` are out; each one done lets in the next."""
    job_id, walk = running(store, 5, lanes=2)
    assert walk.dispatch == [0, 1]
    assert complete(store, job_id, 0).dispatch == [2]
    assert complete(store, job_id, 2).dispatch == [3]
    assert complete(store, job_id, 3, lanes=3).dispatch == [4]


def test_lanes_that_ran_dry_are_filled_by_the_next_parts(store: JobStore) -> None:
    """Where scoring is faster than splitting, new parts are handed out as they come."""
    job_id, _ = running(store, 1, lanes=2, last=False)
    done = complete(store, job_id, 0)
    assert (done.dispatch, done.all_done) == ([], False)
    walk = store.add_parts(job_id, parts(3, first=1), known=1, last=True, lanes=2)
    assert walk.dispatch == [1, 2]


def test_a_part_counts_once(store: JobStore) -> None:
    """Marking a part done a second time changes no count and lets nothing in."""
    job_id, _ = running(store, 3, lanes=1)
    assert complete(store, job_id, 0, lanes=1) == Walk(True, False, [1])
    assert complete(store, job_id, 0, lanes=1) == Walk(wanted=True)
    job = store.get(job_id)
    assert (job.completed, job.failed, job.parts_done) == (9, 1, 1)
    assert store.begin_part(job_id, 0) is None


def test_the_last_part_done_says_so(store: JobStore) -> None:
    """`all_done` comes with the last part, and only once no more parts can come."""
    job_id, _ = running(store, 2, lanes=2, last=False)
    assert not complete(store, job_id, 0).all_done
    assert not complete(store, job_id, 1).all_done
    assert store.add_parts(job_id, [], known=2, last=True, lanes=2).all_done
    assert store.get(job_id).total == 20


def test_a_second_split_does_not_add_its_parts(store: JobStore) -> None:
    """Parts are recorded only behind those the caller knew of, so two splits cannot both add."""
    job_id, _ = running(store, 2, lanes=2, last=False)
    assert store.add_parts(job_id, parts(2), known=0, last=False, lanes=2) == Walk()
    assert store.last_part(job_id) == (2, parts(2)[-1])
    assert store.parts(job_id) == parts(2)


def test_attempts_at_a_part_are_counted(store: JobStore) -> None:
    """Each time a part is taken up it is told how often that has happened."""
    job_id, _ = running(store, 1, lanes=1)
    begun = [store.begin_part(job_id, 0) for _ in range(3)]
    assert [one and one.attempts for one in begun] == [1, 2, 3]
    assert begun[0] is not None
    assert begun[0].part == parts(1)[0]


def test_nothing_is_done_for_an_ended_job(store: JobStore) -> None:
    """After a cancel no part is begun, marked or added."""
    job_id, _ = running(store, 2, lanes=1, last=False)
    assert store.move(job_id, State.CANCELLED)
    assert store.begin_part(job_id, 0) is None
    assert complete(store, job_id, 0) == Walk()
    assert store.add_parts(job_id, parts(1, first=2), known=2, last=True, lanes=1) == Walk()
    assert store.get(job_id).rows_done == 0


def test_nothing_is_done_for_a_deleted_job(store: JobStore) -> None:
    """After a delete a late part leaves no trace."""
    job_id, _ = running(store, 2, lanes=1)
    store.delete(job_id)
    assert store.begin_part(job_id, 0) is None
    assert complete(store, job_id, 0) == Walk()
    assert store.list_jobs(10) == []
    with pytest.raises(JobNotFound):
        store.get(job_id)


def test_the_bell_rings_for_everybody(store: JobStore) -> None:
    """A job that ended wakes whoever waits, also the one who comes later."""
    job_id, _ = running(store, 1, lanes=1)
    assert not store.wait(job_id, 0.05)
    store.move(job_id, State.SUCCEEDED)
    assert store.wait(job_id, 5)
    assert store.wait(job_id, 5)


def test_the_doorbell_is_for_the_first_that_waits(store: JobStore) -> None:
    """Only a job that finds the waiting list empty has the doorbell rung."""
    assert [small(store, 1)[1] for _ in range(3)] == [True, False, False]
    store.take_small(MODEL, 100)
    assert small(store, 1)[1] is True


def test_small_jobs_are_taken_in_their_order_up_to_the_batch(store: JobStore) -> None:
    """A batch holds the oldest jobs whose rows fit, and the rest waits."""
    ids = [small(store, 4)[0] for _ in range(3)]
    taken, waiting = store.take_small(MODEL, 10)
    assert [job.id for job in taken] == ids[:2]
    assert [job.rows.count(b"\n") for job in taken] == [4, 4]
    assert waiting == 1
    assert store.waiting_small(MODEL) == 1


def test_a_job_larger_than_the_batch_is_taken_alone(store: JobStore) -> None:
    """A job with more rows than the batch limit does not wait for ever."""
    large, _ = small(store, 40)
    small(store, 1)
    taken, waiting = store.take_small(MODEL, 10)
    assert [job.id for job in taken] == [large]
    assert waiting == 1


def test_an_answer_closes_a_small_job(store: JobStore) -> None:
    """An answered job has succeeded, has its counts and its result, and its bell has rung."""
    job_id, _ = small(store, 2)
    store.take_small(MODEL, 10)
    assert store.get(job_id).state is State.RUNNING
    store.answer_small([(job_id, b"1,0.5,\n2,,bad\n", 1, 1)])
    job = store.get(job_id)
    assert (job.state, job.completed, job.failed) == (State.SUCCEEDED, 1, 1)
    assert store.small_result(job_id) == b"1,0.5,\n2,,bad\n"
    assert store.wait(job_id, 5)


def test_an_answer_to_a_cancelled_job_is_dropped(store: JobStore) -> None:
    """A job that was cancelled while it was scored stays cancelled."""
    job_id, _ = small(store, 1)
    store.take_small(MODEL, 10)
    store.move(job_id, State.CANCELLED)
    store.answer_small([(job_id, b"1,0.5,\n", 1, 0)])
    assert store.get(job_id).state is State.CANCELLED
    assert store.small_result(job_id) == b""


def test_cancelled_and_deleted_small_jobs_are_not_taken(store: JobStore) -> None:
    """Jobs that ended while they waited are passed over."""
    cancelled, deleted, left = (small(store, 1)[0] for _ in range(3))
    store.move(cancelled, State.CANCELLED)
    store.delete(deleted)
    taken, waiting = store.take_small(MODEL, 10)
    assert [job.id for job in taken] == [left]
    assert waiting == 0


def test_what_a_dead_worker_took_is_put_back_and_then_goes_alone(make_store: MakeStore) -> None:
    """A claim that ran out is returned, in front, and taken by itself: it may be the killer."""
    store = make_store(lease_seconds=0.01)
    lost = [small(store, 1)[0] for _ in range(2)]
    store.take_small(MODEL, 10)
    fresh, _ = small(store, 1)
    assert wait_for(store.return_small) == [MODEL]
    assert store.return_small() == []
    batches = [[job.id for job in store.take_small(MODEL, 10)[0]] for _ in range(3)]
    assert sorted(batches[0] + batches[1]) == sorted(lost)
    assert batches[2] == [fresh]


def test_a_transient_job_is_not_listed(store: JobStore) -> None:
    """The jobs behind POST /sentiment do not fill the list."""
    job_id, _ = small(store, 1, transient=True)
    assert store.list_jobs(10) == []
    store.take_small(MODEL, 10)
    store.answer_small([(job_id, b"1,0.5,\n", 1, 0)])
    assert store.small_result(job_id) == b"1,0.5,\n"


def test_a_lost_split_is_overdue_once_a_lease(make_store: MakeStore) -> None:
    """A job that nobody splits is named after its lease, and then not again at once."""
    store = make_store(lease_seconds=0.5)
    job = a_job()
    store.create(job)
    assert store.overdue(MODEL) == []
    overdue = wait_for(lambda: store.overdue(MODEL))
    assert store.overdue("other@0123456789ab") == []
    assert [(one.job.spec.id, one.split) for one in overdue] == [(job.spec.id, True)]
    assert store.overdue(MODEL) == []


def test_lost_parts_are_overdue(make_store: MakeStore) -> None:
    """Parts that were handed out and not done within their lease are named; no others are."""
    store = make_store(lease_seconds=0.5)
    job_id, _ = running(store, 4, lanes=3)
    complete(store, job_id, 1, lanes=0)
    assert store.overdue(MODEL) == []
    assert [one.parts for one in wait_for(lambda: store.overdue(MODEL))] == [[0, 2]]
    assert store.overdue(MODEL) == []


def test_a_lost_finish_is_overdue(store: JobStore) -> None:
    """A job whose parts are all done and that still runs is named for finishing."""
    job_id, _ = running(store, 1, lanes=1)
    complete(store, job_id, 0)
    assert [one.finish for one in store.overdue(MODEL)] == [True]
    store.move(job_id, State.SUCCEEDED)
    assert store.overdue(MODEL) == []


def test_one_reconciles_at_a_time(store: JobStore) -> None:
    """While the lock is held nobody else has it; then it is free again."""
    with store.reconciling(10) as first, store.reconciling(10) as second:
        assert (first, second) == (True, False)
    with store.reconciling(10) as third:
        assert third


def test_ended_jobs_expire_after_their_time(make_store: MakeStore) -> None:
    """After the retention a job is expired, its result gone and its id known as such."""
    store = make_store(retention_seconds=0.01)
    job_id, _ = small(store, 1)
    store.take_small(MODEL, 10)
    assert store.expire(10) == []
    store.answer_small([(job_id, b"1,0.5,\n", 1, 0)])
    assert [job.spec.id for job in wait_for(lambda: store.expire(10))] == [job_id]
    assert store.expire(10) == []
    assert store.small_result(job_id) == b""
    assert store.list_jobs(10) == []
    with pytest.raises(JobExpired):
        store.get(job_id)
