"""The rate of a running job is that of its last parts."""

import time

import pytest
from support.doubles.job_store import InMemoryJobStore
from support.stored import MakeStore, complete, running

from shared.config.settings import Settings
from shared.jobs.job_store import JobStore

#: The rows of each part, and the parts between two marks: two for each of `LANES`.
ROWS, LANES = 10, 2
BETWEEN = 2 * LANES


def test_it_counts_from_the_mark_before_the_last_one(make_store: MakeStore) -> None:
    """So it is always that of a known number of parts, and never of only the very last ones."""
    store = make_store()
    job_id, _ = running(store, 4 * BETWEEN, LANES)
    job = store.get(job_id)
    assert (job.recent_at, job.recent_rows) == (None, 0)
    seen, times = [], []
    for part in range(4 * BETWEEN):
        complete(store, job_id, part, LANES)
        # A part whose end is told twice is counted once.
        complete(store, job_id, part, LANES)
        job = store.get(job_id)
        seen.append(job.recent_rows)
        times.append(job.recent_at)
    rows = BETWEEN * ROWS
    assert seen == [
        *[0] * (2 * BETWEEN - 1),
        *[rows] * BETWEEN,
        *[2 * rows] * BETWEEN,
        3 * rows,
    ]
    assert times[: BETWEEN - 1] == [None] * (BETWEEN - 1)
    assert times[BETWEEN - 1] == pytest.approx(job.started_at)
    later = times[BETWEEN - 1 :]
    assert later == sorted(later)


@pytest.mark.parametrize("processes", [1, 2, 5])
@pytest.mark.parametrize("change", [0.1, 0.5, 1.0, 3.0])
def test_a_changed_speed_is_shown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, processes: int, change: float
) -> None:
    """Each process has had nine parts at the new speed: the rate is within 20 %, and so is the ETA.

    The processes end their parts together, which is the worst case.
    """
    at = 1e9
    monkeypatch.setattr(time, "time", lambda: at)
    store: JobStore = InMemoryJobStore(settings)
    lanes = 2 * processes
    rounds = 100
    job_id, _ = running(store, rounds * processes, lanes)
    for done in range(60):
        speed = 1.0 if done < 30 else change
        at += 1 / speed
        for process in range(processes):
            complete(store, job_id, done * processes + process, lanes)
        if 10 <= done < 30 or done >= 38:
            true = ROWS * processes * speed
            job = store.get(job_id)
            for later in (0.0, 0.9 / speed):
                assert job.rows_per_second(at + later) == pytest.approx(true, rel=0.2)
            left = (rounds - done - 1) * processes * ROWS / true
            assert job.eta_seconds(at) == pytest.approx(left, rel=0.25)
