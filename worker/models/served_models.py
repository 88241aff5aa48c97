"""The models that a worker serves: its main process and all its scoring processes agree on them."""

import logging
import os
from collections.abc import Collection
from ctypes import c_bool
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any

from shared.card import Card
from shared.fleet import name_of
from shared.live_process import lives
from shared.load_time import seconds_for
from shared.model_folders import Declined, ModelFolders, current_versions
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
        self._declined: dict[Path, Declined] = {}
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
        """The full names of the versions that new jobs get, one of each model.

        None of a model whose version for new jobs is left to other workers.
        """
        return self._current() - self.declined().keys()

    @property
    def yielded(self) -> set[str]:
        """The names of the models whose version for new jobs is left to other workers."""
        return {name_of(full_name) for full_name in self._current() & self.declined().keys()}

    def _current(self) -> set[str]:
        served = {
            one.folder: one.card
            for one in self.versions.values()
            if one.is_consumed and not one.is_leaving and not one.refused
        }
        declined = {folder: one.card for folder, one in self._declined.items()}
        return current_versions(served | declined)

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

    def note_told(self, full_names: Collection[str]) -> None:
        """Note that a heartbeat has told the fleet that these versions are leaving."""
        for full_name, version in self.versions.items():
            version.is_told = version.is_leaving and (version.is_told or full_name in full_names)

    def refused(self) -> list[str]:
        """The full names of the versions that one of the processes could not load."""
        return [name for name, version in self.versions.items() if version.refused]

    def is_refused(self, full_name: str, serial: int) -> bool:
        """Whether a process could not load a version; False if this one was forked before it."""
        version = self.versions.get(full_name)
        return bool(version and version.serial == serial and version.refused)

    def failed(self) -> dict[str, str]:
        """Why models of the folder are not served, by the name of the folder or of the model."""
        refused = {
            version.card.name: version.refused
            for version in self.versions.values()
            if version.refused and not version.is_leaving
        }
        return self._unsound | refused

    def declined(self) -> dict[str, str]:
        """Why versions of the folder are left to other workers, by full name."""
        return {one.card.full_name: one.reason for one in self._declined.values()}

    def note_found(self, folders: ModelFolders) -> None:
        """Take over what was found in the models folder: its names, and what is wrong in it."""
        for folder, one in folders.declined.items():
            if folder not in self._declined or self._declined[folder] != one:
                logger.info("%s is left to other workers: %s", one.card.full_name, one.reason)
        self._unsound, self._declined = folders.failed, folders.declined
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
        """What each scoring process that lives has loaded: `pid`, `ready`, `loading`, `failed`.

        `loading` is the serial number of a version, or 0. `failed` has reasons by such numbers, as
        JSON has them: as texts.
        """
        states = (note.read() for note in self.states)
        return [state for state in states if state and lives(state["pid"])]

    def publish(self) -> None:
        """Write for the scoring processes what they are to have loaded, and what of it leaves."""
        self.orders.write(self.ordered())

    def ordered(self) -> dict[str, Any]:
        """What scoring processes are to have loaded, as far as this process knows."""
        return {
            "pid": os.getpid(),
            "versions": {
                name: {
                    "serial": self.versions[name].serial,
                    "folder": str(self.versions[name].folder),
                    "files": self.versions[name].kept.descriptors,
                    "size": self.versions[name].size,
                    "rate": self.versions[name].rate,
                    "leaving": self.versions[name].is_leaving,
                }
                for name in self.names()
            },
        }

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
