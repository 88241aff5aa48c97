"""Starts the programs of `simulated_workers.py`, and measures what they and a service use."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any, Self

import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks.service import Running, ServiceFailed
from shared.config.settings import Settings
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink

#: The most workers in one program: they share Python's global lock.
PER_PROGRAM = 125

#: The longest time until all workers have announced themselves, in seconds.
START_SECONDS = 240.0


class SimulatedFleet:
    """A context manager that runs simulated workers next to the real one of a service."""

    def __init__(self, running: Running, count: int) -> None:
        """Take the service and the number of workers."""
        self._running, self._count = running, count
        # The worker's own settings, so that both have the same.
        (worker,) = running.pids["worker"]
        self._env = psutil.Process(worker).environ()
        self._programs: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        """Start the programs."""
        for first in range(0, self._count, PER_PROGRAM):
            count = min(PER_PROGRAM, self._count - first)
            arguments = [sys.executable, "-m", "benchmarks.simulated_workers", str(first)]
            self._programs.append(
                subprocess.Popen(
                    [*arguments, str(count)],
                    env={**self._env, "PYTHONPATH": os.pathsep.join(sys.path)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Kill the programs: nothing of their workers is worth waiting for."""
        for program in self._programs:
            program.kill()
            program.wait()

    def wait_until_ready(self) -> None:
        """Wait until every worker has announced itself.

        Raises:
            ServiceFailed: some have not.
        """
        settings = Settings(redis_url=self._running.redis_url)
        link = RedisLink(settings)
        deadline = time.monotonic() + START_SECONDS
        try:
            while (found := sum(RedisFleet(link, settings).serving().values())) <= self._count:
                if time.monotonic() > deadline:
                    raise ServiceFailed(f"only {found} of {self._count + 1} workers have started")
                time.sleep(1)
        finally:
            link.close()

    def done(self) -> Counter[str]:
        """What all workers have done so far."""
        found: Counter[str] = Counter()
        pipes = [_pipes_of(program) for program in self._programs]
        for to, _ in pipes:
            to.write("\n")
            to.flush()
        for _, back in pipes:
            found.update(json.loads(back.readline()))
        return found

    def processor_seconds(self) -> float:
        """The processor time of all programs so far."""
        return sum(_seconds(program.pid) for program in self._programs)


def _pipes_of(program: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    if program.stdin is None or program.stdout is None:
        raise ValueError("the program was started without pipes")
    return program.stdin, program.stdout


@dataclass
class Usage:
    """What was used during a block; `seconds` is 0 until it ends.

    Attributes:
        seconds: the length of the block.
        commands: the commands that Redis ran, with those in scripts, by their name.
        received: the bytes that Redis received.
        sent: the bytes that Redis sent.
        redis: the processor seconds of Redis.
        api: those of the API.
        worker: those of the real worker with its scoring process.
        simulated: those of the simulated workers.
        connections: the connections to Redis at the end.
        memory: the memory of Redis at the end, in bytes.
        done: what the simulated workers have done.
    """

    seconds: float = 0.0
    commands: Counter[str] = field(default_factory=Counter)
    received: int = 0
    sent: int = 0
    redis: float = 0.0
    api: float = 0.0
    worker: float = 0.0
    simulated: float = 0.0
    connections: int = 0
    memory: int = 0
    done: Counter[str] = field(default_factory=Counter)


@contextmanager
def used_during(running: Running, fleet: SimulatedFleet) -> Iterator[Usage]:
    """Measure what a service and a simulated fleet use during a block."""
    usage = Usage()
    with running.redis() as redis:
        info: Any = redis.info
        redis.config_resetstat()
        began, before = time.perf_counter(), _snapshot(running, fleet, info())
        done = fleet.done()
        yield usage
        usage.seconds = time.perf_counter() - began
        stats = info("commandstats")
        end = info()
        for name, seconds in _snapshot(running, fleet, end).items():
            setattr(usage, name, seconds - before[name])
    usage.commands = Counter({name[8:]: one["calls"] for name, one in stats.items()})
    usage.connections, usage.memory = end["connected_clients"], end["used_memory"]
    usage.done = fleet.done()
    usage.done.subtract(done)


def _snapshot(running: Running, fleet: SimulatedFleet, info: dict[str, Any]) -> dict[str, float]:
    pids = running.pids
    return {
        "received": info["total_net_input_bytes"],
        "sent": info["total_net_output_bytes"],
        "redis": info["used_cpu_user"] + info["used_cpu_sys"],
        "api": sum(map(_seconds, pids["api"])),
        "worker": sum(map(_seconds, pids["worker"] + pids["worker processes"])),
        "simulated": fleet.processor_seconds(),
    }


def _seconds(pid: int) -> float:
    return float(sum(psutil.Process(pid).cpu_times()[:2]))
