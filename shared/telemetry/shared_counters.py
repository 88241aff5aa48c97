"""Counters of a program with several processes, in memory that they share.

The main process makes a `SharedCounters`. Each process that it forks counts in its own section of
the memory, a place: no lock between processes, no call to Redis, no file to clean up. A process
that takes the place of a dead one continues from its numbers, so that a total never falls while the
program lives.
"""

import fcntl
import logging
import mmap
import os
import weakref
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from shared.nameless_file import nameless_file

logger = logging.getLogger(__name__)

#: The most processes at a time, the numbers of each, and the bytes for the names of the numbers.
#: The kernel allocates a page of the memory only when a process first writes to it.
PLACES = 128
NUMBERS = 8192
NAME_BYTES = 192 * 1024

_HEAD = 8  # holds the number of bytes of names in use
_PLACE = _HEAD + 8 * NUMBERS + NAME_BYTES
_PLACE += -_PLACE % mmap.PAGESIZE

#: Separates the words of a name; no label holds it.
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Measure:
    """A metric and its labels.

    Attributes:
        name: the name in Prometheus; that of a counter ends in `_total`.
        about: a sentence that explains it.
        labels: the names of its labels, whose values must be few and known beforehand.
        buckets: the upper bounds of a histogram, in rising order; empty: it is a counter or gauge.
        is_gauge: it goes up and down, and the value of a process ends with the process.
    """

    name: str
    about: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    is_gauge: bool = False

    @property
    def size(self) -> int:
        """How many numbers it takes: one; a histogram takes its buckets, +Inf, and the sum."""
        return len(self.buckets) + 2 if self.buckets else 1


class SharedCounters:
    """The counts of the processes of one program."""

    def __init__(self, gauges: Collection[str] = ()) -> None:
        """Make the memory.

        Args:
            gauges: the names of the gauges: a process that takes the place of a dead one sets them
                to 0.
        """
        self._gauges = frozenset(gauges)
        # Each process locks its place in this file; the kernel unlocks the place of a dead process.
        self._file = nameless_file("scorelane-tally", PLACES * _PLACE)
        self._memory = memoryview(mmap.mmap(self._file, PLACES * _PLACE))
        self._pid = 0
        self._lock = Lock()
        forked = weakref.WeakMethod(self._forked)
        os.register_at_fork(after_in_child=lambda: (call := forked()) and call())

    def __del__(self) -> None:
        os.close(self._file)

    def add(self, measure: Measure, *labels: str, by: float = 1) -> None:
        """Add to a counter or a gauge."""
        with self._lock:
            at = self._at(measure, labels)
            if at >= 0:
                self._numbers[at] += by

    def observe(self, measure: Measure, value: float, *labels: str) -> None:
        """Add a value to a histogram."""
        bucket = bisect_left(measure.buckets, value)
        with self._lock:
            at = self._at(measure, labels)
            if at >= 0:
                self._numbers[at + bucket] += 1
                self._numbers[at + len(measure.buckets) + 1] += value

    def totals(self, measure: Measure) -> dict[tuple[str, ...], list[float]]:
        """The sums over all processes, by the values of the labels.

        Processes that have ended are included, except for a gauge. The numbers of a histogram are
        those of its buckets, of +Inf, and the sum of its values.
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
        """The index of the measure's first number in this process; -1 if there is no room."""
        if self._pid != os.getpid():
            self._take_place()
        key = (measure.name, *labels)
        at = self._known.get(key)
        return self._add_name(measure, key) if at is None else at

    def _add_name(self, measure: Measure, key: tuple[str, ...]) -> int:
        line = _SEPARATOR.join((str(measure.size), *key)).encode() + b"\n"
        head, names = self._head_of(self._place), self._text_of(self._place)
        at, used = self._used, head[0]
        if at + measure.size > NUMBERS or used + len(line) > NAME_BYTES:
            logger.warning("there is no room to count %s", measure.name)
            at = -1
        else:
            names[used : used + len(line)] = line
            # The length last: a process that reads at this moment sees the whole name or nothing.
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
            logger.warning("more than %d processes: the work of this one is not counted", PLACES)
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
        """Whether the process of a place lives."""
        if self._pid == os.getpid() and place == self._place:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            return True
        # A process that looks for a place at this moment takes the next one.
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
        return False

    def _forked(self) -> None:
        # A thread of the main process may have held the lock when this process was forked.
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
            yield line.split(_SEPARATOR)
