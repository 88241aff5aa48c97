"""A host reaches Redis and not object storage: it looks healthy, and its work fails."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.hosts.cluster import cluster
from support.hosts.service import Progress
from support.waiting import wait_for

pytestmark = pytest.mark.hosts

ROWS, SECONDS_PER_ROW = 60_000, 1e-3


def test_the_store_is_out_of_sight(tmp_path: Path, measured: Callable[[str, str], None]) -> None:
    """A worker leaves its parts to others; an API refuses uploads, and another takes them."""
    with cluster(tmp_path, SECONDS_PER_ROW) as these:
        api, worker = these.apis[0], these.workers[0]
        job = these.service.submit_rows(ROWS)
        wait_for(lambda: these.service.rows_done(job) > 0, 120)
        progress = Progress(these.service, job)
        progress.start()
        began = time.monotonic()
        these.network.hide(worker, these.store)
        these.service.check(job)
        progress.stop()
        measured(
            "a worker does not reach the store",
            f"no row for {progress.longest():.1f} s; the job ends after "
            f"{time.monotonic() - began:.0f} s",
        )
        these.network.hide(api, these.store)
        began = time.monotonic()
        later = these.service.submit_rows(1_000, ROWS)
        refused = time.monotonic() - began
        these.network.show(worker, these.store)
        these.network.show(api, these.store)
        these.service.check(later)
        measured("an API does not reach the store", f"another takes an upload in {refused:.1f} s")
