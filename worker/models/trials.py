"""The trials of new versions, one at a time, and what is known of those that failed."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.card import Card
from shared.load_time import seconds_for
from shared.machine_memory import available_bytes, own_bytes
from worker.models.folder_watch import FolderWatch
from worker.models.served_models import ServedModels
from worker.models.served_version import ServedVersion
from worker.models.trial_run import Outcome, Trial

logger = logging.getLogger(__name__)

#: The seconds after which a trial is repeated that failed because memory was short, or that was
#: killed; by the number of trials before. After these it is not repeated.
AGAIN_SECONDS = 0.0, 180.0, 600.0


@dataclass
class _Failure:
    """A trial that has failed.

    Attributes:
        signature: of the folder's content then: other content has another trial.
        reason: why.
        trials: the number of trials so far.
        again_at: when there is another one; None: never.
    """

    signature: object
    reason: str
    trials: int
    again_at: float | None


class Trials:
    """Runs the trials."""

    def __init__(
        self,
        models: ServedModels,
        watch: FolderWatch,
        *,
        trial_seconds: float,
        process_bytes: int,
        start: Callable[[Path, Card, float, int], Trial] = Trial,
    ) -> None:
        """Take what it needs.

        Args:
            models: the models of the worker.
            watch: the models folder.
            trial_seconds: the longest time of a trial; 0: it follows from the size of the files.
            process_bytes: the memory that a scoring process may take, in bytes.
            start: starts a trial.
        """
        self._models = models
        self._watch = watch
        self._trial_seconds = trial_seconds
        self._process_bytes = process_bytes
        self._start = start
        self._trial: Trial | None = None
        self._version: ServedVersion | None = None
        self._failures: dict[str, _Failure] = {}
        #: Those of versions that have passed a trial since.
        self._before: dict[str, _Failure] = {}

    @property
    def is_busy(self) -> bool:
        """Whether a trial runs."""
        return self._trial is not None

    def passed(self, new: Mapping[Path, Card]) -> ServedVersion | None:
        """Go on with the trials of new versions.

        Args:
            new: their cards, by folder.

        Returns:
            A version that has just passed, if there is one.
        """
        if self._trial is None:
            for folder, card in new.items():
                if self._is_due(folder, card):
                    self._begin(folder, card)
                    return None
            return None
        outcome = self._trial.outcome()
        if outcome is None or self._version is None:
            return None
        version, self._trial, self._version = self._version, None, None
        reason = outcome.reason or self._too_large(outcome)
        if not reason:
            # Kept, as the scoring processes may fail yet.
            if before := self._failures.pop(version.full_name, None):
                self._before[version.full_name] = before
            version.load_seconds, version.rate = outcome.seconds, outcome.rate
            return version
        version.kept.close()
        self.fail(version, reason, again=outcome.again or not outcome.reason)
        return None

    def failed(self, cards: Mapping[Path, Card]) -> dict[str, str]:
        """Why versions of the models folder cannot be served, by the name of their folder."""
        full_names = {card.full_name for card in cards.values()}
        for failures in (self._failures, self._before):
            for name in failures.keys() - full_names:
                del failures[name]
        return {
            folder.name: self._failures[card.full_name].reason
            for folder, card in cards.items()
            if card.full_name in self._failures
        }

    def stop(self) -> None:
        """End the trial that runs."""
        if self._trial:
            self._trial.stop()

    def _is_due(self, folder: Path, card: Card) -> bool:
        failure = self._failures.get(card.full_name)
        if failure is None or failure.signature != self._watch.signature(folder):
            return True
        return failure.again_at is not None and time.monotonic() >= failure.again_at

    def _begin(self, folder: Path, card: Card) -> None:
        # Its files are opened first: what passes the trial is what the processes load.
        version = ServedVersion(folder, card, self._models.processes)
        seconds = self._trial_seconds or seconds_for(version.size, 1)
        # Models take twice their memory while they are loaded.
        most = 2 * self._process_bytes
        try:
            self._trial, self._version = self._start(folder, card, seconds, most), version
        except OSError as error:
            version.kept.close()
            self.fail(version, f"No process can be started to load it: {error}.", again=True)

    def fail(self, version: ServedVersion, reason: str, *, again: bool) -> None:
        """Note that a version cannot be served.

        Args:
            version: the version.
            reason: why.
            again: whether another trial of the same files may end in another way.
        """
        full_name, signature = version.full_name, self._watch.signature(version.folder)
        before = self._before.pop(full_name, None) or self._failures.get(full_name)
        same = before is not None and before.signature == signature
        trials = before.trials + 1 if before and same else 1
        again_at = None
        if again and trials <= len(AGAIN_SECONDS):
            again_at = time.monotonic() + AGAIN_SECONDS[trials - 1]
        self._failures[full_name] = _Failure(signature, reason, trials, again_at)
        logger.error("%s is not served: %s", full_name, reason)

    def _too_large(self, outcome: Outcome) -> str:
        """Why the scoring processes cannot load a version; empty: they have enough memory."""
        processes, size = self._models.processes, outcome.bytes
        if size * processes > (free := available_bytes()):
            return (
                f"It takes {size >> 20} MiB in each of {processes} processes, and {free >> 20} MiB "
                "are free. Serve fewer models (SCORELANE_SERVE) or run fewer processes "
                "(SCORELANE_PROCESSES)."
            )
        pids = [state["pid"] for state in self._models.living()]
        largest = max(map(own_bytes, pids), default=0)
        if largest + size > self._process_bytes:
            return (
                f"It takes {size >> 20} MiB. A process has {largest >> 20} MiB already, and may "
                f"have {self._process_bytes >> 20} MiB (SCORELANE_MAX_PROCESS_BYTES)."
            )
        return ""
