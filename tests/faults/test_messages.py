"""Messages that come twice, in another order or after the end; clocks that differ; expiry."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from redis import Redis
from support.faulty import Faulty
from support.waiting import wait_for

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]


class Copier(threading.Thread):
    """Puts copies of waiting messages back into their queues, out of order; keeps one of each."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(daemon=True)
        self._redis = Redis.from_url(redis_url)
        self._stopped = threading.Event()
        self._random = random.Random(2)  # noqa: S311  nothing is secret
        self.seen: dict[bytes, bytes] = {}

    def run(self) -> None:
        while not self._stopped.wait(0.05):
            for queue in self._redis.scan_iter("scorelane:bulk.*"):
                for message in self._redis.lrange(queue, 0, -1):
                    if message in self.seen:
                        continue
                    self.seen[message] = queue
                    older = self._random.choice(list(self.seen))
                    self._redis.lpush(queue, message)
                    self._redis.rpush(queue, older)

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def send_all_again(self) -> int:
        """Send every message that was ever seen again; return their number."""
        for message, queue in self.seen.items():
            self._redis.lpush(queue, message)
        return len(self.seen)


def test_messages_twice_and_out_of_order(start: Start, measured: Measured) -> None:
    """Messages come twice and out of order, and all again after the end and after a delete."""
    service = start()
    copier = Copier(service.env["SCORELANE_REDIS_URL"])
    copier.start()
    service.start_worker()
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows()
    service.check(job)
    copier.stop()
    before = service.client.get(job.location).json()
    sent = copier.send_all_again()
    wait_for(lambda: not service.queued())
    assert service.client.get(job.location).json() == before
    service.check(job)
    assert service.client.delete(job.location).status_code == 204
    copier.send_all_again()
    wait_for(lambda: not service.queued())
    assert service.status(job.location) == 404
    service.check(service.submit_rows(1000))
    assert not (service.folder / "blobs" / "jobs" / job.id).exists()
    measured(f"{sent} messages three times and more, 0 rows twice")


def test_clocks_a_minute_apart(start: Start, measured: Measured) -> None:
    """The clocks of the API and two workers are a minute apart: nothing counts as late or dead."""
    service = start(skew="-60")
    for skew in ("0", "60"):
        service.env["SKEW_SECONDS"] = skew
        service.start_worker()
    service.wait_ready()
    wait_for(lambda: service.processes() == 2)
    job = service.submit_rows()
    wait_for(lambda: service.rows_done(job) > 0)
    job_now = service.job(job.location)
    assert 0 < job_now["eta_seconds"] < 40
    service.check(job)
    log = (service.folder / "worker.log").read_text()
    assert "reconcile job=" not in log
    measured("0 parts sent again")


def test_a_job_expires_while_it_is_downloaded(start: Start, measured: Measured) -> None:
    """If a job expires during its download, the client can tell that the file is incomplete."""
    service = start(retention_seconds="4", part_seconds="0.5")
    service.start_worker()
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows(20_000)
    service.wait_for_end(job.location)
    path: Path = service.folder / "blobs" / "jobs" / job.id
    with service.client.stream("GET", f"{job.location}/results") as answer:
        size = int(answer.headers["Content-Length"])
        wait_for(lambda: not path.exists())
        received, cut = 0, True
        with suppress(httpx.TransportError):
            for chunk in answer.iter_raw():
                received += len(chunk)
            cut = False
    assert cut == (received < size)
    gone = service.client.get(f"{job.location}/results")
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:scorelane:problem:job-expired")
    measured("cut or whole, never between")
