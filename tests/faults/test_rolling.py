"""Rolling restarts under load, and a model version that is replaced during a job."""

import itertools
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.faulty import ROWS, SECONDS_PER_ROW, Faulty
from support.hostile_model import HostileModel
from support.waiting import wait_for

from benchmarks.runtime_package import make

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]

#: The grace periods of a worker and of the API in docker-compose.yml, in seconds.
WORKER_GRACE, API_GRACE = 60.0, 30.0


class Balancer(threading.Thread):
    """Sends requests to two replicas of the API in turn; skips one that is not ready or is down."""

    def __init__(self, ports: list[int]) -> None:
        super().__init__(daemon=True)
        self._clients = [httpx.Client(base_url=f"http://127.0.0.1:{port}") for port in ports]
        self._stopped = threading.Event()
        self.statuses: list[int] = []
        self.broken: list[str] = []

    def run(self) -> None:
        for first in itertools.cycle((0, 1)):
            if self._stopped.is_set():
                return
            self.statuses.append(self._ask(self._clients[first], self._clients[1 - first]))

    def _ask(self, *replicas: httpx.Client) -> int:
        for replica in replicas:
            if not self._is_ready(replica):
                continue
            try:
                # A connection for each request, as a proxy without keep-alive makes it.
                headers = {"Connection": "close"}
                answer = replica.post("/sentiment", json={"text": ["well"]}, headers=headers)
                return answer.status_code
            except httpx.TransportError as error:
                self.broken.append(repr(error))
        return 0

    def _is_ready(self, replica: httpx.Client) -> bool:
        try:
            return replica.get("/readyz", headers={"Connection": "close"}).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def test_a_rolling_restart(start: Start, measured: Measured) -> None:
    """Workers and API replicas are restarted one by one: no row and no request is lost."""
    service = start(drain_seconds="1")
    workers = [service.start_worker(), service.start_worker()]
    replicas = [(service.api, service.port), service.start_replica()]
    service.wait_ready()
    job = service.submit_rows()
    balancer = Balancer([port for _, port in replicas])
    balancer.start()
    longest = {"worker": 0.0, "api": 0.0}
    for number, worker in enumerate(workers):
        wait_for(lambda: service.processes() == 2)
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(WORKER_GRACE) == 0
        longest["worker"] = max(longest["worker"], time.monotonic() - began)
        workers[number] = service.start_worker()
    for replica, port in replicas:
        began, count = time.monotonic(), len(balancer.statuses)
        replica.send_signal(signal.SIGTERM)
        assert replica.wait(API_GRACE) == 0
        longest["api"] = max(longest["api"], time.monotonic() - began)
        wait_for(lambda count=count: len(balancer.statuses) > count + 20)
        service.start_replica(port)
    balancer.stop()
    assert balancer.broken == []
    assert set(balancer.statuses) == {200}
    service.check(job)
    drained = f"worker {longest['worker']:.1f} s, API {longest['api']:.1f} s to stop"
    measured(f"{len(balancer.statuses)} requests, 0 refused; {drained}")


def second_version(service: Faulty, folder: Path) -> None:
    """Make the workers that start from now on serve another version of the model."""
    service.env |= make(folder, "hostile", HostileModel, f"{SECONDS_PER_ROW}0")


def test_a_version_changes_while_the_old_one_is_served(
    start: Start, measured: Measured, tmp_path: Path
) -> None:
    """A job ends with the version with which it began, while a newer one is served too."""
    service = start()
    service.start_worker()
    service.wait_ready()
    job = service.submit_rows(ROWS // 4)
    second_version(service, tmp_path / "second")
    service.start_worker()
    wait_for(lambda: len(service.client.get("/readyz").json()["processes"]) == 2)
    later = service.submit_rows(1000)
    service.check(job)
    service.check(later)
    versions = [service.job(one.location)["model"]["version"] for one in (job, later)]
    assert versions[0] != versions[1]
    measured("0 rows lost")


def test_a_version_is_replaced(start: Start, measured: Measured, tmp_path: Path) -> None:
    """If no worker serves a job's version any more, the job fails in time, with that reason."""
    service = start(replaced_seconds="3")
    worker = service.start_worker()
    service.wait_ready()
    job = service.submit_rows()
    wait_for(lambda: service.rows_done(job) > 0)
    worker.send_signal(signal.SIGTERM)
    worker.wait(WORKER_GRACE)
    second_version(service, tmp_path / "second")
    service.start_worker()
    ended = service.wait_for_end(job.location)
    assert ended["state"] == "failed"
    assert "another version of the model has taken its place" in ended["error"]
    service.check(service.submit_rows(1000))
    measured("says so")
