"""The models that a worker serves: its main process and all its scoring processes agree on them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_bool, c_char, c_ubyte
from multiprocessing.sharedctypes import RawArray, RawValue
from pathlib import Path

from billiard import current_process

from shared.errors.model import FatalModel
from shared.load_time import load_seconds
from shared.model_folders import ModelFolders, current_versions
from worker.models.kept_files import KeptFiles
from worker.models.load_turns import load_bytes

logger = logging.getLogger(__name__)

#: The most bytes of the reason why a model cannot be served.
_REASON_BYTES = 500

#: A model is given up when this many processes in a row have died while they loaded it: its file
#: crashes or hangs its runtime, or needs more memory than there is.
MOST_DEATHS = 2


class ServedModels:
    """The models of a worker; made by its main process before it forks the scoring processes.

    All of them share the memory that says which models are refused. There is no lock, because a
    process that is killed while it holds one would stop the others.

    Attributes:
        cards: the cards of the models, by model folder.
        kept: the files of each model as they are now, by model folder.
        load_bytes: about the most memory that a process takes while it loads all of them.
        load_seconds: the longest time, in seconds, that all processes may take to load them.
        processes: the number of scoring processes.
        known_names: the names of all models and of all folders in the models folder, served or not.
        current: the full names of the versions that new jobs get.
    """

    def __init__(self, folders: ModelFolders, processes: int) -> None:
        """Keep the files of the models.

        Args:
            folders: the models.
            processes: the number of scoring processes.
        """
        self.cards = folders.cards
        # Now, as a folder may be gone when the worker is ready, or a process is replaced.
        self.load_bytes = load_bytes(folders.cards)
        self.load_seconds = load_seconds(folders.cards, processes)
        self.kept = {folder: KeptFiles(folder) for folder in folders.cards}
        self.known_names = folders.names | {card.name for card in self.cards.values()}
        self.current = current_versions(self.cards)
        self._unsound = folders.failed
        self._refused = {
            card.full_name: RawArray(c_char, _REASON_BYTES) for card in self.cards.values()
        }
        # For each place in the pool, the attempts to load the model that did not end. One process
        # at a time has a place, and the one that replaces it has the same.
        self._unended = {
            card.full_name: RawArray(c_ubyte, processes) for card in self.cards.values()
        }
        self.processes = processes
        self._complete = RawValue(c_bool, False)

    def close(self) -> None:
        """Keep the files no longer."""
        for files in self.kept.values():
            files.close()

    def names(self) -> list[str]:
        """The full names of the models that this worker serves."""
        return [name for name, reason in self._refused.items() if not reason.value]

    def refused(self) -> list[str]:
        """The full names of the models that one of the processes could not load."""
        return [name for name, reason in self._refused.items() if reason.value]

    def failed(self) -> dict[str, str]:
        """Why models of the folder are not served, by the name of the model or its folder."""
        refused = {
            card.name: self._refused[card.full_name].value.decode(errors="ignore")
            for card in self.cards.values()
            if self._refused[card.full_name].value
        }
        return self._unsound | refused

    @contextmanager
    def attempt(self, folder: Path) -> Iterator[None]:
        """Load a model in the block; the processes that come later learn if this one dies there.

        Raises:
            shared.errors.model.FatalModel: processes have died there before.
        """
        unended = self._unended[self.cards[folder].full_name]
        place = getattr(current_process(), "index", 0)
        if unended[place] >= MOST_DEATHS:
            raise FatalModel(folder=folder, times=MOST_DEATHS)
        unended[place] += 1
        try:
            yield
        finally:
            unended[place] = 0

    def refuse(self, folder: Path, reason: str) -> bool:
        """Let no process of this worker serve a model, because this process could not load it.

        Args:
            folder: its folder in `cards`.
            reason: why it could not be loaded.

        Returns:
            False if the worker serves the model already, so that work may be under way: then the
            worker must be restarted instead.
        """
        if self.is_complete:
            return False
        content = reason.encode()[: _REASON_BYTES - 1]
        self._refused[self.cards[folder].full_name].value = content or b"unknown"
        logger.error("%s is not served: %s", self.cards[folder].name, reason)
        return True

    @property
    def is_complete(self) -> bool:
        """Whether all scoring processes had started before: a new one replaces one of them."""
        return bool(self._complete.value)

    def note_ready(self, processes: int) -> None:
        """Note how many processes are ready: when all are, what they serve stays as it is."""
        if processes >= self.processes:
            self._complete.value = True
