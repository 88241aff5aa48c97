"""Kill -9 of workers and their processes: no row is lost, and little time."""

import time
from collections.abc import Callable

import pytest
from support.faulty import ROWS, SECONDS_PER_ROW, Faulty, at_random
from support.object_storage import ON_BOTH, ON_BOTH_APART
from support.programs import kill
from support.waiting import wait_for

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]


@ON_BOTH
def test_ten_kills_at_random_moments(start: Start, measured: Measured) -> None:
    """Ten kills during one job, alternately of a child and of a whole worker, lose no row."""
    service = start()
    workers = [service.start_worker(), service.start_worker()]
    service.wait_ready()
    job = service.submit_rows()
    for number, row in enumerate(at_random(ROWS * 9 // 10, 10, seed=1)):
        wait_for(lambda row=row: service.rows_done(job) >= row, 120)
        service.kill_in_turn(workers, number)
    service.check(job)
    measured("10 kills, 0 rows lost")


@ON_BOTH_APART
def test_a_worker_dies_while_another_lives(start: Start, measured: Measured) -> None:
    """A live worker takes over the parts of a killed one within seconds."""
    service = start()
    victim = service.start_worker()
    service.wait_ready()
    job = service.submit_rows()
    service.start_worker()
    wait_for(lambda: service.processes() == 2)
    kill(victim)
    died, left = time.monotonic(), ROWS - service.rows_done(job)
    service.check(job)
    lost = time.monotonic() - died - left * SECONDS_PER_ROW
    measured(f"{lost:.1f} s lost, 0 rows")


@ON_BOTH_APART
def test_all_workers_die(start: Start, measured: Measured) -> None:
    """With all workers killed a job waits; the next worker that starts goes on with it."""
    service = start()
    workers = [service.start_worker(), service.start_worker()]
    service.wait_ready()
    job = service.submit_rows()
    wait_for(lambda: service.rows_done(job) > ROWS // 4)
    for worker in workers:
        kill(worker)
    wait_for(lambda: "No worker serves" in service.job(job.location)["detail"])
    done, began = service.rows_done(job), time.monotonic()
    service.start_worker()
    wait_for(lambda: service.rows_done(job) > done)
    measured(f"{time.monotonic() - began:.1f} s to go on, 0 rows")
    service.check(job)
