"""The models that a worker serves: its main process and all its scoring processes agree on them."""

import logging
import os
from ctypes import c_bool
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any

from shared.card import Card
from shared.load_time import seconds_for
from shared.model_folders import ModelFolders, current_versions
from shared.private_copies import remove_copy
from worker.models.load_turns import peak_bytes
from worker.models.served_version import ServedVersion
from worker.models.shared_note import SharedNote

logger = logging.getLogger(__name__)


class ServedModels:
    """The models of a worker; made by its main process before it forks the scoring processes.

    The main process adds versions and removes them later, and writes what it serves into a note
    for the scoring processes that live already. Those that it forks later have the versions of
    their start from it.

    Attributes:
        versions: the versions that this worker has, by full name. It is never changed, but
            replaced: a process may be forked at any time.
        processes: the number of scoring processes.
        load_bytes: about the most memory that a process takes while it loads all of them.
        load_seconds: the longest time, in seconds, that all processes may take to load them.
        known_names: the names of all models and of all folders in the models folder, served or not.
        orders: the note of what the scoring processes are to have loaded.
        states: a note for each scoring process, by its place, of what it has loaded.
    """

    def __init__(self, folders: ModelFolders, processes: int) -> None:
        """Keep the files of the models.

        Args:
            folders: the models.
            processes: the number of scoring processes.
        """
        self.processes = processes
        self.versions = {
            card.full_name: ServedVersion(folder, card, processes)
            for folder, card in folders.cards.items()
        }
        for version in self.versions.values():
            version.is_consumed = True
        self._measure()
        self.known_names: frozenset[str] = frozenset()
        self.note_found(folders)
        self._complete = RawValue(c_bool, False)
        self.orders = SharedNote()
        self.states = [SharedNote() for _ in range(processes)]
        self.publish()

    def _measure(self) -> None:
        sizes = [version.size for version in self.versions.values()]
        self.load_bytes = peak_bytes(sizes)
        self.load_seconds = seconds_for(sum(sizes), self.processes)

    def close(self) -> None:
        """Keep the files no longer."""
        for version in self.versions.values():
            version.kept.close()
        for note in (self.orders, *self.states):
            note.close()

    @property
    def cards(self) -> dict[Path, Card]:
        """The cards of the versions, by the folders in which they were found."""
        return {version.folder: version.card for version in self.versions.values()}

    @property
    def current(self) -> set[str]:
        """The full names of the versions that new jobs get, one of each model."""
        return current_versions(
            {
                one.folder: one.card
                for one in self.versions.values()
                if one.is_consumed and not one.is_leaving and not one.refused
            }
        )

    def names(self) -> list[str]:
        """The full names of the versions that this worker serves, or that its processes load."""
        return [name for name, version in self.versions.items() if not version.refused]

    def consumed(self) -> list[str]:
        """The full names of the versions for which this worker takes work."""
        return [
            name
            for name, version in self.versions.items()
            if version.is_consumed and not version.refused
        ]

    def leaving(self) -> list[str]:
        """The full names of the versions that take no new jobs, as their folders are gone."""
        return [name for name, version in self.versions.items() if version.is_leaving]

    def refused(self) -> list[str]:
        """The full names of the versions that one of the processes could not load."""
        return [name for name, version in self.versions.items() if version.refused]

    def failed(self) -> dict[str, str]:
        """Why models of the folder are not served, by the name of the folder or of the model."""
        refused = {
            version.card.name: version.refused
            for version in self.versions.values()
            if version.refused and not version.is_leaving
        }
        return self._unsound | refused

    def note_found(self, folders: ModelFolders) -> None:
        """Take over what was found in the models folder: its names, and what is wrong in it."""
        self._unsound = folders.failed
        self.known_names = folders.names | {card.name for card in folders.cards.values()}

    def add(self, version: ServedVersion) -> None:
        """Let the scoring processes load one more version."""
        self.versions = {**self.versions, version.full_name: version}
        self._measure()
        self.publish()

    def remove(self, full_name: str) -> None:
        """Let the scoring processes unload a version, and keep its files no longer."""
        version = self.versions[full_name]
        self.versions = {name: one for name, one in self.versions.items() if name != full_name}
        self.publish()
        version.kept.close()
        for digest in version.card.digests.values():
            remove_copy(digest)

    def living(self) -> list[dict[str, Any]]:
        """What each scoring process that lives has loaded: `pid`, `ready`, `loading`, `failed`."""
        states = (note.read() for note in self.states)
        return [state for state in states if state and _lives(state["pid"])]

    def publish(self) -> None:
        """Write for the scoring processes what they are to have loaded."""
        self.orders.write(
            {
                "pid": os.getpid(),
                "versions": {
                    name: {
                        "folder": str(self.versions[name].folder),
                        "files": self.versions[name].kept.descriptors,
                        "size": self.versions[name].size,
                    }
                    for name in self.names()
                },
            }
        )

    def refuse(self, full_name: str, reason: str) -> bool:
        """Let no process of this worker serve a model, because this process could not load it.

        Args:
            full_name: the version.
            reason: why it could not be loaded.

        Returns:
            False if the worker serves the version already, so that work may be under way: then the
            worker must be restarted instead. A version that takes no new jobs is refused even then.
        """
        version = self.versions[full_name]
        if version.is_complete and not version.is_leaving:
            return False
        version.refuse(reason)
        logger.error("%s is not served: %s", full_name, reason)
        return True

    @property
    def is_complete(self) -> bool:
        """Whether all scoring processes had started before: a new one replaces one of them."""
        return bool(self._complete.value)

    def note_ready(self, processes: int) -> None:
        """Note how many processes are ready: when all are, they have all models of the start."""
        if processes >= self.processes and not self.is_complete:
            for full_name in self.consumed():
                self.versions[full_name].complete()
            self._complete.value = True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
