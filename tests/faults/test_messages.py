"""Messages that come twice, in another order or after the end; clocks that differ; expiry."""

import base64
import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

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
            for queue in self._redis.scan_iter("scorelane:bulk2.*"):
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
    assert sent, "no message was seen, so none was repeated"
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
    began = time.monotonic()
    job = service.submit_rows()
    wait_for(lambda: service.rows_done(job) > 0)
    job_now = service.job(job.location)
    passed, done = time.monotonic() - began, job_now["progress"]
    assert 0 < job_now["eta_seconds"] <= passed * (1 - done) / done + 1
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


def test_malformed_messages_end_no_worker(start: Start, measured: Measured) -> None:
    """A worker that starts while malformed messages wait goes on."""
    service = start()
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows(1000)
    service.check(job)
    model = next(iter(service.client.get("/readyz").json()["processes"]))
    queue = f"scorelane:bulk2.{model}"
    sent: dict[str, Any] = {
        "body": base64.b64encode(b'[["x"], {}, {}]').decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": "score", "id": "1", "root_id": "1", "lang": "py"},
        "properties": {
            "delivery_tag": "1",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "body_encoding": "base64",
        },
    }
    malformed = [
        b"{",
        b"\xff",
        b"[]",
        b"{}",
        *(
            json.dumps(sent | changes).encode()
            for changes in (
                {},
                {"body": "W1"},
                {"body": base64.b64encode(b"[").decode()},
                {"headers": None},
                {"headers": {"task": "score", "id": 1, "eta": 7, "timelimit": 3}},
                {"headers": sent["headers"] | {"task": "other"}},
                {"headers": sent["headers"] | {"task": ["score"]}},
                {"content-type": "application/x-python-serialize"},
            )
        ),
    ]
    with Redis.from_url(service.env["SCORELANE_REDIS_URL"]) as redis:
        service.running("worker")[0].terminate()
        wait_for(lambda: not service.running("worker"))
        redis.rpush(queue, *malformed)
        service.start_worker()
        wait_for(lambda: not redis.llen(queue), 120)
        service.check(service.submit_rows(1000, first=1000))
        aside = redis.llen("scorelane:malformed")
    assert len(service.running("worker")) == 1
    assert aside >= 6
    measured(f"{len(malformed)} messages, {aside} put aside")
