"""The service with all its processes there, and what they take of the cores."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks.service import START_SECONDS, Running, ServiceFailed, service


@contextmanager
def whole_service(
    processes: int = 2, models_dir: Path | None = None, env: dict[str, str] | None = None
) -> Iterator[Running]:
    """Run `benchmarks.service.service`, and wait until every worker process serves.

    The service itself is ready as soon as one does.

    Raises:
        benchmarks.service.ServiceFailed: it did not start, or not with all of them.
    """
    with service(processes, models_dir, env) as running:
        deadline = time.monotonic() + START_SECONDS
        while _serving(running) < processes:
            if time.monotonic() > deadline:
                raise ServiceFailed(f"not all of {processes} worker processes serve")
            time.sleep(0.1)
        [worker] = running.pids["worker"]
        children = [child.pid for child in psutil.Process(worker).children()]
        yield replace(running, pids=running.pids | {"worker processes": children})


def _serving(running: Running) -> int:
    """How many processes serve the model that the fewest serve."""
    connection = HTTPConnection(running.host, running.port, timeout=30)
    try:
        connection.request("GET", "/models")
        models = json.loads(connection.getresponse().read())["models"]
        return min(int(model["processes"]) for model in models)
    finally:
        connection.close()


@contextmanager
def cores_of(running: Running) -> Iterator[dict[str, float]]:
    """How many cores each program of a service kept busy during a block; filled at its end."""
    used: dict[str, float] = {}
    before, began = _seconds(running), time.perf_counter()
    yield used
    seconds = time.perf_counter() - began
    used |= {name: (end - before[name]) / seconds for name, end in _seconds(running).items()}


def described(used: dict[str, float]) -> str:
    """The cores of each program, in words."""
    return ", ".join(f"{name} {cores:.2f}" for name, cores in used.items())


def _seconds(running: Running) -> dict[str, float]:
    """Processor time of each program so far, of all its processes."""
    return {
        name: sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)
        for name, pids in running.pids.items()
    }
