"""Starts and stops the workers of a cluster by its metrics, as an autoscaler does."""

import threading
import time
from dataclasses import dataclass

import psutil
from support.hosts.cluster import Cluster
from support.hosts.network import Host
from support.hosts.scaling import Rule
from support.scraped import total


@dataclass(frozen=True)
class Change:
    """A worker was started (1) or told to stop (-1), at a time."""

    at: float
    by: int


class Autoscaler(threading.Thread):
    """Scrapes `/metrics`, and starts and stops the worker of one host after the other.

    Attributes:
        changes: what it did.
        most_attempts: the most times that a part was begun, as far as it was seen.
        failed: the exception that has ended the thread.
    """

    def __init__(self, cluster: Cluster, rule: Rule, poll_seconds: float) -> None:
        super().__init__(daemon=True)
        self._cluster, self._rule, self._poll_seconds = cluster, rule, poll_seconds
        self._running: list[tuple[Host, psutil.Process]] = []
        self._stopping: list[tuple[Host, psutil.Process]] = []
        self._stopped = threading.Event()
        self._redis = cluster.redis.client()
        self.changes: list[Change] = []
        self.most_attempts = 0
        self.failed: BaseException | None = None

    @property
    def workers(self) -> int:
        """The number of workers that run, or are stopping."""
        return len(self._running) + len(self._stopping)

    def run(self) -> None:
        """Scale until `stop`."""
        try:
            while not self._stopped.wait(self._poll_seconds):
                self._turn()
        except BaseException as error:
            self.failed = error
            raise

    def _turn(self) -> None:
        page = self._cluster.service.request("GET", "/metrics").text
        wanted = self._rule.workers(total(page, "scorelane_backlog_seconds"), time.monotonic())
        self._stopping = [one for one in self._stopping if one[1].is_running()]
        busy = [host for host, _ in self._running + self._stopping]
        free = [host for host in self._cluster.workers if host not in busy]
        while len(self._running) < wanted and free:
            host = free.pop(0)
            self._running.append((host, self._cluster.start_worker(host)))
            self.changes.append(Change(time.monotonic(), 1))
        while len(self._running) > wanted:
            host, worker = self._running.pop()
            # As Kubernetes and ECS do; then the worker has its time of grace.
            worker.terminate()
            self._stopping.append((host, worker))
            self.changes.append(Change(time.monotonic(), -1))
        self._look_at_attempts()

    def _look_at_attempts(self) -> None:
        for key in self._redis.scan_iter("scorelane:job:*:attempts", count=1000):
            counts = [int(count) for count in self._redis.hvals(key)]
            self.most_attempts = max([self.most_attempts, *counts])

    def stop(self) -> None:
        """Scale no more."""
        self._stopped.set()
        self.join()
        self._redis.close()
