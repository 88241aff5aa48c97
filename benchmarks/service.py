"""The whole service, started as a user starts it, and looked at from outside."""

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

#: Seconds that the service gets to be ready, and to stop.
START_SECONDS = 180.0
STOP_SECONDS = 60.0

#: Seconds between two looks whether it is ready: what `ready_seconds` is exact to.
LOOK_SECONDS = 0.01


class ServiceFailed(Exception):
    """The service did not start; the message holds what it said."""


@dataclass(frozen=True)
class Running:
    """A service that runs.

    Attributes:
        url: of the API.
        host: of the API.
        port: of the API.
        redis_url: of its Redis.
        data: its data folder; the logs are in `logs/`.
        pids: process ids by program: `redis`, `api` (gunicorn's main process and its children),
            `worker` (the main process), `worker processes` (its children, that score).
        ready_seconds: from the start of the worker to the first 200 of `/readyz`.
    """

    url: str
    host: str
    port: int
    redis_url: str
    data: Path
    pids: dict[str, list[int]]
    ready_seconds: float

    def redis(self) -> Redis:
        """A connection to its Redis; the caller closes it."""
        return Redis.from_url(self.redis_url)

    def parts(self, job_id: str) -> int:
        """How many parts a job was cut into, which the API tells nobody."""
        settings = Settings(redis_url=self.redis_url)
        link = RedisLink(settings)
        try:
            return RedisJobStore(link, settings).get(job_id).parts
        finally:
            link.close()


@contextmanager
def service(
    processes: int = 2, models_dir: Path | None = None, env: dict[str, str] | None = None
) -> Iterator[Running]:
    """Run `scorelane serve` with a data folder of its own, on a free port, for a block.

    The block begins when every worker process serves; the service is ready as soon as one does.

    Args:
        processes: worker processes.
        models_dir: a folder of model folders; None: the bundled ones.
        env: environment variables besides those that are there, such as SCORELANE_SERVE.

    Raises:
        ServiceFailed: it did not start, or not with all processes.
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
            _wait_for_processes(port, processes)
            yield _look_at(program, port, data, ready)
        finally:
            stop(program)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for_port(program: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    """Wait until a server that was started answers a GET of `path` with 200.

    Raises:
        ServiceFailed: it ended, or it takes too long.
    """
    deadline = time.monotonic() + START_SECONDS
    while _status(port, path) != 200:
        if program.poll() is not None or time.monotonic() > deadline:
            raise ServiceFailed(f"The server did not start:\n{log.read_text(errors='replace')}")
        time.sleep(LOOK_SECONDS)


def _status(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def _wait_for_processes(port: int, processes: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while _serving(port) < processes:
        if time.monotonic() > deadline:
            raise ServiceFailed(f"not all of {processes} worker processes serve")
        time.sleep(10 * LOOK_SECONDS)


def _serving(port: int) -> int:
    """How many processes serve the model that the fewest serve."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/models")
        models = json.loads(connection.getresponse().read())["models"]
        return min(int(model["processes"]) for model in models)
    finally:
        connection.close()


def _look_at(program: subprocess.Popen[bytes], port: int, data: Path, ready: float) -> Running:
    pids: dict[str, list[int]] = {"redis": [], "api": [], "worker": [], "worker processes": []}
    redis_url, started = "", ready
    for process in psutil.Process(program.pid).children(recursive=True):
        command = process.cmdline()
        if "redis-server" in command[0]:
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
    )


def stop(program: subprocess.Popen[bytes]) -> None:
    """End a program and what it started, as Ctrl-C does, and wait until all of it has ended."""
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
