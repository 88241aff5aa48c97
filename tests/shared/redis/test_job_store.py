"""The contract of the job store: jobs, and the parts of bulk jobs."""

import pytest
from support.stored import a_job, complete, dispatched, parts, running

from shared.errors.service import JobNotFound
from shared.jobs.job_ids import new_job_id
from shared.jobs.job_store import JobStore, Step, Walk
from shared.jobs.state import State


def test_a_new_job_is_queued(store: JobStore) -> None:
    """A new job is queued, and nothing of it is done."""
    job = a_job()
    assert store.create(job) is False
    found = store.get(job.spec.id)
    assert (found.spec, found.state, found.rows_done) == (job.spec, State.QUEUED, 0)
    assert found.total is None


def test_a_secret_for_signatures(store: JobStore) -> None:
    """It is long, and the same whenever it is asked for."""
    secret = store.link_secret()
    assert len(secret) == 32
    assert len(set(secret)) > 8
    assert store.link_secret() == secret


def test_an_unknown_job_is_not_found(store: JobStore) -> None:
    """Getting an unknown id raises JobNotFound."""
    with pytest.raises(JobNotFound):
        store.get(new_job_id())


def test_only_legal_moves_are_made(store: JobStore) -> None:
    """A job moves along `MOVES` only; an ended job keeps its end."""
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
    """Moving a deleted job does not make a record again."""
    job = a_job()
    store.create(job)
    store.delete(job.spec.id)
    assert not store.move(job.spec.id, State.RUNNING)
    with pytest.raises(JobNotFound):
        store.get(job.spec.id)


def test_lists_the_newest_first(store: JobStore) -> None:
    """The list has the newest job first; a page begins after the id `before`."""
    ids = []
    for _ in range(5):
        job = a_job()
        store.create(job)
        ids.append(job.spec.id)
    newest = sorted(ids, reverse=True)
    assert [job.spec.id for job in store.list_jobs(3)] == newest[:3]
    assert [job.spec.id for job in store.list_jobs(3, before=newest[2])] == newest[3:]


def test_no_more_parts_than_lanes_are_under_way(store: JobStore) -> None:
    """At most `lanes` parts are handed out; each completed part lets in the next."""
    job_id, walk = running(store, 5, lanes=2)
    assert dispatched(walk) == [0, 1]
    assert dispatched(complete(store, job_id, 0)) == [2]
    assert dispatched(complete(store, job_id, 2)) == [3]
    assert dispatched(complete(store, job_id, 3, lanes=3)) == [4]


def test_lanes_that_ran_dry_are_filled_by_the_next_parts(store: JobStore) -> None:
    """If all parts are done before the split goes on, its next parts are handed out at once."""
    job_id, _ = running(store, 1, lanes=2, last=False)
    done = complete(store, job_id, 0)
    assert (done.dispatch, done.all_done) == ([], False)
    walk = store.add_parts(job_id, parts(3, first=1), known=1, last=True, lanes=2)
    assert dispatched(walk) == [1, 2]


def test_a_part_counts_once(store: JobStore) -> None:
    """Completing a part a second time changes no count and hands out nothing."""
    job_id, _ = running(store, 3, lanes=1)
    assert complete(store, job_id, 0, lanes=1) == Walk(True, False, [Step(job_id, 1)])
    assert complete(store, job_id, 0, lanes=1) == Walk(wanted=True)
    job = store.get(job_id)
    assert (job.completed, job.failed, job.parts_done) == (9, 1, 1)
    assert store.begin_part(job_id, 0) is None


def test_the_last_part_done_says_so(store: JobStore) -> None:
    """`all_done` comes with the last part, and only when no more parts can come."""
    job_id, _ = running(store, 2, lanes=2, last=False)
    assert not complete(store, job_id, 0).all_done
    assert not complete(store, job_id, 1).all_done
    assert store.add_parts(job_id, [], known=2, last=True, lanes=2).all_done
    assert store.get(job_id).total == 20


def test_a_second_split_does_not_add_its_parts(store: JobStore) -> None:
    """Parts are recorded only after the known ones, so two splits cannot both append."""
    job_id, _ = running(store, 2, lanes=2, last=False)
    assert store.add_parts(job_id, parts(2), known=0, last=False, lanes=2) == Walk()
    assert store.last_part(job_id) == (2, parts(2)[-1])
    assert store.parts(job_id, 0, 9) == parts(2)
    assert store.parts(job_id, 1, 2) == parts(2)[1:]


def test_attempts_at_a_part_are_counted(store: JobStore) -> None:
    """Each start of a part returns the number of its attempts."""
    job_id, _ = running(store, 1, lanes=1)
    begun = [store.begin_part(job_id, 0) for _ in range(3)]
    assert [one and one.attempts for one in begun] == [1, 2, 3]
    assert begun[0] is not None
    assert begun[0].part == parts(1)[0]


def test_a_note_is_for_the_next_attempt(store: JobStore) -> None:
    """The next attempt at a part gets its last note; other parts get none."""
    job_id, _ = running(store, 2, lanes=2)
    first = store.begin_part(job_id, 0)
    assert first
    assert first.note == ""
    store.note(job_id, 0, "first")
    store.note(job_id, 0, "second")
    begun = [store.begin_part(job_id, part) for part in (0, 1, 1)]
    assert [one and one.note for one in begun] == ["second", "", ""]


def test_nothing_is_done_for_an_ended_job(store: JobStore) -> None:
    """After a cancel no part is begun, completed or added."""
    job_id, _ = running(store, 2, lanes=1, last=False)
    assert store.move(job_id, State.CANCELLED)
    assert store.begin_part(job_id, 0) is None
    assert complete(store, job_id, 0) == Walk()
    assert store.add_parts(job_id, parts(1, first=2), known=2, last=True, lanes=1) == Walk()
    assert store.get(job_id).rows_done == 0


def test_nothing_is_done_for_a_deleted_job(store: JobStore) -> None:
    """After a delete a late part leaves no key."""
    job_id, _ = running(store, 2, lanes=1)
    store.delete(job_id)
    assert store.begin_part(job_id, 0) is None
    assert complete(store, job_id, 0) == Walk()
    store.note(job_id, 0, "late")
    assert store.list_jobs(10) == []
    with pytest.raises(JobNotFound):
        store.get(job_id)


def test_the_bell_rings_for_everybody(store: JobStore) -> None:
    """The end of a job wakes all waiting callers, and a later caller does not wait."""
    job_id, _ = running(store, 1, lanes=1)
    assert not store.wait(job_id, 0.05)
    store.move(job_id, State.SUCCEEDED)
    assert store.wait(job_id, 5)
    assert store.wait(job_id, 5)
