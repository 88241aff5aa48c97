"""Lets the processes of a worker load their models in turn where memory is short."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shared.card import Card
from shared.load_time import unpacked_bytes
from shared.machine_memory import available_bytes
from shared.mapped_file import MAPPED_FILE, mapped_runtime
from shared.process_lock import ProcessLock

logger = logging.getLogger(__name__)

#: The memory of a process while it loads, in bytes: for each unpacked byte of a model's files, and
#: for its libraries. A pipeline of 3 million terms (104 MiB) takes 1.8 GB at first, then half.
LOAD_FACTOR = 20
LIBRARY_BYTES = 300 * 2**20


def load_bytes(cards: Mapping[Path, Card]) -> int:
    """About the most memory that a process takes while it loads models, in bytes.

    Models are loaded one after the other, so the largest counts by its peak, and the others by
    half of theirs.

    Args:
        cards: the cards of the models, by folder.
    """
    return peak_bytes(loading_size(folder, card) for folder, card in cards.items())


def loading_size(folder: Path, card: Card) -> int:
    """The unpacked bytes of a model's files, on which its memory depends while it is loaded.

    A mapped model is not built, so its file is all that it takes: its part of `LOAD_FACTOR`.
    """
    if mapped_runtime(card.mapped):
        return unpacked_bytes([folder / MAPPED_FILE]) // LOAD_FACTOR
    return unpacked_bytes(folder / file for file in card.files)


def peak_bytes(sizes: Iterable[int]) -> int:
    """As `load_bytes`, for models whose files have these numbers of unpacked bytes."""
    peaks = sorted(LOAD_FACTOR * size for size in sizes)
    return LIBRARY_BYTES + sum(peaks[:-1]) // 2 + sum(peaks[-1:])


class LoadTurns:
    """Gives turns at loading to the processes that are forked after this object was made."""

    def __init__(self) -> None:
        self._lock = ProcessLock()

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
        with self._lock:
            free = available_bytes()
            if needed > free:
                logger.warning(
                    "a process may take %d MiB to load its models, and %d MiB are free: fewer "
                    "processes (SCORELANE_PROCESSES) or models (SCORELANE_SERVE) take less",
                    needed >> 20,
                    free >> 20,
                )
            yield
