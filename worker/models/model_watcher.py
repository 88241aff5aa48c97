"""Serves the models that appear in the models folder, and lets go of those that disappear.

A thread of a worker's main process. For each new version it runs a trial (`trial_run`), has the
scoring processes load it (`late_loading`), takes work for it when they have, and then lets new jobs
go to it. A version that is gone stays until no work needs it.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from redis.exceptions import RedisError

from shared.fleet import Fleet, Served
from shared.model_folders import ModelFolders
from worker.models.folder_watch import FolderWatch
from worker.models.served_models import ServedModels
from worker.models.served_version import ServedVersion
from worker.models.trials import Trials

logger = logging.getLogger(__name__)

#: The pause while a trial runs or processes load, in seconds.
BUSY_SECONDS = 0.1

#: At how many looks in a row new jobs are kept from a version that is leaving: a process may just
#: be announcing it. Later it is every tenth look: a worker that has died with the version counts
#: until its announcement has run out, and each call reads what all workers have announced.
RETIRES = 10


class ModelWatcher(threading.Thread):
    """The thread."""

    def __init__(
        self,
        models: ServedModels,
        watch: FolderWatch,
        trials: Trials,
        *,
        fleet: Fleet,
        is_needed: Callable[[str], bool],
        add_queues: Callable[[str], None],
        drop_queues: Callable[[str], None],
        look_seconds: float,
        keep_seconds: float,
        wait_seconds: float,
    ) -> None:
        """Take what it needs.

        Args:
            models: the models of the worker.
            watch: the models folder.
            trials: the trials of new versions.
            fleet: learns which version new jobs get.
            is_needed: whether work waits or runs for the version of this full name.
            add_queues: takes work for the version of this full name.
            drop_queues: takes no more work for it.
            look_seconds: from one look at the models folder to the next.
            keep_seconds: how long a version is kept that is gone: a large upload may have been
                accepted for it and not be recorded yet.
            wait_seconds: how long a task may wait until its process has loaded the model.
        """
        super().__init__(name="model-watcher", daemon=True)
        self._models = models
        self._watch = watch
        self._trials = trials
        self._fleet = fleet
        self._is_needed = is_needed
        self._add_queues = add_queues
        self._drop_queues = drop_queues
        self._look_seconds = look_seconds
        self._keep_seconds = keep_seconds
        self._wait_seconds = wait_seconds
        self._found: ModelFolders | None = None
        self._next_look = 0.0
        #: The version of each model that new jobs get, by name, as the fleet was told.
        self._told = {name.partition("@")[0]: name for name in models.current}
        self._left_at: dict[str, float] = {}
        self._retires: Counter[str] = Counter()
        self._stopped = threading.Event()

    def run(self) -> None:
        """Follow the models folder until `stop`."""
        self._watch.start()
        while not self._stopped.wait(self._pause()):
            try:
                self.turn()
            except RedisError as error:
                logger.warning("no change of models: Redis does not answer (%s)", error)
            except Exception:
                # If this thread ended, no change would be seen any more.
                logger.exception("the models folder could not be followed")
        self._trials.stop()
        self._watch.stop()

    def stop(self) -> None:
        """Follow it no longer."""
        self._stopped.set()

    def _pause(self) -> float:
        loads = any(not one.is_complete for one in self._models.versions.values())
        busy = self._trials.is_busy or (loads and self._models.is_complete)
        return BUSY_SECONDS if busy else max(self._next_look - time.monotonic(), BUSY_SECONDS)

    def turn(self) -> None:
        """Look at the folder if it is time, and do the next step of each version."""
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + self._look_seconds
            self._found = self._watch.look() or self._found
            self._retire()
        if self._found is None:
            return
        self._try_new(self._found)
        self._follow_processes()
        self._follow_folder(self._found)
        self._tell_fleet()
        self._let_go()

    def _try_new(self, found: ModelFolders) -> None:
        """Run the trials of versions that are new, and serve those that pass."""
        new = {
            folder: card
            for folder, card in found.cards.items()
            if card.full_name not in self._models.versions
        }
        if (version := self._trials.passed(new)) is not None:
            logger.info("%s is new: the processes load it", version.full_name)
            self._models.add(version)
        failed = found.failed | self._trials.failed(found.cards)
        self._models.note_found(replace(found, failed=failed))

    def _follow_processes(self) -> None:
        """Take work for versions that processes have loaded, and give up those that one cannot."""
        states = self._models.living()
        for full_name, version in self._models.versions.items():
            if version.refused and version.load_seconds:
                # Processes have died while they loaded it.
                self._give_up(version, version.refused, again=False)
                continue
            if version.is_complete or version.refused or not states:
                continue
            ready = [state for state in states if full_name in state["ready"]]
            serial = str(version.serial)
            reasons = [state["failed"][serial] for state in states if serial in state["failed"]]
            if reasons:
                self._give_up(version, reasons[0], again=True)
            elif ready and not version.is_consumed:
                in_all = len(ready) == self._models.processes
                if in_all or version.load_seconds < self._wait_seconds / 2:
                    self._add_queues(full_name)
                    version.is_consumed = True
                    logger.info("ready: %s", full_name)
            if len(ready) == self._models.processes and self._models.is_complete:
                version.complete()

    def _give_up(self, version: ServedVersion, reason: str, *, again: bool) -> None:
        """Serve a version no more that has passed its trial, and that a process cannot load."""
        self._drop_queues(version.full_name)
        self._models.remove(version.full_name)
        self._trials.fail(version, reason, again=again)

    def _follow_folder(self, found: ModelFolders) -> None:
        """Note where each version is now, and which of them are gone."""
        folders = {card.full_name: folder for folder, card in found.cards.items()}
        for full_name, version in self._models.versions.items():
            was_leaving = version.is_leaving
            if full_name in folders:
                version.folder = folders[full_name]
                version.is_leaving = version.is_told = False
                self._left_at.pop(full_name, None)
                self._retires.pop(full_name, None)
            elif not version.is_leaving and self._is_gone(version, found):
                version.is_leaving = True
                self._left_at[full_name] = time.monotonic()
                logger.info("%s is gone from the models folder: no new jobs get it", full_name)
            if version.is_leaving != was_leaving:
                # What a process announces from now on must not bring it back.
                self._models.publish()

    def _is_gone(self, version: ServedVersion, found: ModelFolders) -> bool:
        """Whether there is no folder in its place, or one of a version that is served."""
        if not self._watch.holds(version.folder):
            return True
        if declined := found.declined.get(version.folder):
            return self._fleet.processes(declined.card.full_name) > 0
        card = found.cards.get(version.folder)
        successor = card and self._models.versions.get(card.full_name)
        return bool(successor and successor.is_consumed and not successor.refused)

    def _tell_fleet(self) -> None:
        """Let new jobs go to the version that is current now, if any."""
        current = {name.partition("@")[0]: name for name in self._models.current}
        for name, full_name in current.items():
            if self._told.get(name) != full_name:
                ready = [state["ready"].get(full_name) for state in self._models.living()]
                if served := next(filter(None, ready), None):
                    card = self._models.versions[full_name].card
                    self._fleet.prefer(Served(card=card, **served))
                    self._told[name] = full_name
        for name in self._told.keys() - current.keys():
            del self._told[name]

    def _retire(self) -> None:
        """Keep new jobs from versions that are leaving, as heartbeats have said of this worker."""
        for full_name, version in self._models.versions.items():
            # Before that, its own processes would count as others that serve it.
            if version.is_leaving and version.is_told:
                looks = self._retires[full_name]
                if looks < RETIRES or looks % RETIRES == 0:
                    self._fleet.retire(full_name)
                self._retires[full_name] += 1

    def _let_go(self) -> None:
        """Unload versions that are gone and that no work needs."""
        for full_name, version in self._models.versions.items():
            if not version.is_leaving:
                continue
            # While the fleet was not told, new jobs get it.
            is_over = (
                version.is_told
                and time.monotonic() - self._left_at[full_name] >= self._keep_seconds
            )
            if version.refused or (is_over and not self._is_needed(full_name)):
                self._drop_queues(full_name)
                self._models.remove(full_name)
                self._left_at.pop(full_name, None)
                self._retires.pop(full_name, None)
                logger.info("%s is not served any more", full_name)
