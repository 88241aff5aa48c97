"""Measures the processor time that the processes of a contestant take."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from statistics import median

import psutil  # type: ignore[import-untyped]  # it ships no types

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
