"""The contract of the job store: a callback is due when its job ends, and is never lost."""

from collections.abc import Callable
from typing import Any

import pytest
from support.stored import MODEL, MakeStore, a_job, parts
from support.waiting import wait_for

from shared.jobs.job import Job
from shared.jobs.job_store import Answer, BadRow, JobStore
from shared.jobs.state import CallbackState, State

URL = "https://example.org/scored"


def called(kind: str = "bulk", total: int | None = None, **more: Any) -> Job:
    job = a_job(kind, total=total)
    spec = job.spec.model_copy(update={"callback_url": URL, **more})
    return job.model_copy(update={"spec": spec})


def of(store: JobStore, job: Job) -> tuple[CallbackState | None, int | None, str | None]:
    found = store.get(job.spec.id)
    return found.callback_state, found.callback_attempts, found.callback_error


def ended(store: JobStore, **more: Any) -> Job:
    job = called(**more)
    store.create(job)
    assert store.move(job.spec.id, State.CANCELLED)
    return job


def by_moves(state: State) -> Callable[[JobStore], Job]:
    def end(store: JobStore) -> Job:
        job = called()
        store.create(job)
        store.move(job.spec.id, State.RUNNING)
        assert store.take_callbacks(10, 60) == []
        assert of(store, job) == (CallbackState.WAITING, None, None)
        assert store.move(job.spec.id, state)
        return job

    return end


def by_bad_rows(store: JobStore) -> Job:
    job = called(tolerance=0.0)
    store.create(job)
    store.move(job.spec.id, State.RUNNING)
    store.add_parts(job.spec.id, parts(1), known=0, last=True, lanes=1)
    store.complete_part(
        job.spec.id, 0, completed=9, failed=1, lanes=1, bad=BadRow(0, "row 1: the text is empty")
    )
    return job


def by_an_answer(store: JobStore) -> Job:
    job = called("small", 1)
    store.create(job, b'["1", "text"]\n')
    store.take_small(MODEL, 10)
    store.answer_small([Answer(job.spec.id, b"1,0.5,\n", 1, 0)])
    return job


@pytest.mark.parametrize(
    "end",
    [
        by_moves(State.SUCCEEDED),
        by_moves(State.FAILED),
        by_moves(State.CANCELLED),
        by_bad_rows,
        by_an_answer,
    ],
)
def test_every_end_makes_the_callback_due(store: JobStore, end: Callable[[JobStore], Job]) -> None:
    """Every kind of end makes the callback due, once, and for one taker at a time."""
    job = end(store)
    assert of(store, job) == (CallbackState.PENDING, None, None)
    assert store.take_callbacks(10, 60) == [(job.spec.id, 1)]
    assert store.take_callbacks(10, 60) == []


def test_a_job_without_a_callback_url_is_never_due(store: JobStore) -> None:
    """A job without a callback_url never becomes due, however it ends."""
    job = a_job()
    store.create(job)
    store.move(job.spec.id, State.CANCELLED)
    assert store.take_callbacks(10, 60) == []
    assert of(store, job) == (None, None, None)


def test_a_callback_of_a_dead_taker_is_due_again(store: JobStore) -> None:
    """A callback whose taker died is due again after the lease, and counts another attempt."""
    job = ended(store)
    assert store.take_callbacks(10, 0.01) == [(job.spec.id, 1)]
    assert wait_for(lambda: store.take_callbacks(10, 60)) == [(job.spec.id, 2)]


def test_a_callback_is_tried_until_it_is_delivered(store: JobStore) -> None:
    """A failed callback is due again at its time; the job shows the attempts and the last error."""
    job = ended(store)
    store.take_callbacks(10, 60)
    store.note_callback(job.spec.id, CallbackState.PENDING, error="it answered 500", again_in=60)
    assert of(store, job) == (CallbackState.PENDING, 1, "it answered 500")
    assert store.take_callbacks(10, 60) == []
    store.note_callback(job.spec.id, CallbackState.PENDING, error="it answered 500", again_in=0)
    assert wait_for(lambda: store.take_callbacks(10, 60)) == [(job.spec.id, 2)]
    store.note_callback(job.spec.id, CallbackState.DELIVERED)
    assert of(store, job) == (CallbackState.DELIVERED, 2, None)
    store.note_callback(job.spec.id, CallbackState.PENDING, error="late")
    assert of(store, job) == (CallbackState.DELIVERED, 2, None)
    assert store.take_callbacks(10, 60) == []


def test_giving_back_costs_no_attempt(store: JobStore) -> None:
    """A callback that is given back counts no attempt, and is due again after the given time."""
    job = ended(store)
    store.take_callbacks(10, 60)
    store.return_callback(job.spec.id, 60)
    assert store.take_callbacks(10, 60) == []
    store.return_callback(job.spec.id, 0)
    assert wait_for(lambda: store.take_callbacks(10, 60)) == [(job.spec.id, 1)]
    store.note_callback(job.spec.id, CallbackState.DELIVERED)
    store.return_callback(job.spec.id, 0)
    assert store.take_callbacks(10, 60) == []


def test_at_most_the_requested_number_is_taken(store: JobStore) -> None:
    """At most the requested number is taken; the other callbacks stay due."""
    ids = {ended(store).spec.id for _ in range(3)}
    taken = [*store.take_callbacks(2, 60), *store.take_callbacks(2, 60)]
    assert {job_id for job_id, _ in taken} == ids
    assert store.take_callbacks(0, 60) == []


def test_deleted_and_expired_jobs_are_not_called_back(make_store: MakeStore) -> None:
    """A job that was deleted or has expired is not called back."""
    store = make_store(retention_seconds=0.01)
    deleted, expired = ended(store), ended(store)
    store.delete(deleted.spec.id)
    wait_for(lambda: store.expire(10))
    assert store.take_callbacks(10, 60) == []
    store.note_callback(expired.spec.id, CallbackState.DELIVERED)


def test_a_restored_job_has_its_callback(store: JobStore) -> None:
    """A restored job is called back at its end; at once if it had ended undelivered; else never."""
    unfinished = called()
    store.restore(unfinished, [])
    assert of(store, unfinished)[0] is CallbackState.WAITING
    for state, due in ((CallbackState.PENDING, True), (CallbackState.DELIVERED, False)):
        ending = {"state": State.CANCELLED, "finished_at": 1e9, "callback_state": state}
        job = called().model_copy(update=ending)
        store.restore(job, [])
        taken = store.take_callbacks(10, 60)
        assert [job_id for job_id, _ in taken] == ([job.spec.id] if due else [])
        assert of(store, job)[0] is state
    store.move(unfinished.spec.id, State.CANCELLED)
    assert store.take_callbacks(10, 60) == [(unfinished.spec.id, 1)]
