"""Reads ranges of files over a network: the next one while the rows of the last one are scored.

Nobody knows which part a process gets next, because any free process takes the next message of the
queue. But parts are taken in turn: while a process scores a part, each of the others usually takes
one. So the next part is guessed, as a processor guesses by a stride which memory is read next. A
wrong guess costs one request, and nothing else.
"""

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass
from threading import Thread
from typing import Protocol

from shared.storage.seal import BLOCK_BYTES
from shared.tables.base_layout import BlobRange

#: A longer range is not read ahead, in bytes: this much is held in addition to the part in work.
MOST_AHEAD_BYTES = 8 * 1024 * 1024

#: How many ranges are held. Small parts are neighbours in one range; and if a process gets parts of
#: several jobs in turn, the range that it expects of one job outlasts a part of another.
MOST_HELD = 4

#: After many wrong guesses only one part in so many is followed by a guess.
MOST_SKIPPED = 16

#: The weight of the last step from part to part in the step that is expected.
_LEARNED = 0.25

#: Of how many jobs the last part is remembered.
_MOST_JOBS = 8


class Ranges(Protocol):
    """What reads ranges: blobs, or files of users.

    Attributes:
        at_once: 1 if a range is best read when it is needed, as from a disk.
    """

    at_once: int

    def read(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        """Read `length` bytes from `offset`; -1: to the end. It is called in several threads.

        Raises:
            Exception: it cannot be read.
        """


class StrideGuess:
    """Guesses the number of the part that a process gets next, from those that it has had."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, float]] = {}

    def __call__(self, job_id: str, number: int, processes: int) -> int:
        """The number of the part of a job that this process probably gets after part `number`.

        Args:
            job_id: the job.
            number: the part that it has now.
            processes: how many processes score parts of this job; the first guess of the step.
        """
        last, step = self._last.pop(job_id, (number, float(max(processes, 1))))
        if last < number:
            step += (number - last - step) * _LEARNED
        self._last[job_id] = number, step
        while len(self._last) > _MOST_JOBS:
            del self._last[next(iter(self._last))]
        return number + max(round(step), 1)


@dataclass(eq=False)
class _Held:
    """A range that was read, or is being read."""

    where: BlobRange
    content: "Future[bytes]"
    is_guess: bool  #: Nobody has needed it yet.

    def covers(self, other: BlobRange) -> bool:
        """Whether it has all bytes of another range that are in the file."""
        key, offset, length = self.where
        if key != other.key or other.offset < offset:
            return False
        return length < 0 or 0 <= other.length <= offset + length - other.offset


class ReadAhead:
    """Reads ranges of files that never change, and holds a few that may be needed soon.

    Files for which `Ranges.at_once` is 1 are read directly. For one thread.
    """

    def __init__(self, files: Ranges) -> None:
        """Take what reads the files."""
        self._files = files
        self._held: list[_Held] = []
        self._wrong = 0  #: Wrong guesses since the last right one.
        self._skip = 0  #: Parts that are not followed by a guess.

    def read(self, where: BlobRange) -> bytes:
        """The bytes of a range; fewer if the file ends before.

        Raises:
            Exception: they cannot be read.
        """
        if self._files.at_once == 1:
            return self._files.read(*where)
        for held in [one for one in self._held if one.covers(where)]:
            if held.content.exception() is None:  # waits until it is read
                if held.is_guess:
                    held.is_guess, self._wrong, self._skip = False, 0, 0
                return self._part_of(held, where)
            self._held.remove(held)
        held = _Held(_in_blocks(where), Future(), is_guess=False)
        held.content.set_result(self._files.read(*held.where))
        self._hold(held)
        return self._part_of(held, where)

    def expect(self, find: Callable[[], BlobRange | None]) -> None:
        """Begin to read the range that is probably needed next, unless it is held.

        Does nothing while such a range is still being read, and after many wrong guesses.

        Args:
            find: finds the range; None: there is none. It is not always called.
        """
        if self._files.at_once == 1 or not all(one.content.done() for one in self._held):
            return
        if self._skip:
            self._skip -= 1
            return
        where = find()
        if where is None or where.length > MOST_AHEAD_BYTES:
            return
        if any(one.covers(where) for one in self._held):
            return
        held = _Held(_in_blocks(where), Future(), is_guess=True)
        self._hold(held)
        # A daemon: a store that does not answer must not keep the process from its end.
        run = copy_context().run
        Thread(target=run, args=(self._fetch, held), name="read-ahead", daemon=True).start()

    def _fetch(self, held: _Held) -> None:
        try:
            held.content.set_result(self._files.read(*held.where))
        except Exception as error:  # noqa: BLE001  who needs the range reads it again, and raises
            held.content.set_exception(error)

    def _hold(self, held: _Held) -> None:
        self._held.append(held)
        if len(self._held) > MOST_HELD:
            self._drop(self._held[0])

    def _drop(self, held: _Held) -> None:
        self._held.remove(held)
        if held.is_guess:
            self._wrong += 1
            self._skip = min(2**self._wrong, MOST_SKIPPED)

    def _part_of(self, held: _Held, where: BlobRange) -> bytes:
        content = held.content.result()
        if held.where == where:
            self._held.remove(held)
            return content
        begin = where.offset - held.where.offset
        end = len(content) if where.length < 0 else begin + where.length
        if len(content) - end < where.length:
            # What is left of it is no whole part.
            self._held.remove(held)
        return content[begin:end]


def _in_blocks(where: BlobRange) -> BlobRange:
    """The blocks that hold a range.

    Checksums are of whole blocks, so these are read anyway; and so small parts, of which many are
    in a block, are read by one request.
    """
    if where.length < 0:
        return where
    begin = where.offset // BLOCK_BYTES * BLOCK_BYTES
    end = -(-(where.offset + where.length) // BLOCK_BYTES) * BLOCK_BYTES
    return BlobRange(where.key, begin, end - begin)
