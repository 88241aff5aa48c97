"""A worker that follows its models folder, without processes of its own."""

import hashlib
import os
from pathlib import Path
from typing import Any

from support.doubles.fleet import InMemoryFleet

from shared.card import Card, write_card
from shared.model_folders import read_folders
from worker.models.folder_watch import FolderWatch
from worker.models.model_watcher import ModelWatcher
from worker.models.served_models import ServedModels
from worker.models.trial_run import Outcome
from worker.models.trials import Trials

PROCESSES = 2


class WatchedWorker:
    """A worker whose scoring processes are this one, and whose trials end as a test says."""

    def __init__(self, models_dir: Path) -> None:
        self.dir = models_dir
        self.first = self.put("mine", "first")
        self.models = ServedModels(read_folders(models_dir), PROCESSES)
        self.fleet = InMemoryFleet()
        #: What comes of the next trials; when there are no more, they pass.
        self.outcomes: list[Outcome] = []
        self.tried: list[str] = []
        self.consumed: list[str] = []
        self.needed: set[str] = set()
        #: The content of the model files that are left to other workers.
        self.declined = ""
        watch = FolderWatch(models_dir, declines=self._declines)
        self.beats = True
        self.watcher = ModelWatcher(
            self.models,
            watch,
            Trials(self.models, watch, trial_seconds=60.0, process_bytes=2**40, start=self._trial),
            fleet=self.fleet,
            is_needed=self.needed.__contains__,
            add_queues=self.consumed.append,
            drop_queues=lambda name: self.consumed.remove(name) if name in self.consumed else None,
            look_seconds=0.0,
            keep_seconds=0.0,
            wait_seconds=30.0,
        )
        self.load(self.first)
        self.models.note_ready(PROCESSES)

    def put(self, folder: str, content: str) -> Card:
        """Write a version of `mine` into a folder."""
        path = self.dir / folder
        path.mkdir(exist_ok=True)
        (path / "model.pkl").write_text(content)
        return write_card(path, name="mine", format="pkl", files=["model.pkl"])

    def _declines(self, card: Card) -> str:
        digest = hashlib.sha256(self.declined.encode()).hexdigest()
        return "its libraries are others" if card.files["model.pkl"] == digest else ""

    def load(self, *cards: Card, processes: int = PROCESSES, **failed: str) -> None:
        """Let processes say that they have loaded these, and no others."""
        ready = {card.full_name: {"rate": 5.0} for card in cards}
        reasons = {str(self.models.versions[name].serial): why for name, why in failed.items()}
        state = {"pid": os.getpid(), "ready": ready, "loading": 0, "failed": reasons}
        for note in self.models.states[:processes]:
            note.write(state)

    def turns(self, count: int = 3) -> None:
        """Let the thread do its turns; heartbeats come all the time, unless a test stops them."""
        for _ in range(count):
            self.watcher.turn()
            if self.beats:
                self.models.note_told(self.models.leaving())

    def _trial(self, _: Path, card: Card, *__: object) -> Any:
        self.tried.append(card.version)
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome(seconds=0.1)

        class _Trial:
            def outcome(self) -> Outcome:
                return outcome

        return _Trial()

    def for_new_jobs(self) -> str:
        """The version that new jobs get, as far as the fleet was told."""
        served = self.fleet.models().get("mine")
        return served.card.version if served else ""
