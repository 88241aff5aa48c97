"""The contract of the job store: the comparison of two models, to which each part is added."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.stored import running

from shared.jobs.comparison import Comparison
from shared.jobs.job_store import JobStore
from shared.jobs.state import State
from shared.jobs.summary import Summary
from shared.redis.summaries import outputs_of, summary_of
from shared.signature import Output
from worker.steps.comparing import Scored, comparisons_of
from worker.steps.label_test import Labels

OUTPUTS = (
    Output(name="p", meaning="probability", of="yes", minimum=0, maximum=1),
    Output(name="n"),
    Output(name="c", type="string", meaning="label"),
)
BOTH = [*OUTPUTS, *(one.model_copy(update={"name": f"{one.name}@b"}) for one in OUTPUTS)]

numbers = st.floats(-1e9, 1e9) | st.sampled_from([0.1, -0.0, 1e300, -1e300])
labels = st.sampled_from(["yes", "no", "", 'ü"\\/\x00', "x" * 300])
rows = st.lists(
    st.tuples(st.floats(0, 1), numbers, labels, st.floats(0, 1) | st.none(), numbers, labels)
    | st.none(),
    max_size=30,
)


def compared(found: list[Any], first_row: int = 0) -> tuple[Comparison, ...]:
    """The comparisons of rows; None: a row with an error."""
    columns = [[None if row is None else row[at] for row in found] for at in range(len(BOTH))]
    errors = ["the text is empty" if row is None else None for row in found]
    refs = [f"row {first_row + at}" for at in range(len(found))]
    truth = Labels("truth", ["yes" if (first_row + at) % 2 else "3.5" for at in range(len(found))])
    return comparisons_of(Scored(BOTH, "@b", columns, errors, refs, first_row, truth))


def check_equal(one: Comparison, other: Comparison) -> None:
    assert one.counts == other.counts
    assert one.changes == other.changes
    assert one.largest == other.largest
    assert one.moments.rows == other.moments.rows
    squares = other.moments[4:7]
    if not all(map(math.isfinite, squares)):
        # Beyond the range of a double the order decides whether a sum is infinite or no number.
        return
    scale = max(1.0, *map(abs, other.moments[1:4]), *map(math.sqrt, squares))
    for at, (first, second) in enumerate(zip(one.moments, other.moments, strict=True)):
        size = scale if at < 4 else scale * scale
        assert first == pytest.approx(second, rel=1e-9, abs=1e-9 * size)


@given(st.lists(rows, min_size=1, max_size=4), st.randoms())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_add_up_to_the_whole(store: JobStore, cut: list[list[Any]], random: Any) -> None:
    """Parts in any order, each once however often it is completed, give the comparison of all."""
    job_id, _ = running(store, len(cut), lanes=20)
    order, begins = list(range(len(cut))) * 2, [sum(map(len, cut[:at])) for at in range(len(cut))]
    random.shuffle(order)
    for part in order:
        summary = Summary(comparisons=compared(cut[part], begins[part]))
        store.complete_part(job_id, part, completed=1, failed=0, lanes=20, summary=summary)
    found = store.outcome(job_id).summary.comparisons
    # So that the store has room for the next example.
    assert store.move(job_id, State.SUCCEEDED)
    expected = compared([row for part in cut for row in part])
    for one, other in zip(found, expected, strict=True):
        check_equal(one, other)


@given(rows)
def test_a_comparison_is_stored_as_it_is(found: list[Any]) -> None:
    """The fields of Redis, and the JSON of a manifest, give back the comparisons."""
    summary = Summary(comparisons=compared(found))
    fields = {
        name.encode(): text.encode() if isinstance(text, str) else text
        for name, text in outputs_of(summary).items()
    }
    from_redis = summary_of({}, fields).comparisons
    from_json = Summary.model_validate_json(summary.model_dump_json()).comparisons
    for one, other, third in zip(summary.comparisons, from_redis, from_json, strict=True):
        assert repr(one) == repr(other)
        check_equal(one, third)
