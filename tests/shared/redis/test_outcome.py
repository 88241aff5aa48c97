"""The contract of the job store: the outcome of a bulk job, and the summary of its scores."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stored import a_job, complete, parts, running

from shared.errors.service import JobNotFound
from shared.jobs.job import State
from shared.jobs.job_store import JobStore
from shared.jobs.outcome import BINS, Outcome, Summary, bits_of, kinds_of
from worker.steps.score_summary import summary_of

ERRORS = ["the text is empty", "the text has 9 characters; at most 5 are scored", "new"]

outcomes = st.lists(
    st.tuples(st.floats(0, 1) | st.sampled_from([0.1, 0.3, 0.7, 1.0]), st.none())
    | st.tuples(st.none(), st.sampled_from(ERRORS)),
    max_size=40,
)


def a_summary(scores: list[float | None], errors: list[str | None]) -> Summary:
    return summary_of(scores, errors, len(errors) - errors.count(None))


def check_equal(one: Summary, other: Summary) -> None:
    """The summaries are equal, except for rounding by the order of the additions."""
    assert one.total == pytest.approx(other.total)
    assert one.model_dump(exclude={"total"}) == other.model_dump(exclude={"total"})


@given(outcomes)
def test_many_rows_are_summed_up_as_few_are(rows: list[tuple[float | None, str | None]]) -> None:
    """The workers' fast summary equals one made row by row."""
    scores, errors = [score for score, _ in rows], [error for _, error in rows]
    found = a_summary(scores, errors)
    check_equal(found, Summary.of(scores, errors))
    assert found.rows == len(rows)
    assert found.scored == sum(score is not None for score in scores)
    good = [score for score in scores if score is not None]
    for at, count in enumerate(found.bins):
        last = at == BINS - 1
        assert count == sum(at <= score * BINS < at + 1 or (last and score == 1) for score in good)


def test_errors_by_kind() -> None:
    """Errors that differ only in a number are of one kind."""
    errors = [None, *ERRORS, "the text has 7 characters; at most 5 are scored"]
    assert kinds_of(errors) == {"empty": 1, "too_long": 2, "other": 1}


@given(st.sets(st.integers(0, 40)))
def test_bits_are_the_numbers_of_parts(numbers: set[int]) -> None:
    """The bits give the parts that are done, and how many are done without a gap."""
    outcome = Outcome(done=bits_of(numbers), bad=bits_of(numbers))
    assert outcome.done_parts() == outcome.bad_parts() == sorted(numbers)
    assert outcome.first_undone() == min(set(range(42)) - numbers)


def finish_part(store: JobStore, job_id: str, part: int, rows: list[float | None]) -> Any:
    errors: list[str | None] = [None if score is not None else ERRORS[0] for score in rows]
    failed = len(rows) - errors.count(None)
    return store.complete_part(
        job_id,
        part,
        completed=len(rows) - failed,
        failed=failed,
        lanes=20,
        summary=a_summary(rows, errors),
    )


def test_parts_are_summed_up(store: JobStore) -> None:
    """Each part counts once, in whatever order and however often it is completed."""
    job_id, _ = running(store, 20, lanes=20)
    assert store.outcome(job_id) == Outcome()
    everything: list[float | None] = []
    for part in (1, 0, 9, 17, 0, 9):
        rows = [0.1 * (part % 4) + 1e-7, 0.99, *([None] if part % 3 == 0 else [])]
        if part not in store.outcome(job_id).done_parts():
            everything += rows
        finish_part(store, job_id, part, rows)
        errors = [None if score is not None else ERRORS[0] for score in everything]
        check_equal(store.outcome(job_id).summary, Summary.of(everything, errors))
    found = store.outcome(job_id)
    assert (found.first_undone(), found.done_parts()) == (2, [0, 1, 9, 17])
    assert found.bad_parts() == [0, 9]


def test_a_part_without_a_score(store: JobStore) -> None:
    """A part without scores adds its errors, and leaves the scores unchanged."""
    job_id, _ = running(store, 2, lanes=2)
    finish_part(store, job_id, 0, [None, None])
    found = store.outcome(job_id).summary
    assert (found.scored, found.least, found.most, found.errors) == (0, None, None, {"empty": 2})
    finish_part(store, job_id, 1, [0.1234567890123456789, 5e-324])
    found = store.outcome(job_id).summary
    assert (found.least, found.most) == (5e-324, 0.1234567890123456789)


def test_an_outcome_outlives_the_store(store: JobStore) -> None:
    """The outcome of a restored job equals the one before."""
    job = a_job()
    store.create(job)
    assert store.move(job.spec.id, State.RUNNING)
    store.add_parts(job.spec.id, parts(12), known=0, last=True, lanes=12)
    for part in (0, 1, 2, 10):
        finish_part(store, job.spec.id, part, [0.5, None] if part == 2 else [0.25])
    assert store.move(job.spec.id, State.CANCELLED)
    before, ended = store.outcome(job.spec.id), store.get(job.spec.id)
    store.delete(job.spec.id)
    assert store.outcome(job.spec.id) == Outcome()
    store.restore(ended, parts(12), before)
    assert store.outcome(job.spec.id) == before
    assert store.get(job.spec.id).parts_done == 4
    assert before.done_parts() == [0, 1, 2, 10]
    assert before.bad_parts() == [2]


def test_a_manifest_without_an_outcome_is_restored(store: JobStore) -> None:
    """A manifest of an older release has no outcome: all parts are done, no scores are known."""
    job_id, _ = running(store, 3, lanes=3)
    for part in range(3):
        complete(store, job_id, part)
    assert store.move(job_id, State.SUCCEEDED)
    ended = store.get(job_id)
    store.delete(job_id)
    store.restore(ended, parts(3))
    assert store.outcome(job_id).done_parts() == [0, 1, 2]
    assert store.outcome(job_id).summary.rows == 0


def test_a_damaged_part_is_counted_once(store: JobStore) -> None:
    """However often it is reported: its rows are lost, and it has errors; not if it is deleted."""
    job_id, _ = running(store, 3, lanes=3)
    for part in range(3):
        complete(store, job_id, part, lanes=3)
    assert store.get(job_id).lost is None
    for part in (1, 1, 2, 1):
        store.report_lost(job_id, part, 10)
    assert store.get(job_id).lost == 20
    assert {1, 2} <= set(store.outcome(job_id).bad_parts())
    store.delete(job_id)
    store.report_lost(job_id, 0, 10)
    with pytest.raises(JobNotFound):
        store.get(job_id)
