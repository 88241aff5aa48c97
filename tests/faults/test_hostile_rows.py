"""Models that raise, crash, hang and leak: the bad row gets an error, every other its score."""

from collections.abc import Callable

import psutil
import pytest
from support.faulty import Faulty
from support.hostile_model import CRASHES, HANGS, LEAK_BYTES, LEAKS, RAISES
from support.waiting import wait_for

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]


@pytest.mark.parametrize("hostile", [CRASHES, HANGS])
def test_a_row_that_ends_its_process(start: Start, measured: Measured, hostile: str) -> None:
    """A row that kills or hangs its process is found after a few deaths, and gets an error."""
    service = start(task_time_limit="3")
    service.start_worker()
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows(r71234=hostile)
    service.check(job, r71234="scoring this text ended the worker's process")
    ended = service.job(job.location)
    measured(f"{hostile}: 1 error, 0 rows lost ({ended['rows_per_second']:.0f} rows/s)")


def test_rows_on_which_the_model_raises(start: Start, measured: Measured) -> None:
    """Rows on which the model raises get an error; the other rows of their parts get scores."""
    service = start()
    service.start_worker()
    service.start_worker()
    service.wait_ready()
    rows = ("r17", "r40000", "r40001", "r99999")
    job = service.submit_rows(**dict.fromkeys(rows, RAISES))
    service.check(job, **dict.fromkeys(rows, "the model could not score this text: ValueError"))
    measured("4 errors, 0 rows lost")


def test_a_model_that_leaks(start: Start, measured: Measured) -> None:
    """A process that has grown beyond its limit is replaced between two tasks; no row is lost."""
    most = 8 * LEAK_BYTES
    service = start(max_process_bytes=str(most))
    worker = service.start_worker()
    service.wait_ready()
    seen: dict[int, int] = {}
    job = service.submit_rows(**{f"r{row}": LEAKS for row in range(0, 100_000, 2000)})

    def ended() -> bool:
        for child in psutil.Process(worker.pid).children():
            try:
                seen[child.pid] = max(seen.get(child.pid, 0), child.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
        return service.job(job.location)["state"] == "succeeded"

    wait_for(ended, 180)
    service.check(job)
    assert len(seen) > 2
    assert max(seen.values()) < most + 4 * LEAK_BYTES
    measured(f"{len(seen)} processes, at most {max(seen.values()) / 1e6:.0f} MB")
