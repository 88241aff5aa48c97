"""Hosts are lost for good, or cut off with others, in the middle of a job: no row is lost."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.faulty import SentJob
from support.hosts.cluster import Cluster, cluster
from support.hosts.network import Host
from support.hosts.service import Progress
from support.waiting import wait_for

pytestmark = pytest.mark.hosts

ROWS, SECONDS_PER_ROW = 200_000, 1.5e-3

#: The time for which hosts are apart, in seconds.
APART_SECONDS = 20.0


def test_hosts_are_lost_for_good(tmp_path: Path, measured: Callable[[str, str], None]) -> None:
    """A worker, an API and the primary of Redis go without a word, one after the other."""
    with cluster(tmp_path, SECONDS_PER_ROW) as these:
        job = under_way(these)
        for what, host in (
            ("a worker", these.workers[0]),
            ("an API", these.apis[0]),
            ("the primary of Redis", these.redis.primary()),
        ):
            progress = Progress(these.service, job)
            progress.start()
            wait_for(lambda progress=progress: progress.rows)
            progress.begin()
            these.network.lose(host)
            recovered(these, host, progress)
            progress.stop()
            measured(f"{what} is lost for good", f"no row for {progress.longest():.1f} s")
        these.service.check(job)
        these.service.check(these.service.submit_rows(5_000, ROWS))
        assert these.service.serving() == ["worker-2", "worker-3"]


def test_an_old_primary_is_cut_off_with_others(
    tmp_path: Path, measured: Callable[[str, str], None]
) -> None:
    """The primary, a worker and an API are apart from all others: there are never two services."""
    with cluster(tmp_path, SECONDS_PER_ROW) as these:
        job = under_way(these)
        old = these.redis.primary()
        few = [old, these.workers[0], these.apis[0]]
        progress = Progress(these.service, job)
        progress.start()
        wait_for(lambda: progress.rows)
        progress.begin()
        ends = time.monotonic() + APART_SECONDS
        these.network.set_apart(few)
        recovered(these, old, progress)
        time.sleep(max(ends - time.monotonic(), 0))  # the fault itself lasts that long
        longest = progress.longest()
        these.network.plug(*few)
        began = time.monotonic()
        wait_for(these.all_serve, 120)
        wait_for(lambda: these.service.status(0, "/readyz") == 200, 120)
        joined = time.monotonic() - began
        these.service.check(job)
        progress.stop()
        measured(
            "the primary, a worker, an API are apart",
            f"no row for {longest:.1f} s; all serve {joined:.1f} s after they are joined again",
        )


def under_way(these: Cluster) -> SentJob:
    """A job of which some rows are done."""
    job = these.service.submit_rows(ROWS)
    wait_for(lambda: these.service.rows_done(job) > 0, 120)
    return job


def recovered(these: Cluster, host: Host, progress: Progress) -> None:
    """Wait until a host is not counted on any more, and rows are done without it."""
    if host in these.workers:
        wait_for(lambda: host.name not in these.service.serving())
    if host in these.redis.hosts:
        wait_for(lambda: these.redis.primary() is not host)
    before = progress.rows
    wait_for(lambda: progress.rows > before + 2_000, 120)
