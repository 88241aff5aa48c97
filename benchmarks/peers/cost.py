"""Measures what a contestant costs: processor time, and what it asks of Redis and writes."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from statistics import median

import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks.bulk import commands_of
from benchmarks.report import Row, Table, figure, interleave, quicker
from benchmarks.service import Running

OURS = "Scorelane"

#: Seconds between two looks at the processes; what one takes after the last look is not counted.
LOOK_SECONDS = 0.1

#: The processes of a contestant, as they are now.
Family = Callable[[], Iterable[psutil.Process]]


def trees(pids: Iterable[int], *, client: bool = False) -> Family:
    """The processes `pids` with all that they have started.

    Args:
        pids: servers.
        client: also this process, which reads the rows for the server and writes the results.
    """
    roots = [psutil.Process(pid) for pid in pids]

    def family() -> Iterable[psutil.Process]:
        if client:
            yield psutil.Process()
        for root in roots:
            yield root
            yield from root.children(recursive=True)

    return family


def started_from_now_on() -> Family:
    """The processes that this one starts after the call."""
    here = psutil.Process()
    before = set(here.children(recursive=True))
    return lambda: (each for each in here.children(recursive=True) if each not in before)


class Meter:
    """The processor seconds of each contestant's runs."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[float]] = {}

    def measured(self, name: str, run: Callable[[], float], family: Family) -> Callable[[], float]:
        """Make a function that does a run of the contestant `name` and measures its processes."""

        def run_measured() -> float:
            looks = _Looks(family)
            figure = run()
            self._seconds.setdefault(name, []).append(looks.end())
            return figure

        return run_measured

    def seconds(self, name: str) -> float:
        """The median of the processor seconds of a contestant's runs."""
        return float(median(self._seconds[name]))


def interleaved(
    contestants: dict[str, tuple[Callable[[], float], Family]], rounds: int
) -> tuple[dict[str, list[float]], Meter]:
    """The figures of each contestant's runs, and the meter of their processes."""
    meter = Meter()
    measured = {
        name: meter.measured(name, run, family) for name, (run, family) in contestants.items()
    }
    return interleave(measured, rounds), meter


def cost_table(title: str, meter: Meter, times: dict[str, float], reference: str) -> Table:
    """The processor time of each contestant; `times` says how often its run makes up the title."""
    table = Table(f"Processor time for {title}", ("", "processor time", reference))
    seconds = {name: each * meter.seconds(name) for name, each in times.items()}
    for name in times:
        if name != reference:
            table.rows.append(quicker(name, seconds[name], seconds[reference], unit="s"))
    return table


def requests_of_ours(ours: Running, run: Callable[[], float], times: float) -> list[Row]:
    """What a run makes Scorelane ask of Redis and of the disk; the peers need neither."""
    commands, written = commands_of(ours), _written(ours)
    run()
    return [
        figure(f"{OURS}: Redis commands", times * (commands_of(ours) - commands), unit=""),
        figure(f"{OURS}: written to files", times * (_written(ours) - written) / 1e6, unit="MB"),
    ]


def pids_of(running: Running) -> list[int]:
    """The ids of all processes of a service."""
    return [pid for pids in running.pids.values() for pid in pids]


class _Looks(threading.Thread):
    """Looks at processes again and again, because one that has ended leaves no figure behind."""

    def __init__(self, family: Family) -> None:
        super().__init__(daemon=True)
        self._family = family
        self._ended = threading.Event()
        self._now: dict[psutil.Process, float] = {}
        self._look()
        self._before = dict(self._now)
        self.start()

    def end(self) -> float:
        """The processor seconds that the processes took since this object was made."""
        self._ended.set()
        self.join()
        self._look()
        return float(sum(now - self._before.get(each, 0.0) for each, now in self._now.items()))

    def run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        with suppress(psutil.NoSuchProcess):
            for each in self._family():
                with suppress(psutil.NoSuchProcess):
                    self._now[each] = sum(each.cpu_times()[:2])


def _written(ours: Running) -> int:
    """The bytes that the service's programs have written to the disk so far."""
    return sum(psutil.Process(pid).io_counters().write_bytes for pid in pids_of(ours))
