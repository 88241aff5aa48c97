"""The contract of the job store: what was counted of rows is counted once."""

from support.stored import MODEL, MakeStore, running
from support.waiting import wait_for

from shared.jobs.state import State
from shared.jobs.summary import Summary

NAME = "0:0a1b2c3d"


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
