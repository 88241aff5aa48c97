"""One version of a model that a worker serves, and what its processes know of it."""

import ctypes
import itertools
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_bool, c_char, c_ubyte
from pathlib import Path
from typing import TypeVar

from billiard import current_process

from shared.card import Card
from shared.errors.model import FatalModel
from worker.models.kept_files import KeptFiles
from worker.models.load_turns import loading_size

#: The most bytes of the reason why a model cannot be served.
_REASON_BYTES = 500

#: A model is given up when this many processes in a row have died while they loaded it: its file
#: crashes or hangs its runtime, or needs more memory than there is.
MOST_DEATHS = 2

_serials = itertools.count(1)

_Shared = TypeVar("_Shared", c_bool, ctypes.Array[c_char], ctypes.Array[c_ubyte])


class ServedVersion:
    """A version of a model; made by the main process of a worker.

    The scoring processes that are forked later share the memory that says whether it is refused.
    There is no lock, because a process that is killed while it holds one would stop the others.

    Attributes:
        serial: tells it from what was made of the same card before: a version that was given up
            may be tried again.
        card: the card of the model.
        folder: where its files are, or were.
        kept: the files.
        size: on which its memory depends while it is loaded; see `loading_size`.
        load_seconds: how long the trial took to load it; 0: it had none.
        rate: the rows per second that the trial has measured; None: it had none.
        is_consumed: whether the worker takes work for it, as far as the main process knows.
        is_leaving: whether its folder is gone, so that it takes no new jobs; of the main process.
        is_told: whether a heartbeat has told the fleet since then that it is leaving.
    """

    def __init__(self, folder: Path, card: Card, processes: int) -> None:
        """Open the files of the folder; `processes` is the number of scoring processes."""
        self.serial = next(_serials)
        self.folder, self.card = folder, card
        self.kept = KeptFiles(folder)
        # Now, as the folder may be gone when a process is replaced.
        self.size = loading_size(folder, card)
        self.load_seconds = 0.0
        self.rate: float | None = None
        self.is_consumed = self.is_leaving = self.is_told = False
        self._refused = _shared(c_char * _REASON_BYTES)
        # For each place in the pool, the attempts to load the model that did not end. One process
        # at a time has a place, and the one that replaces it has the same.
        self._unended = _shared(c_ubyte * processes)
        self._complete = _shared(c_bool)

    @property
    def full_name(self) -> str:
        """Name and version."""
        return self.card.full_name

    @property
    def refused(self) -> str:
        """Why the worker does not serve it; empty: it does."""
        return bytes(self._refused.value).decode(errors="ignore")

    @property
    def is_complete(self) -> bool:
        """Whether all scoring processes have had it: one that loads it now replaces another."""
        return bool(self._complete.value)

    def complete(self) -> None:
        """Note that all scoring processes have it."""
        self._complete.value = True

    def refuse(self, reason: str) -> None:
        """Let no process of the worker serve it."""
        self._refused.value = reason.encode()[: _REASON_BYTES - 1] or b"unknown"

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Load the model in the block; the processes that come later learn if this one dies there.

        Raises:
            shared.errors.model.FatalModel: processes have died there before.
        """
        if self._unended[place()] >= MOST_DEATHS:
            raise FatalModel(folder=self.folder, times=MOST_DEATHS)
        self.note_death()
        try:
            yield
        finally:
            self._unended[place()] = 0

    def note_death(self) -> None:
        """Note that a process in the place of this one has died while it loaded the model."""
        self._unended[place()] = min(self._unended[place()] + 1, MOST_DEATHS)


def _shared(kind: type[_Shared]) -> _Shared:
    """Zeros that the processes share which are forked from now on.

    `multiprocessing.sharedctypes` would give the memory to another version when this process has
    no use for it any more, while others have. This is the kernel's, until the last one ends.
    """
    return kind.from_buffer(mmap.mmap(-1, ctypes.sizeof(kind)))


def place() -> int:
    """The place of this scoring process in the pool of its worker, from 0."""
    return int(getattr(current_process(), "index", 0))
