"""Counts of a program of several processes, in memory that all of them see.

The main process makes a `SharedCounters`. The processes that it forks count into the same memory,
each in a place of its own: no lock between them, no call to Redis, no file to clean up. A process
that takes the place of a dead one counts on where that one ended, so that a total never falls while
the program lives.
"""

import fcntl
import logging
import mmap
import os
import tempfile
import weakref
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

logger = logging.getLogger(__name__)

#: Processes that may live at a time, numbers of each, and bytes for their names. Memory that nobody
#: has written to is not there.
PLACES = 128
NUMBERS = 8192
NAME_BYTES = 192 * 1024

_HEAD = 8  # the length of the names in use
_PLACE = _HEAD + 8 * NUMBERS + NAME_BYTES
_PLACE += -_PLACE % mmap.PAGESIZE

#: Between the words of a name: no label holds it.
_APART = "\x1f"


@dataclass(frozen=True)
class Measure:
    """What is counted, under which labels.

    Attributes:
        name: as Prometheus wants it; of a counter it ends in `_total`.
        about: what it says, in a sentence.
        labels: their names; values must be few, and known beforehand.
        buckets: the upper bounds of a histogram, rising; empty: it is a counter.
        is_gauge: it goes down again, and what a process has of it goes with the process.
    """

    name: str
    about: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    is_gauge: bool = False

    @property
    def size(self) -> int:
        """Numbers that are kept of it: one; or of a histogram each bucket, +Inf, and the sum."""
        return len(self.buckets) + 2 if self.buckets else 1


class SharedCounters:
    """What the processes of one program have counted."""

    def __init__(self, gauges: Collection[str] = ()) -> None:
        """Make the memory.

        Args:
            gauges: the names of what goes down again: whoever takes the place of a dead process
                begins it anew.
        """
        self._gauges = frozenset(gauges)
        # Its places are locked by their processes: the kernel unlocks those of a dead one.
        self._file = _nameless_file(PLACES * _PLACE)
        self._memory = memoryview(mmap.mmap(self._file, PLACES * _PLACE))
        self._pid = 0
        self._lock = Lock()
        forked = weakref.WeakMethod(self._forked)
        os.register_at_fork(after_in_child=lambda: (call := forked()) and call())

    def __del__(self) -> None:
        os.close(self._file)

    def add(self, measure: Measure, *labels: str, by: float = 1) -> None:
        """Count something."""
        with self._lock:
            at = self._at(measure, labels)
            if at >= 0:
                self._numbers[at] += by

    def observe(self, measure: Measure, value: float, *labels: str) -> None:
        """Count a value of a histogram."""
        bucket = bisect_left(measure.buckets, value)
        with self._lock:
            at = self._at(measure, labels)
            if at >= 0:
                self._numbers[at + bucket] += 1
                self._numbers[at + len(measure.buckets) + 1] += value

    def totals(self, measure: Measure) -> dict[tuple[str, ...], list[float]]:
        """By labels, what all processes have counted, those that have ended included.

        Of a gauge, those that have ended have nothing.
        """
        found: dict[tuple[str, ...], list[float]] = {}
        for place in range(PLACES):
            if measure.is_gauge and self._head_of(place)[0] and not self._lives(place):
                continue
            numbers, at = self._numbers_of(place), 0
            for size, name, *labels in self._names_of(place):
                if name == measure.name:
                    have = found.setdefault(tuple(labels), [0.0] * measure.size)
                    for index in range(measure.size):
                        have[index] += numbers[at + index]
                at += int(size)
        return found

    def _at(self, measure: Measure, labels: tuple[str, ...]) -> int:
        """Where the first number of it is; -1 where there is no room."""
        if self._pid != os.getpid():
            self._take_place()
        key = (measure.name, *labels)
        at = self._known.get(key)
        return self._add_name(measure, key) if at is None else at

    def _add_name(self, measure: Measure, key: tuple[str, ...]) -> int:
        line = _APART.join((str(measure.size), *key)).encode() + b"\n"
        head, names = self._head_of(self._place), self._text_of(self._place)
        at, used = self._used, head[0]
        if at + measure.size > NUMBERS or used + len(line) > NAME_BYTES:
            logger.warning("there is no room to count %s", measure.name)
            at = -1
        else:
            names[used : used + len(line)] = line
            # Last: whoever reads at this moment sees a name whole, or not at all.
            head[0] = used + len(line)
            self._used += measure.size
        self._known[key] = at
        return at

    def _take_place(self) -> None:
        for place in range(PLACES):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError:
                continue
            break
        else:
            logger.warning("more than %d processes: what this one does is not counted", PLACES)
            place = -1
        self._place, self._known, self._used = place, {}, NUMBERS
        if place >= 0:
            self._numbers, self._used = self._numbers_of(place), 0
            for size, *key in self._names_of(place):
                self._known[tuple(key)] = self._used
                if key[0] in self._gauges:
                    self._numbers[self._used] = 0
                self._used += int(size)
        self._pid = os.getpid()

    def _lives(self, place: int) -> bool:
        """Whether the process that counts in a place lives."""
        if self._pid == os.getpid() and place == self._place:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            return True
        # Who looks for a place at this moment takes the next one.
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
        return False

    def _forked(self) -> None:
        # A thread of the main process may have held it at that moment.
        self._lock = Lock()

    def _head_of(self, place: int) -> "memoryview[int]":
        return self._memory[place * _PLACE :][:_HEAD].cast("q")

    def _numbers_of(self, place: int) -> "memoryview[float]":
        return self._memory[place * _PLACE + _HEAD :][: 8 * NUMBERS].cast("d")

    def _text_of(self, place: int) -> "memoryview[int]":
        return self._memory[place * _PLACE + _HEAD + 8 * NUMBERS :][:NAME_BYTES]

    def _names_of(self, place: int) -> Iterator[Sequence[str]]:
        used = self._head_of(place)[0]
        for line in bytes(self._text_of(place)[:used]).decode().split("\n")[:-1]:
            yield line.split(_APART)


def _nameless_file(size: int) -> int:
    """A file in memory that has no name, and goes with the last process that holds it."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("scorelane-tally")
    else:
        with tempfile.TemporaryFile() as temporary:
            file = os.dup(temporary.fileno())
    os.ftruncate(file, size)
    return file
