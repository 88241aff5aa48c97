"""Real workers are started and stopped by the gauge of the backlog, while load comes in waves."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.hosts.autoscaler import Autoscaler
from support.hosts.cluster import Cluster, cluster
from support.hosts.scaling import Rule
from support.waiting import wait_for

pytestmark = pytest.mark.hosts

#: The model only waits, so that six workers score six times as fast on two cores.
SECONDS_PER_ROW, MOST = 2e-3, 6

#: In seconds. An operator's numbers would be three to six times as large.
CLEAR, WINDOW, COOLDOWN, POLL = 20.0, 30.0, 15.0, 1.0

#: The rows of the jobs of each wave: one small job; more than all workers clear in time; several.
WAVES = ([5_000], [30_000, 60_000, 30_000], [10_000] * 4)


def test_load_comes_in_waves(tmp_path: Path, measured: Callable[[str, str], None]) -> None:
    """Workers come with a wave and go after it, down to none; no part is ever interrupted."""
    rule = Rule(CLEAR, processes=1, most=MOST, window_seconds=WINDOW, cooldown_seconds=COOLDOWN)
    with cluster(tmp_path, SECONDS_PER_ROW, workers=MOST, SCORELANE_PART_SECONDS="0.5") as these:
        assert all(status == 0 for status in these.stop_workers())
        scaler = Autoscaler(these, rule, POLL)
        scaler.start()
        try:
            for number, wave in enumerate(WAVES):
                what = f"wave {number + 1} of load, {sum(wave):,} rows"
                measured(what, one_wave(these, scaler, wave, number))
        finally:
            scaler.stop()
        assert scaler.failed is None
        # Each worker was told to stop once, and did so in an orderly way.
        assert {*these.statuses("worker")} == {0}
        assert scaler.most_attempts == 1
        assert these.parts_sent_again() == []


def one_wave(these: Cluster, scaler: Autoscaler, wave: list[int], number: int) -> str:
    """Send the jobs of a wave, check them and the changes; returns what it took."""
    before, began = len(scaler.changes), time.monotonic()
    first = [number * 1_000_000 + sum(wave[:at]) for at in range(len(wave))]
    jobs = [these.service.submit_rows(rows, first[at]) for at, rows in enumerate(wave)]
    wait_for(these.service.serving, 180)
    serve = time.monotonic()
    wait_for(lambda: all(these.service.job(job)["state"] == "succeeded" for job in jobs), 400)
    drained = time.monotonic()
    for job in jobs:
        these.service.check(job)
    wait_for(lambda: scaler.workers == 0, 180)
    changes = [change.by for change in scaler.changes[before:]]
    assert sorted(changes, reverse=True) == changes, "a worker was started after one was stopped"
    assert sum(changes) == 0
    most = changes.count(1)
    # More, if a busy machine has made the workers slower than their model is.
    assert MOST >= most >= min(math.ceil(sum(wave) * SECONDS_PER_ROW / CLEAR), MOST)
    best = sum(wave) * SECONDS_PER_ROW / most
    return (
        f"{most} workers; the first serves after {serve - began:.1f} s, drained after "
        f"{drained - began:.1f} s (best possible, with all from the start: {best:.1f} s); "
        f"{len(changes)} changes; none left {time.monotonic() - drained:.0f} s later"
    )
