"""Lets the processes of a worker load their models in turn where memory is short."""

import fcntl
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.load_time import unpacked_bytes
from shared.nameless_file import nameless_file
from worker.memory import available_bytes

logger = logging.getLogger(__name__)

#: The memory of a process while it loads, in bytes: for each unpacked byte of a model's files, and
#: for its libraries. A pipeline of 3 million terms (104 MiB) takes 1.8 GB at first, then half.
LOAD_FACTOR = 20
LIBRARY_BYTES = 300 * 2**20


def load_bytes(folders: Iterable[Path]) -> int:
    """About the most memory that a process takes while it loads the models in these folders.

    Models are loaded one after the other, so the largest counts by its peak, and the others by
    half of theirs.
    """
    sizes = sorted(
        LOAD_FACTOR * unpacked_bytes(file for file in folder.iterdir() if file.is_file())
        for folder in folders
    )
    return LIBRARY_BYTES + sum(sizes[:-1]) // 2 + sum(sizes[-1:])


class LoadTurns:
    """The turns of the processes that the maker of this object forks."""

    def __init__(self) -> None:
        # The kernel unlocks the file for a process that is killed.
        self._file = nameless_file("scorelane-turns")

    def __del__(self) -> None:
        os.close(self._file)

    @contextmanager
    def turn(self, needed: int, processes: int) -> Iterator[None]:
        """Load models in this block: at once if there is memory for all processes, else in turn.

        Args:
            needed: the most memory that a process takes while it loads, in bytes.
            processes: how many processes may load at the same time.
        """
        if needed * processes <= available_bytes():
            yield
            return
        logger.info("memory is short: the processes load their models one after the other")
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            free = available_bytes()
            if needed > free:
                logger.warning(
                    "a process may take %d MiB to load its models, and %d MiB are free: fewer "
                    "processes (SCORELANE_PROCESSES) or models (SCORELANE_SERVE) take less",
                    needed >> 20,
                    free >> 20,
                )
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
