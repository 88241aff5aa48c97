"""Starts the whole service as a user does, and observes it from outside."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
from redis import Redis

from shared.config.settings import Settings
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink

#: The maximum seconds until the service is ready, and until it has stopped.
START_SECONDS = 180.0
STOP_SECONDS = 60.0

#: Seconds between two checks of readiness, which is the precision of `ready_seconds`.
POLL_SECONDS = 0.01


class ServiceFailed(Exception):
    """The service did not start; the message holds its output."""


@dataclass(frozen=True)
class Running:
    """A running service.

    Attributes:
        url: the URL of the API.
        host: the host of the API.
        port: the port of the API.
        redis_url: the URL of the service's Redis.
        data: the data folder; the logs are in its folder `logs/`.
        pids: program -> process ids: `redis`, `api` (gunicorn's main process and its children),
            `worker` (the main process), `worker processes` (its children, which score).
        ready_seconds: the time from the start of the worker to the first status 200 of `/readyz`.
        all_ready: when all worker processes served, in seconds since the epoch.
    """

    url: str
    host: str
    port: int
    redis_url: str
    data: Path
    pids: dict[str, list[int]]
    ready_seconds: float
    all_ready: float

    def redis(self) -> Redis:
        """A new connection to the service's Redis; the caller must close it."""
        return Redis.from_url(self.redis_url)

    def parts(self, job_id: str) -> int:
        """The number of parts of a job, read from Redis because the API does not tell it."""
        settings = Settings(redis_url=self.redis_url)
        link = RedisLink(settings)
        try:
            return RedisJobStore(link, settings).get(job_id).parts
        finally:
            link.close()


@contextmanager
def service(
    processes: int = 2,
    models_dir: Path | None = None,
    env: dict[str, str] | None = None,
    key: str = "",
) -> Iterator[Running]:
    """Run `scorelane serve` with a new data folder, on a free port, for a block.

    The block starts when all worker processes serve, which is later than the service is ready.

    Args:
        processes: the number of worker processes.
        models_dir: the folder that holds the model folders; None means the bundled models.
        env: environment variables to add, such as SCORELANE_SERVE.
        key: a key of the API, if it requires one.

    Raises:
        ServiceFailed: the service did not start, or not with all processes.
    """
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder:
        data, output, port = Path(folder) / "data", Path(folder) / "serve.log", free_port()
        command = [str(Path(sys.executable).with_name("scorelane")), "serve", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--data", str(data), "--processes", str(processes)]
        command += ["--models", str(models_dir)] if models_dir else []
        with output.open("wb") as log:
            program = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for_port(program, port, "/readyz", output)
            ready = time.time()
            _wait_for_processes(port, processes, key)
            yield _inspect(program, port, data, ready, time.time())
        finally:
            stop(program)


def free_port() -> int:
    """A port of 127.0.0.1 that no program listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for_port(program: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    """Wait until a new server answers a GET of `path` with status 200.

    Raises:
        ServiceFailed: the server ended, or did not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while _status(port, path) != 200:
        if program.poll() is not None or time.monotonic() > deadline:
            raise ServiceFailed(f"The server did not start:\n{log.read_text(errors='replace')}")
        time.sleep(POLL_SECONDS)


def _status(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def _wait_for_processes(port: int, processes: int, key: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while _serving(port, key) < processes:
        if time.monotonic() > deadline:
            raise ServiceFailed(f"not all of {processes} worker processes serve")
        time.sleep(10 * POLL_SECONDS)


def _serving(port: int, key: str) -> int:
    """The minimum over the models of the number of processes that serve a model."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/models", headers={"Authorization": f"Bearer {key}"})
        models = json.loads(connection.getresponse().read())["models"]
        return min(int(model["processes"]) for model in models)
    finally:
        connection.close()


def _inspect(
    program: subprocess.Popen[bytes], port: int, data: Path, ready: float, all_ready: float
) -> Running:
    pids: dict[str, list[int]] = {"redis": [], "api": [], "worker": [], "worker processes": []}
    redis_url, started = "", ready
    for process in psutil.Process(program.pid).children(recursive=True):
        try:
            name, command = process.name(), process.cmdline()
        except psutil.NoSuchProcess:
            # Redis forks one to rewrite its file, which may have ended meanwhile.
            continue
        if name in ("redis-server", "valkey-server"):
            pids["redis"].append(process.pid)
        elif "gunicorn" in " ".join(command):
            pids["api"].append(process.pid)
        elif command[-2:] == ["-m", "worker"]:
            parent = process.parent()
            child = parent is not None and parent.cmdline()[-2:] == ["-m", "worker"]
            pids["worker processes" if child else "worker"].append(process.pid)
            if not child:
                redis_url = process.environ()["SCORELANE_REDIS_URL"]
                started = process.create_time()
    return Running(
        url=f"http://127.0.0.1:{port}",
        host="127.0.0.1",
        port=port,
        redis_url=redis_url,
        data=data,
        pids=pids,
        ready_seconds=ready - started,
        all_ready=all_ready,
    )


def stop(program: subprocess.Popen[bytes]) -> None:
    """Stop a program and its children as Ctrl-C does, and wait until all have ended."""
    if program.poll() is not None:
        return
    family = psutil.Process(program.pid).children(recursive=True)
    program.send_signal(signal.SIGINT)
    try:
        program.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
    _, left = psutil.wait_procs(family, timeout=STOP_SECONDS)
    for process in left:
        process.kill()
