"""The contract of the job store: small jobs, questions, and the expiry of jobs."""

import pytest
from support.stored import MODEL, MakeStore, a_job, question, small
from support.waiting import wait_for

from shared.errors.service import JobExpired
from shared.jobs.job_store import Answer, BadRow, JobStore
from shared.jobs.state import State


def test_the_doorbell_is_for_the_first_that_waits(store: JobStore) -> None:
    """Only a job that finds the waiting list empty rings the doorbell."""
    assert [small(store, 1)[1] for _ in range(3)] == [True, False, False]
    store.take_small(MODEL, 100)
    assert small(store, 1)[1] is True


def test_small_jobs_are_taken_in_their_order_up_to_the_batch(store: JobStore) -> None:
    """A batch takes the oldest jobs whose rows fit; the others wait."""
    ids = [small(store, 4)[0] for _ in range(3)]
    taken, waiting = store.take_small(MODEL, 10)
    assert [job.id for job in taken] == ids[:2]
    assert [job.rows.count(b"\n") for job in taken] == [4, 4]
    assert waiting == 1
    assert store.waiting_small(MODEL) == 1


def test_a_job_larger_than_the_batch_is_taken_alone(store: JobStore) -> None:
    """A job with more rows than a batch is taken alone."""
    large, _ = small(store, 40)
    small(store, 1)
    taken, waiting = store.take_small(MODEL, 10)
    assert [job.id for job in taken] == [large]
    assert waiting == 1


def test_an_answer_closes_a_small_job(store: JobStore) -> None:
    """An answered job has succeeded, with its counts and its result, and has rung its bell."""
    job_id, _ = small(store, 2)
    store.take_small(MODEL, 10)
    assert store.get(job_id).state is State.RUNNING
    store.answer_small([Answer(job_id, b"1,0.5,\n2,,bad\n", 1, 1)])
    job = store.get(job_id)
    assert (job.state, job.completed, job.failed) == (State.SUCCEEDED, 1, 1)
    assert store.small_result(job_id) == b"1,0.5,\n2,,bad\n"
    assert store.wait(job_id, 5)


def test_an_answer_to_a_cancelled_job_is_dropped(store: JobStore) -> None:
    """A job that was cancelled while it was scored stays cancelled."""
    job_id, _ = small(store, 1)
    store.take_small(MODEL, 10)
    store.move(job_id, State.CANCELLED)
    store.answer_small([Answer(job_id, b"1,0.5,\n", 1, 0)])
    assert store.get(job_id).state is State.CANCELLED
    assert store.small_result(job_id) == b""


def test_cancelled_and_deleted_small_jobs_are_not_taken(store: JobStore) -> None:
    """Waiting jobs that were cancelled or deleted are not taken."""
    cancelled, deleted, left = (small(store, 1)[0] for _ in range(3))
    store.move(cancelled, State.CANCELLED)
    store.delete(deleted)
    taken, waiting = store.take_small(MODEL, 10)
    assert [job.id for job in taken] == [left]
    assert waiting == 0


def test_jobs_of_a_dead_worker_are_put_back_and_taken_alone(make_store: MakeStore) -> None:
    """A job whose lease is over goes to the front, and is taken alone: it may be the killer."""
    store = make_store(lease_seconds=0.01)
    lost = [small(store, 1)[0] for _ in range(2)]
    store.take_small(MODEL, 10)
    fresh, _ = small(store, 1)
    assert wait_for(store.return_small) == [MODEL]
    assert store.return_small() == []
    batches = [[job.id for job in store.take_small(MODEL, 10)[0]] for _ in range(3)]
    assert sorted(batches[0] + batches[1]) == sorted(lost)
    assert batches[2] == [fresh]


def test_questions_and_jobs_share_a_waiting_list(store: JobStore) -> None:
    """A question is taken in its turn among small jobs, with its rows and its address."""
    first, _ = small(store, 2)
    asked = question(3)
    assert store.ask(MODEL, asked) is False
    last, _ = small(store, 1)
    taken, waiting = store.take_small(MODEL, 100)
    assert [job.id for job in taken] == [first, asked.id, last]
    assert (taken[1].rows, taken[1].reply_to, taken[1].attempts) == (asked.rows, "here", 1)
    assert [job.reply_to for job in taken] == ["", "here", ""]
    assert waiting == 0


def test_an_answer_goes_to_its_asker(store: JobStore) -> None:
    """Each asker gets the answers to its own questions; the answer to a job goes to its record."""
    job_id, _ = small(store, 1)
    mine, theirs = question(reply_to="me"), question(reply_to="them")
    assert store.listen("me", 0.01) == []
    store.take_small(MODEL, 10)
    store.answer_small(
        [
            Answer(theirs.id, b"1,0.1,\n", 1, 0, theirs.reply_to),
            Answer(job_id, b"1,0.2,\n", 1, 0),
            Answer(mine.id, b"1,0.3,\xc3\xa9\n", 0, 1, mine.reply_to),
        ]
    )
    assert store.listen("me", 5) == [(mine.id, b"1,0.3,\xc3\xa9\n")]
    assert store.listen("them", 5) == [(theirs.id, b"1,0.1,\n")]
    assert store.small_result(job_id) == b"1,0.2,\n"


def test_a_question_asked_again_goes_alone(store: JobStore) -> None:
    """A question that was asked in vain may have killed its worker: it is taken alone."""
    questions = [question(), question(asked=1), question()]
    for one in questions:
        store.ask(MODEL, one)
    batches = [[job.id for job in store.take_small(MODEL, 10)[0]] for _ in range(3)]
    assert batches == [[one.id] for one in questions]


def test_a_question_can_be_taken_back_while_it_waits(store: JobStore) -> None:
    """A withdrawn question is not scored."""
    waiting, dropped = question(), question()
    for one in (waiting, dropped):
        store.ask(MODEL, one)
    assert store.is_waiting(MODEL, dropped)
    store.withdraw(MODEL, dropped)
    assert not store.is_waiting(MODEL, dropped)
    assert [job.id for job in store.take_small(MODEL, 10)[0]] == [waiting.id]
    assert not store.is_waiting(MODEL, waiting)
    store.withdraw(MODEL, waiting)


def test_ended_jobs_expire_after_their_time(make_store: MakeStore) -> None:
    """After the retention a job is expired and its result gone, and its id is still known."""
    store = make_store(retention_seconds=0.01)
    job_id, _ = small(store, 1)
    store.take_small(MODEL, 10)
    assert store.expire(10) == []
    store.answer_small([Answer(job_id, b"1,0.5,\n", 1, 0)])
    assert [job.spec.id for job in wait_for(lambda: store.expire(10))] == [job_id]
    assert store.expire(10) == []
    assert store.small_result(job_id) == b""
    assert store.list_jobs(10) == []
    with pytest.raises(JobExpired):
        store.get(job_id)


def test_the_rows_of_a_small_job_are_kept_until_it_succeeds(store: JobStore) -> None:
    """A small job that was cancelled, or failed by its bad rows, keeps its rows for a retry."""
    succeeds, _ = small(store, 1)
    cancelled, _ = small(store, 2)
    fails = a_job("small", total=1)
    fails = fails.model_copy(update={"spec": fails.spec.model_copy(update={"tolerance": 0.0})})
    store.create(fails, b'["1", ""]\n')
    assert store.small_rows(succeeds) == b'["1", "text"]\n'
    store.take_small(MODEL, 10)
    store.move(cancelled, State.CANCELLED)
    bad = BadRow(0, "row 1")
    store.answer_small(
        [Answer(succeeds, b"1,0.5,\n", 1, 0), Answer(fails.spec.id, b"", 0, 1, bad=bad)]
    )
    assert store.small_rows(succeeds) == b""
    assert store.small_rows(cancelled) == b'["1", "text"]\n' * 2
    assert store.small_rows(fails.spec.id) == b'["1", ""]\n'
    assert store.small_rows("0" * 32) == b""
