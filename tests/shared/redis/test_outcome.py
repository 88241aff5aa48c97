"""The contract of the job store: the outcome of a bulk job, and the summary of its scores."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.stored import a_job, complete, parts, running
from support.summaries import LABELS, check_equal, summed_up

from shared.errors.service import JobNotFound
from shared.jobs.job_store import JobStore
from shared.jobs.labels import Labels
from shared.jobs.outcome import Outcome, bits_of
from shared.jobs.sketch import BINS, Numbers
from shared.jobs.state import State
from shared.jobs.summary import Summary, kinds_of
from shared.signature import SENTIMENT
from worker.steps.score_summary import summary_of

ERRORS = ["the text is empty", "the text has 9 characters; at most 5 are scored", "new"]

outcomes = st.lists(
    st.tuples(st.floats(0, 1) | st.sampled_from([0.1, 0.3, 0.7, 1.0]), st.none())
    | st.tuples(st.none(), st.sampled_from(ERRORS)),
    max_size=40,
)


def a_summary(scores: list[float | None], errors: list[str | None]) -> Summary:
    return summary_of(SENTIMENT.outputs, [scores], errors, len(errors) - errors.count(None))


@given(outcomes)
def test_many_rows_are_summed_up_as_few_are(rows: list[tuple[float | None, str | None]]) -> None:
    """The workers' fast summary equals one made row by row."""
    scores, errors = [score for score, _ in rows], [error for _, error in rows]
    found = a_summary(scores, errors)
    check_equal(found, Summary.of(SENTIMENT.outputs, [scores], errors))
    assert found.rows == len(rows)
    assert found.scored == sum(score is not None for score in scores)
    good = [score for score in scores if score is not None]
    numbers = found.outputs[0]
    assert isinstance(numbers, Numbers)
    bins = numbers.blocks.get(0, (0,) * BINS)
    for at in range(10):
        last = at == 9
        expected = sum(at <= score * 10 < at + 1 or (last and score == 1) for score in good)
        assert sum(bins[10 * at : 10 * at + 10]) == expected


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
        check_equal(
            store.outcome(job_id).summary, Summary.of(SENTIMENT.outputs, [everything], errors)
        )
    found = store.outcome(job_id)
    assert (found.first_undone(), found.done_parts()) == (2, [0, 1, 9, 17])
    assert found.bad_parts() == [0, 9]


def test_a_part_without_a_score(store: JobStore) -> None:
    """A part without scores adds its errors, and leaves the scores unchanged."""
    job_id, _ = running(store, 2, lanes=2)
    finish_part(store, job_id, 0, [None, None])
    found = store.outcome(job_id).summary
    assert (found.scored, found.errors) == (0, {"empty": 2})
    finish_part(store, job_id, 1, [0.1234567890123456789, 5e-324])
    (numbers,) = store.outcome(job_id).summary.outputs
    assert isinstance(numbers, Numbers)
    assert (numbers.least, numbers.most) == (5e-324, 0.1234567890123456789)


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


#: Numbers of few magnitudes, and of so many that buckets are joined.
FEW, MANY = st.floats(1, 2), st.floats(allow_nan=False, allow_infinity=False)

outputs_of_a_part = st.lists(
    st.tuples(
        FEW | MANY,
        st.integers(-(2**63), 2**63 - 1) | st.integers(2**63 - 9, 2**63 - 1),
        LABELS,
        st.booleans(),
    ),
    max_size=200,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(outputs_of_a_part, min_size=1, max_size=5), st.data())
def test_outputs_are_summed_up(store: JobStore, rows: list[Any], data: st.DataObject) -> None:
    """Numbers and labels of parts are added up in any order; a part that ends twice counts once."""
    job_id, _ = running(store, len(rows), lanes=20)
    order = data.draw(st.permutations([*range(len(rows)), *range(len(rows))]))
    for part in order:
        done, summary = len(rows[part]), summed_up(rows[part])
        store.complete_part(job_id, part, completed=done, failed=0, lanes=20, summary=summary)
    found = store.outcome(job_id).summary
    check_equal(found, summed_up([row for part in rows for row in part]))
    store.delete(job_id)


@pytest.mark.parametrize("magnitudes", [2, 40, 600])
@pytest.mark.parametrize("descending", [False, True])
def test_a_sketch_that_grows(store: JobStore, magnitudes: int, descending: bool) -> None:
    """Parts of few magnitudes each fill a sketch until its buckets are joined."""
    job_id, _ = running(store, 20, lanes=20)
    spread = [
        (sign * 10.0 ** ((part + share / 50) * magnitudes / 20 - 300), 0, "", True)
        for part in range(20)
        for share in range(50)
        for sign in (1, -1)
    ]
    rows = [spread[part * 100 : part * 100 + 100] for part in range(20)]
    for part in sorted(range(20), reverse=descending):
        store.complete_part(
            job_id, part, completed=100, failed=0, lanes=20, summary=summed_up(rows[part])
        )
    found = store.outcome(job_id).summary
    check_equal(found, summed_up([row for part in rows for row in part]))
    store.delete(job_id)


def test_too_many_labels(store: JobStore) -> None:
    """Labels beyond the limit are not told apart, by whichever part they come."""
    job_id, _ = running(store, 4, lanes=4)
    numbers = [range(900), range(50), range(800, 1001), range(7)]
    rows: list[list[Any]] = [[(0.5, 1, str(one), True) for one in part] for part in numbers]
    for part, own in enumerate(rows):
        store.complete_part(
            job_id, part, completed=len(own), failed=0, lanes=4, summary=summed_up(own)
        )
        done = [row for part in rows[: part + 1] for row in part]
        check_equal(store.outcome(job_id).summary, summed_up(done))
    labels = store.outcome(job_id).summary.outputs[3]
    assert isinstance(labels, Labels)
    assert labels == Labels(other=900 + 50 + 201 + 7, too_many=True)


def test_outputs_outlive_the_store(store: JobStore) -> None:
    """The summary of a job is restored from its manifest, and exact."""
    job_id, _ = running(store, 1, lanes=1)
    rows: list[Any] = [(1e-300, 2**63 - 1, 'ü"', True), (-1.7e308, -(2**63), "", False)]
    store.complete_part(job_id, 0, completed=2, failed=0, lanes=1, summary=summed_up(rows))
    assert store.move(job_id, State.SUCCEEDED)
    before, ended = store.outcome(job_id), store.get(job_id)
    assert before.summary == summed_up(rows)
    again = Outcome.model_validate_json(before.model_dump_json())
    store.delete(job_id)
    store.restore(ended, parts(1), again)
    assert store.outcome(job_id) == before
