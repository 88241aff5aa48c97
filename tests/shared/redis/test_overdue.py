"""The contract of the job store: what the reconciler uses."""

from support.stored import MODEL, MakeStore, a_job, complete, running
from support.waiting import wait_for

from shared.jobs.job_store import FINISH, SPLIT, JobStore, Step
from shared.jobs.state import State


def test_a_lost_split_is_overdue_once_a_lease(make_store: MakeStore) -> None:
    """A job that no process splits is overdue after its lease, and then not again at once.

    Before its turn has come nobody is to split it.
    """
    store = make_store(lease_seconds=0.5)
    job, later = a_job(), a_job()
    store.create(job)
    store.create(later)
    assert store.hand_out(MODEL, lanes=1) == [Step(job.spec.id, SPLIT)]
    assert store.overdue([MODEL]) == []
    overdue = wait_for(lambda: store.overdue([MODEL]))
    assert store.overdue(["other@0123456789ab"]) == []
    assert [(one.job.spec.id, one.split) for one in overdue] == [(job.spec.id, True)]
    assert store.overdue([MODEL]) == []


def test_lost_parts_are_overdue(make_store: MakeStore) -> None:
    """Only parts that were handed out and not done within their lease are overdue."""
    store = make_store(lease_seconds=0.5)
    job_id, _ = running(store, 4, lanes=3)
    complete(store, job_id, 1, lanes=0)
    assert store.overdue([MODEL]) == []
    assert [one.parts for one in wait_for(lambda: store.overdue([MODEL]))] == [[0, 2]]
    assert store.overdue([MODEL]) == []


def test_a_lost_finish_is_overdue(store: JobStore) -> None:
    """A running job whose parts are all done is overdue for its finish."""
    job_id, _ = running(store, 1, lanes=1)
    complete(store, job_id, 0)
    assert [one.finish for one in store.overdue([MODEL])] == [True]
    store.move(job_id, State.SUCCEEDED)
    assert store.overdue([MODEL]) == []


def test_a_finish_is_taken_up_by_one_at_a_time(make_store: MakeStore) -> None:
    """The finish can be begun when all parts are done, by one process within a lease."""
    store = make_store(lease_seconds=0.5)
    job_id, _ = running(store, 2, lanes=2)
    complete(store, job_id, 0)
    assert not store.begin_finish(job_id)
    complete(store, job_id, 1)
    assert store.begin_finish(job_id)
    assert not store.begin_finish(job_id)
    assert store.overdue([MODEL]) == []
    [late] = wait_for(lambda: store.overdue([MODEL]))
    assert (late.finish, late.parts) == (True, [])
    assert store.begin_finish(job_id)
    assert store.move(job_id, State.SUCCEEDED)
    assert not store.begin_finish(job_id)
    assert not store.begin_finish("0" * 32)


def test_a_finish_that_is_held_up(make_store: MakeStore) -> None:
    """The lease of a finish is renewed, and given back with a reason, like that of a part."""
    store = make_store(lease_seconds=0.5)
    job_id, _ = running(store, 1, lanes=1)
    complete(store, job_id, 0)
    assert store.begin_finish(job_id)
    store.renew_part(job_id, FINISH)
    store.hold_up(job_id, FINISH, "the disk is full")
    assert store.get(job_id).held_up == "the disk is full"
    assert not store.begin_finish(job_id)
    assert wait_for(lambda: store.begin_finish(job_id))
    assert store.move(job_id, State.SUCCEEDED)
    assert store.get(job_id).held_up is None


def test_one_reconciles_at_a_time(store: JobStore) -> None:
    """One process holds the reconciler's lock; afterwards it is free."""
    with store.reconciling(10) as first, store.reconciling(10) as second:
        assert (first, second) == (True, False)
    with store.reconciling(10) as third:
        assert third
