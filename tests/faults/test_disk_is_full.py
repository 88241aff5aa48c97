"""The disk of the blob store fills up: during a job, during an upload, before a split."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.faulty import ROWS, Faulty
from support.small_disk import fill, small_disk
from support.waiting import wait_for

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]

DISK_BYTES = 32 * 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    with small_disk(tmp_path / "disk", DISK_BYTES) as path:
        yield path


def test_the_disk_fills_up_under_a_job(start: Start, measured: Measured, disk: Path) -> None:
    """The job names the reason, and goes on when there is room; uploads are refused with 507."""
    service = start(blobs_dir=str(disk))
    service.start_worker()
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows()
    wait_for(lambda: service.rows_done(job) > ROWS // 4)
    stuffing = fill(disk)
    wait_for(lambda: "held up" in service.job(job.location)["detail"])
    content = job.sent.to_csv(index=False).encode()
    refused = service.client.post("/jobs", content=content, headers={"Content-Type": "text/csv"})
    assert refused.status_code == 507, refused.text
    assert refused.json()["type"] == "urn:scorelane:problem:no-room"
    assert refused.headers["Retry-After"]
    assert [one["id"] for one in service.client.get("/jobs").json()["jobs"]] == [job.id]
    stuffing.unlink()
    service.check(job)
    measured("held up, then 0 rows lost")


def test_the_disk_is_full_before_the_split(start: Start, measured: Measured, disk: Path) -> None:
    """A job that was accepted before the disk was full is scored when there is room again."""
    service = start(blobs_dir=str(disk))
    worker = service.start_worker()
    service.wait_ready()
    worker.terminate()
    worker.wait(60)
    job = service.submit_rows()
    stuffing = fill(disk)
    service.start_worker()
    service.start_worker()
    wait_for(lambda: "held up" in service.job(job.location)["detail"])
    assert service.rows_done(job) == 0
    stuffing.unlink()
    service.check(job)
    measured("0 rows lost")
