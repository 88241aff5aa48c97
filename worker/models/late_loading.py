"""Loads what a worker begins to serve while this scoring process lives, and unloads what it ends.

A thread of the process does so, while the process goes on scoring. It reads what is to be loaded
from a note of the main process, and writes another note for it of what is loaded.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.fleet import Served
from shared.model_folders import reason_of
from worker.memory import forget_peak
from worker.models.kept_files import KeptFiles
from worker.models.load_turns import peak_bytes
from worker.models.loaded_models import LoadedModels
from worker.models.loading import load_version, turns
from worker.models.served_models import ServedModels
from worker.models.served_version import place

logger = logging.getLogger(__name__)

#: How often the note of the main process is looked at, in seconds.
POLL_SECONDS = 0.2

#: How often a version is tried that could not be loaded, and the seconds after which it is again.
ATTEMPTS, AGAIN_SECONDS = 2, 5.0


class LateLoading(threading.Thread):
    """The thread; one for each scoring process."""

    def __init__(
        self, models: ServedModels, loaded: LoadedModels, announce: Callable[[list[Served]], None]
    ) -> None:
        """Take what it needs.

        Args:
            models: of the worker, as they were when this process was forked, with its notes.
            loaded: what this process has loaded.
            announce: called after each change of that, with what `served` gives.
        """
        super().__init__(name="late-loading", daemon=True)
        self._models = models
        self._loaded = loaded
        self._announce = announce
        self._orders = models.ordered()
        #: Why versions could not be loaded, by their serial numbers.
        self._failed: dict[int, str] = {}
        self._loading = 0
        self._stopped = threading.Event()

    @staticmethod
    def count_death(models: ServedModels) -> None:
        """Count the death of the process before this one, if it died while it loaded a version."""
        state = models.states[place()].read() or {}
        for version in models.versions.values():
            if version.serial == state.get("loading"):
                version.note_death()

    def run(self) -> None:
        """Follow the note of the main process, until `stop`."""
        self._write_state()
        while not self._stopped.wait(POLL_SECONDS):
            try:
                self._turn()
            except Exception:
                # If this thread ended, tasks of new versions would wait for ever.
                logger.exception("the models of this process could not be compared")

    def stop(self) -> None:
        """Load nothing more."""
        self._stopped.set()

    def look(self) -> None:
        """Read which versions are to be loaded; tasks for them wait."""
        self._orders = self._models.orders.read() or self._orders
        self._loaded.expect(frozenset(self._missing()))

    def served(self) -> list[Served]:
        """What the fleet is to know of what is loaded; the last of a model is for new jobs.

        A version that is to be unloaded is left out: it would get new jobs again.
        """
        self.look()
        orders: dict[str, Any] = self._orders["versions"]
        names = sorted(self._loaded.keys() & orders, key=self._models.current.__contains__)
        return [
            self._loaded[name].served.model_copy(update={"leaving": orders[name]["leaving"]})
            for name in names
            if not self._models.is_refused(name, orders[name]["serial"])
        ]

    def _missing(self) -> dict[str, Any]:
        """The orders that this process has neither followed nor failed to follow."""
        # A version that a process of the start could not load is refused by memory that all share.
        return {
            full_name: order
            for full_name, order in self._orders["versions"].items()
            if full_name not in self._loaded
            and order["serial"] not in self._failed
            and not self._models.is_refused(full_name, order["serial"])
        }

    def _turn(self) -> None:
        self.look()
        versions: dict[str, Any] = self._orders["versions"]
        for serial in self._failed.keys() - {order["serial"] for order in versions.values()}:
            del self._failed[serial]
            self._write_state()
        for full_name in self._loaded.keys() - versions.keys():
            if self._loaded.remove(full_name):
                logger.info("unloaded %s", full_name)
                if version := self._models.versions.get(full_name):
                    # This process has inherited them: the disk keeps them until it closes them.
                    version.kept.close()
                self._write_state()
                forget_peak()
                self._announce(self.served())
        for full_name, order in self._missing().items():
            self._load(full_name, order)

    def _load(self, full_name: str, order: dict[str, Any]) -> None:
        folder = Path(order["folder"])
        self._loading = order["serial"]
        self._write_state()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                kept = self._kept(folder, order["files"])
                try:
                    needed = peak_bytes([order["size"]])
                    with turns.turn(needed, self._models.processes):
                        one = load_version(folder, full_name, kept, order["rate"])
                        self._loaded.add(full_name, one)
                        forget_peak()
                finally:
                    kept.close()
                break
            # A runtime may be a package of somebody else's, and a pickle is code.
            except (Exception, SystemExit) as error:
                logger.exception("%s could not be loaded", full_name)
                if attempt == ATTEMPTS or self._stopped.wait(AGAIN_SECONDS):
                    self._failed[order["serial"]] = reason_of(error)
        self._loading = 0
        self._write_state()
        self.look()
        if full_name in self._loaded:
            self._announce(self.served())

    def _kept(self, folder: Path, opened: dict[str, int]) -> KeptFiles:
        """The files that the main process has open; or those of the folder, without `/proc`."""
        try:
            return KeptFiles.of_process(folder, opened, self._orders["pid"])
        except OSError:
            return KeptFiles(folder)

    def _write_state(self) -> None:
        """Tell the main process what is loaded; the successor of this process reads it too."""
        self._models.states[place()].write(
            {
                "pid": os.getpid(),
                "ready": {
                    name: one.served.model_dump(mode="json", exclude={"card"})
                    for name, one in self._loaded.items()
                },
                "loading": self._loading,
                "failed": self._failed,
            }
        )
