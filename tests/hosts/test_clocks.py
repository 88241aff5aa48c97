"""Clocks of hosts are hours off, and jump in the middle of a job: nothing depends on them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.hosts.cluster import cluster
from support.hosts.service import Progress
from support.waiting import wait_for

pytestmark = pytest.mark.hosts

ROWS, SECONDS_PER_ROW = 100_000, 1e-3

#: By how much each clock jumps. Object storage refuses requests from clocks that are a quarter of
#: an hour off, so the workers stay within that.
SHIFTS = {"api-1": 26 * 3600, "api-2": -600, "worker-1": 720, "worker-2": -720}


def test_clocks_jump_in_a_job(tmp_path: Path, measured: Callable[[str, str], None]) -> None:
    """Rows are scored once, in order, and no message is delivered twice."""
    with cluster(
        tmp_path, SECONDS_PER_ROW, clocks_shift=True, SCORELANE_LOG_LEVEL="DEBUG"
    ) as these:
        job = these.service.submit_rows(ROWS)
        wait_for(lambda: these.service.rows_done(job) > 0, 120)
        progress = Progress(these.service, job)
        progress.start()
        for name, seconds in SHIFTS.items():
            these.shift_clock(these.network.hosts[name], seconds)
        wait_for(lambda: is_off(these.service.request("GET", "/workers").json()), 60)
        these.service.check(job)
        progress.stop()
        assert these.parts_sent_again() == []
        # And a new job, whose upload, id and messages come from such clocks.
        these.service.check(these.service.submit_rows(10_000, ROWS))
        scored = re.findall(r"score job=(\w+) part=(\d+)", these.network.logs_of("worker"))
        assert len(scored) == len(set(scored)), "a part was scored twice"
        measured(
            "clocks jump by 10 minutes to 26 hours",
            f"no row for {progress.longest():.1f} s; {len(scored)} parts, none twice",
        )


def is_off(workers: dict[str, list[dict[str, float]]]) -> bool:
    """Whether two workers have found that their clocks are off."""
    return sum(abs(one["clock_ahead"]) > 600 for one in workers["workers"]) == 2
