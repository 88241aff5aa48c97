"""A worker that is alive but takes no messages any more."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.faulty import ROWS, Faulty
from support.waiting import wait_for

pytestmark = pytest.mark.faults


def test_a_worker_that_takes_no_work_ends_itself(
    start: Callable[..., Faulty], measured: Callable[[str], None], tmp_path: Path
) -> None:
    """A worker that takes none of the waiting work ends with an error status, to be restarted."""
    service = start()
    deaf, usual = tmp_path / "deaf", dict(service.env)
    path = os.pathsep.join(
        [str(Path(__file__).parent.parent / "support" / "deaf"), usual["PYTHONPATH"]]
    )
    service.env |= {"PYTHONPATH": path, "DEAF_FILE": str(deaf)}
    worker = service.start_worker()
    service.wait_ready()
    job = service.submit_rows()
    wait_for(lambda: service.rows_done(job) > ROWS // 10, 120)
    deaf.touch()
    began = time.monotonic()
    assert wait_for(lambda: worker.poll() is not None and (worker.returncode or -1), 120) > 0
    assert "it takes none" in (tmp_path / "worker.log").read_text()
    measured(f"{time.monotonic() - began:.0f} s to its end, 0 rows")
    service.env = usual
    service.start_worker()
    service.check(job)
