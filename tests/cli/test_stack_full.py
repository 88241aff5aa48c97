"""A full disk, and the bound on the memory of its Redis, do not end the stack."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from support.small_disk import fill, small_disk
from support.waiting import wait_for

from scorelane.stack.programs import redis
from scorelane.stack.stack import Stack
from shared.machine_memory import memory_bytes

pytestmark = pytest.mark.stack

ROW = {"text": ["I am well"]}


def test_the_memory_of_redis_is_bounded(tmp_path: Path) -> None:
    """Redis gets a quarter of the machine's memory, or what is set, and forgets nothing."""
    (tmp_path / "redis").mkdir()
    for most, wanted in ((0, memory_bytes() // 4), (7, 7)):
        command = redis(tmp_path, tmp_path / "socket", most).command
        options = dict(zip(command[1::2], command[2::2], strict=True))
        assert options["--maxmemory"] == str(wanted)
        assert options["--maxmemory-policy"] == "noeviction"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    with small_disk(tmp_path / "disk", 64 * 2**20) as path:
        yield path


def test_a_full_disk_ends_nothing(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads are answered, what is new is refused; with room all goes on, in the same programs."""
    monkeypatch.setenv("SCORELANE_SERVE", "fast")
    csv = {"content": b"text\ngood\n", "headers": {"Content-Type": "text/csv"}}
    with Stack(disk, processes=1) as stack, httpx.Client(base_url=stack.url, timeout=30) as client:
        programs = psutil.Process(stack._process.pid).children()
        assert len(programs) == 4
        job = client.post("/jobs", json=ROW, headers={"Prefer": "wait=20"}).headers["Location"]
        stuffing = fill(disk)
        wait_for(lambda: client.post("/jobs", json=ROW).status_code == 503)
        problems = [client.post("/jobs", **body).json()["type"] for body in ({"json": ROW}, csv)]
        assert problems == ["urn:scorelane:problem:store-full"] * 2
        assert client.get(job).json()["state"] == "succeeded"
        assert client.get(f"{job}/results").status_code == 200
        # So long that the worker misses heartbeats.
        wait_for(lambda: client.get("/readyz").status_code == 503)
        stuffing.unlink()
        wait_for(lambda: client.get("/readyz").status_code == 200)
        for body in ({"json": ROW}, csv):
            job = client.post("/jobs", **body).headers["Location"]
            wait_for(lambda job=job: client.get(job).json()["state"] == "succeeded")
        assert psutil.Process(stack._process.pid).children() == programs
