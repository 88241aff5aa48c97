"""What the programs of a service take of the cores."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks.service import Running


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
