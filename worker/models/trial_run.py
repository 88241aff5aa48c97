"""Runs the trial of a model version, with limits of time and memory, and says what came of it."""

import logging
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shared.card import Card
from shared.machine_memory import available_bytes, own_bytes
from worker.models.shared_note import SharedNote

logger = logging.getLogger(__name__)

#: The share of the memory that is free when a trial begins which it may take.
MEMORY_SHARE = 0.8


@dataclass(frozen=True)
class Outcome:
    """What came of a trial.

    Attributes:
        reason: why the version cannot be served; empty: it can.
        again: whether another trial of the same files may end in another way: memory was short, or
            somebody has killed it.
        seconds: how long it took to load the version.
        bytes: the memory that the version takes, in bytes.
        rate: the rows per second that it scores; None: not measured.
    """

    reason: str = ""
    again: bool = False
    seconds: float = 0.0
    bytes: int = 0
    rate: float | None = None


class Trial:
    """A trial that runs; nothing of it waits."""

    def __init__(self, folder: Path, card: Card, seconds: float, most_bytes: int) -> None:
        """Start it.

        Args:
            folder: the model folder.
            card: its card.
            seconds: the longest time that it may take.
            most_bytes: the most memory that it may take, in bytes; and never more than
                `MEMORY_SHARE` of what is free.

        Raises:
            OSError: no process can be started.
        """
        self.folder, self.card = folder, card
        self._seconds = seconds
        self._ends_at = time.monotonic() + seconds
        self._memory = min(int(available_bytes() * MEMORY_SHARE), most_bytes)
        self._killed: Outcome | None = None
        self._note = SharedNote()
        # Modules are found as this process finds them.
        safe_path = ["-P"] if sys.flags.safe_path else []
        command = [sys.executable, *safe_path, "-m", "worker.models.trial"]
        command += [str(folder), card.full_name, str(self._note.file)]
        os.set_inheritable(self._note.file, True)
        try:
            # Not `subprocess`, which waits for a pipe to be closed: a scoring process that is
            # forked at the same moment would hold it open until its end.
            self._pid = os.posix_spawn(
                sys.executable,
                command,
                os.environ,
                file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)],
                # A group of its own: a model may start processes.
                setpgroup=0,
            )
        except OSError:
            self._note.close()
            raise

    def outcome(self) -> Outcome | None:
        """What came of it; None: it runs. One that is over a limit is ended."""
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid:
            self._limit()
            return None
        found = self._note.read()
        self._kill()
        self._note.close()
        if self._killed:
            return self._killed
        if found is None:
            return _ended(self.folder, os.waitstatus_to_exitcode(status))
        if "reason" in found:
            return Outcome(found["reason"], again=found["memory"])
        return Outcome(seconds=found["seconds"], bytes=found["bytes"], rate=found["rate"])

    def _limit(self) -> None:
        if own_bytes(self._pid) > self._memory:
            reason = f"Loading {self.folder} takes more than {self._memory >> 20} MiB: four "
            reason += "fifths of the memory that was free, or twice SCORELANE_MAX_PROCESS_BYTES."
            self._killed = self._killed or Outcome(reason, again=True)
            self._kill()
        elif time.monotonic() > self._ends_at:
            reason = f"{self.folder} was not loaded within {self._seconds:.0f} s: it hangs its "
            reason += "runtime, or SCORELANE_TRIAL_SECONDS is too short for it."
            self._killed = self._killed or Outcome(reason)
            self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)

    def stop(self) -> None:
        """End it."""
        self._kill()
        os.waitpid(self._pid, 0)


def _ended(folder: Path, status: int) -> Outcome:
    """What came of a trial that has ended without a word."""
    if status >= 0:
        return Outcome(f"{folder} ended the process that loaded it, with exit status {status}.")
    name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
    reason = f"The process that loaded {folder} was ended by {name}."
    # By the kernel because memory ran out, or by a person.
    return Outcome(reason, again=-status in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
