"""The contract of the job store: the tolerance for bad rows, and the retention of a job."""

from typing import Any

import pytest
from support.stored import MODEL, MakeStore, a_job, parts

from shared.jobs.job import Job
from shared.jobs.job_store import Answer, BadRow, JobStore, Walk
from shared.jobs.state import State

BAD = BadRow(4, "row 5 (ref 'x'): the text is empty")


def with_terms(kind: str, total: int | None = None, **terms: Any) -> Job:
    job = a_job(kind, total=total)
    return job.model_copy(update={"spec": job.spec.model_copy(update=terms)})


def started(store: JobStore, tolerance: float, *, last: bool = True) -> str:
    """A running job of four parts of ten rows."""
    job = with_terms("bulk", tolerance=tolerance)
    store.create(job)
    store.move(job.spec.id, State.RUNNING)
    store.add_parts(job.spec.id, parts(4), known=0, last=last, lanes=4)
    return job.spec.id


def complete(store: JobStore, job_id: str, part: int, bad: BadRow | None, failed: int = 1) -> Walk:
    failed = failed if bad else 0
    return store.complete_part(job_id, part, completed=10 - failed, failed=failed, lanes=4, bad=bad)


def test_the_first_bad_row_fails_a_job_with_tolerance_0(store: JobStore) -> None:
    """A job with tolerance 0 fails at its first bad row, whether or not its rows are counted."""
    job_id = started(store, 0.0, last=False)
    assert complete(store, job_id, 0, None) == Walk(wanted=True)
    assert complete(store, job_id, 1, BAD) == Walk(failed=True)
    job = store.get(job_id)
    assert job.state is State.FAILED
    assert job.error == (
        "More rows have an error than on_error=fail allows: 1 so far. The first found is row 5 "
        "(ref 'x'): the text is empty."
    )
    assert (job.completed, job.failed, job.parts_done) == (19, 1, 2)
    assert job.finished_at is not None
    assert store.wait(job_id, 1)
    assert complete(store, job_id, 2, BAD) == Walk()
    assert store.add_parts(job_id, [], known=4, last=True, lanes=4) == Walk()
    assert store.overdue([MODEL]) == []


def test_a_job_fails_as_soon_as_its_share_is_exceeded(store: JobStore) -> None:
    """A job of 40 rows that tolerates a twentieth fails at the third bad row."""
    job_id = started(store, 0.05)
    assert complete(store, job_id, 3, BadRow(31, "row 32"), 2).wanted
    assert complete(store, job_id, 3, BadRow(31, "row 32"), 2).wanted
    assert complete(store, job_id, 2, None).wanted
    assert complete(store, job_id, 0, BAD) == Walk(failed=True)
    error = store.get(job_id).error or ""
    assert error.startswith("More rows have an error than on_error=0.05 allows: 3 of 40. ")
    assert "row 5 (ref 'x')" in error


def test_the_end_of_the_split_may_fail_a_job(store: JobStore) -> None:
    """A share is not compared until the split is complete and the rows are counted."""
    job_id = started(store, 0.1, last=False)
    for part in range(4):
        assert complete(store, job_id, part, BAD, 2).wanted
    assert store.get(job_id).state is State.RUNNING
    assert store.add_parts(job_id, [], known=4, last=True, lanes=4) == Walk(failed=True)
    assert "8 of 40." in (store.get(job_id).error or "")
    assert not store.move(job_id, State.SUCCEEDED)


@pytest.mark.parametrize(("tolerance", "bad"), [(1.0, 10), (0.25, 10), (0.3, 12)])
def test_the_tolerated_share_does_not_fail_a_job(
    store: JobStore, tolerance: float, bad: int
) -> None:
    """Exactly the tolerated number of bad rows does not fail a job, despite float rounding."""
    job_id = started(store, tolerance)
    left = bad
    for part in range(4):
        walk = complete(store, job_id, part, BAD if left else None, min(left, 10))
        left -= min(left, 10)
        assert walk.wanted
    assert walk.all_done
    assert store.move(job_id, State.SUCCEEDED)


def test_a_quotient_is_no_product(store: JobStore) -> None:
    """29 of 100 rows are not more than 0.29 of them, although 0.29 * 100 is less than 29."""
    job = with_terms("small", 100, tolerance=0.29)
    store.create(job, b'["1", "text"]\n' * 100)
    store.take_small(MODEL, 100)
    store.answer_small([Answer(job.spec.id, b"", 71, 29, bad=BAD)])
    assert store.get(job.spec.id).state is State.SUCCEEDED


@pytest.mark.parametrize(
    ("tolerance", "state"), [(1, "succeeded"), (0.5, "succeeded"), (0.49, "failed"), (0, "failed")]
)
def test_a_small_job_has_a_tolerance(store: JobStore, tolerance: float, state: str) -> None:
    """A small job with too many bad rows fails and keeps its result; other jobs are unaffected."""
    job, other = with_terms("small", 2, tolerance=tolerance), with_terms("small", 1)
    for one in (job, other):
        store.create(one, b'["1", "text"]\n' * (one.total or 0))
    store.take_small(MODEL, 10)
    store.answer_small(
        [Answer(job.spec.id, b"1,0.5,\n2,,bad\n", 1, 1, bad=BAD), Answer(other.spec.id, b"", 0, 1)]
    )
    found = store.get(job.spec.id)
    assert found.state == state
    assert (found.completed, found.failed) == (1, 1)
    assert ("1 of 2." in (found.error or "")) == (state == "failed")
    assert store.small_result(job.spec.id) == b"1,0.5,\n2,,bad\n"
    assert store.get(other.spec.id).state is State.SUCCEEDED


def test_a_restored_job_keeps_its_tolerance(store: JobStore) -> None:
    """A restored job has its tolerance; the counts come back with its parts."""
    job = with_terms("bulk", tolerance=0.0)
    store.restore(job, [])
    store.move(job.spec.id, State.RUNNING)
    store.add_parts(job.spec.id, parts(2), known=0, last=True, lanes=2)
    assert complete(store, job.spec.id, 1, BAD) == Walk(failed=True)
    again = store.get(job.spec.id)
    store.delete(job.spec.id)
    store.restore(again, parts(2))
    assert store.get(job.spec.id).error == again.error


def test_each_job_has_its_own_retention(make_store: MakeStore) -> None:
    """A job with its own retention expires after that time, however it ended; others as set."""
    store = make_store(retention_seconds=0.001)
    own_retention = {kind: with_terms(kind, 1, retention=1000.0) for kind in ("bulk", "small")}
    usual = {kind: with_terms(kind, 1) for kind in ("bulk", "small")}
    for job in (*own_retention.values(), *usual.values()):
        store.create(job, b'["1", "text"]\n')
    taken, _ = store.take_small(MODEL, 10)
    store.answer_small([Answer(one.id, b"", 1, 0) for one in taken])
    for jobs in (own_retention, usual):
        store.move(jobs["bulk"].spec.id, State.CANCELLED)
    ended = {"state": State.FAILED, "finished_at": store.now() - 500}
    restored = with_terms("bulk", retention=1000.0).model_copy(update=ended)
    store.restore(restored, [])
    gone: set[str] = set()
    while len(gone) < 2:
        gone |= {job.spec.id for job in store.expire(10)}
    assert gone == {job.spec.id for job in usual.values()}
    assert store.get(restored.spec.id).state is State.FAILED
