"""The models that a worker serves: its main process and all its scoring processes agree on them."""

import logging
from ctypes import c_bool, c_char
from multiprocessing.sharedctypes import RawArray, RawValue
from pathlib import Path

from shared.model_folders import ModelFolders
from worker.kept_files import KeptFiles

logger = logging.getLogger(__name__)

#: The most bytes of the reason why a model cannot be served.
_REASON_BYTES = 500


class ServedModels:
    """The models of a worker; made by its main process before it forks the scoring processes.

    All of them share the memory that says which models are refused. There is no lock, because a
    process that is killed while it holds one would stop the others.

    Attributes:
        cards: the cards of the models, by model folder.
        kept: the files of each model as they are now, by model folder.
        folder_names: the names of all folders in the models folder, served or not.
    """

    def __init__(self, folders: ModelFolders, processes: int) -> None:
        """Keep the files of the models.

        Args:
            folders: the models.
            processes: the number of scoring processes.
        """
        self.cards = folders.cards
        self.kept = {folder: KeptFiles(folder) for folder in folders.cards}
        self.folder_names = folders.names
        self._unsound = folders.failed
        self._refused = {
            card.full_name: RawArray(c_char, _REASON_BYTES) for card in self.cards.values()
        }
        self._processes = processes
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
        if processes >= self._processes:
            self._complete.value = True
