"""The contract of the job store: what was counted of rows is counted once."""

import pytest
from support.stored import MODEL, MakeStore, question, running, small
from support.waiting import wait_for

from shared.drift.counts import sum_of
from shared.jobs.job_store import Answer, JobStore
from shared.jobs.state import State
from shared.jobs.summary import Summary

NAME, OTHER = "0:0a1b2c3d", "1:0a1b2c3d"


def answered(store: JobStore, answers: list[Answer]) -> dict[str, tuple[int, ...]]:
    """Answer these, and return what the day has then."""
    counts = sum_of(answer.watched for answer in answers)
    store.answer_small(answers, watched={MODEL: counts})
    return store.watched_in_day(MODEL)


def answer_of(
    item: str, counts: tuple[int, ...], *, reply_to: str = "", name: str = NAME
) -> Answer:
    watched = {name: counts}
    return Answer(item, b"1,0.5,\n", 1, 0, reply_to, full_name=MODEL, watched=watched)


def test_a_bulk_job_is_counted_when_it_ends_and_not_when_it_expires(make_store: MakeStore) -> None:
    """The day has the rows of a job once, also after the job has expired."""
    store = make_store(retention_seconds=0.01)
    job_id, _ = running(store, 1, 1)
    summary = Summary(watched={NAME: (1, 2)})
    store.complete_part(job_id, 0, completed=3, failed=0, lanes=1, summary=summary)
    assert store.watched_in_day(MODEL) == {}
    assert store.move(job_id, State.SUCCEEDED)
    assert store.watched_in_day(MODEL) == {NAME: (1, 2)}
    assert [job.spec.id for job in wait_for(lambda: store.expire(10))] == [job_id]
    assert store.watched_in_day(MODEL) == {NAME: (1, 2)}


def test_the_same_answers_are_counted_once(store: JobStore) -> None:
    """Answers that are sent again, or were scored twice, add nothing; new ones among them do."""
    asked, later = question(), question()
    job_id, _ = small(store, 1)
    for one in (asked, later):
        store.ask(MODEL, one)
    store.take_small(MODEL, 10)
    first = [answer_of(job_id, (1, 2)), answer_of(asked.id, (3, 4), reply_to="here")]
    for _ in range(2):
        assert answered(store, first) == {NAME: (4, 6)}
    last = answer_of(later.id, (10, 0), reply_to="here")
    assert answered(store, [*first, last]) == {NAME: (14, 6)}


@pytest.mark.parametrize("end", ["cancelled", "deleted"])
def test_a_job_that_nobody_wants_any_more_is_not_counted(store: JobStore, end: str) -> None:
    """Of jobs that are scored together only those count that still run when they are answered."""
    dropped, kept = (small(store, 1)[0] for _ in range(2))
    store.take_small(MODEL, 10)
    if end == "cancelled":
        store.move(dropped, State.CANCELLED)
    else:
        store.delete(dropped)
    answers = [answer_of(dropped, (1, 2)), answer_of(kept, (3, 4))]
    answers.append(answer_of(dropped, (5, 6), name=OTHER))
    assert answered(store, answers) == {NAME: (3, 4)}


def test_a_withdrawn_question_is_not_counted(store: JobStore) -> None:
    """Its usage is not counted either; one that is answered with it is."""
    dropped, kept = question(), question()
    for one in (dropped, kept):
        store.ask(MODEL, one)
    store.take_small(MODEL, 10)
    store.withdraw(MODEL, dropped)
    answers = [answer_of(one.id, (0, 1), reply_to="here") for one in (dropped, kept)]
    assert answered(store, answers) == {NAME: (0, 1)}
