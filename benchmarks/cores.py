"""Measures the processor time of the programs of a service."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks.service import Running


@contextmanager
def cores_of(running: Running) -> Iterator[dict[str, float]]:
    """Measure the cores that each program keeps busy during a block.

    Yields:
        A dict that is filled at the end of the block: program -> mean number of busy cores.
    """
    used: dict[str, float] = {}
    before, began = _seconds(running), time.perf_counter()
    yield used
    seconds = time.perf_counter() - began
    used |= {name: (end - before[name]) / seconds for name, end in _seconds(running).items()}


def described(used: dict[str, float]) -> str:
    """The busy cores of each program as one line of text."""
    return ", ".join(f"{name} {cores:.2f}" for name, cores in used.items())


def _seconds(running: Running) -> dict[str, float]:
    """The processor seconds of each program so far, summed over its processes."""
    return {
        name: sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)
        for name, pids in running.pids.items()
    }
