"""Each host is cut off from all others for 20 s while 500,000 rows run: no row is lost."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.hosts.cluster import Cluster, cluster
from support.hosts.network import Host
from support.hosts.service import Progress
from support.waiting import wait_for

pytestmark = pytest.mark.hosts

ROWS = 500_000

#: So three processes take five minutes and a half for all rows, if nothing holds them up.
SECONDS_PER_ROW = 2e-3

CUT_SECONDS = 20.0


def test_each_host_is_cut_off(tmp_path: Path, measured: Callable[[str, str], None]) -> None:
    """Each host in turn loses its network, in one job: its rows are all there, once, in order."""
    with cluster(tmp_path, SECONDS_PER_ROW) as these:
        job = these.service.submit_rows(ROWS)
        wait_for(lambda: these.service.rows_done(job) > 0, 120)
        progress = Progress(these.service, job)
        progress.start()
        for host in these.network.hosts.values():
            what = host.name
            if host in these.redis.hosts:
                what += " (primary)" if host is these.redis.primary() else " (replica)"
            progress.begin()
            ends = time.monotonic() + CUT_SECONDS
            these.network.unplug(host)
            is_noticed(these, host)
            time.sleep(max(ends - time.monotonic(), 0))  # the fault itself lasts that long
            before = progress.rows
            these.network.plug(host)
            plugged = time.monotonic()
            wait_for(lambda before=before: these.service.rows_done(job) > before, 60)
            goes_on = time.monotonic() - plugged
            wait_for(these.all_serve, 120)
            all_serve = time.monotonic() - plugged
            measured(
                f"{what} is cut off for {CUT_SECONDS:.0f} s",
                f"no row for {progress.longest():4.1f} s; rows go on after {goes_on:4.1f} s, "
                f"all workers serve after {all_serve:4.1f} s",
            )
        progress.stop()
        measured("workers that ended themselves", f"{len(these.restarts)}, started again")
        assert these.service.job(job)["state"] == "running", "the job ended before all cuts"
        these.service.check(job)


def is_noticed(these: Cluster, host: Host) -> None:
    """What the others show while a host is cut off: those who ask are told, within the cut."""
    service = these.service
    if host in these.workers:
        wait_for(lambda: host.name not in service.serving(), CUT_SECONDS)
        assert service.status(0, "/readyz") == 200
    elif host in these.apis:
        assert service.status(these.apis.index(host), "/livez") == 0
        assert service.status(1 - these.apis.index(host), "/readyz") == 200
