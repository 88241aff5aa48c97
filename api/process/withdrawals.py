"""Withdraws questions to which nobody waits for an answer, also while Redis is not there."""

import logging
import time
from collections import deque
from dataclasses import dataclass
from threading import Lock, Thread

from shared.jobs.job_store import JobStore, Question

logger = logging.getLogger(__name__)

#: The pause before a question is withdrawn once more, in seconds.
PAUSE_SECONDS = 1.0

#: How long it is tried, in seconds. Redis then forgets the question by itself.
GIVE_UP_SECONDS = 600.0

#: The most questions that are to be withdrawn at a time, by one process.
MOST = 10_000

#: How often a question is withdrawn. Redis may run a command that has come by a broken connection
#: after a later one by another connection: what asked the question, after what withdrew it.
TIMES = 2


@dataclass
class _Withdrawal:
    full_name: str
    question: Question
    until: float  #: As `time.monotonic`.
    left: int = TIMES


class Withdrawals:
    """Withdraws questions in a thread, and goes on until Redis has done it."""

    def __init__(self, store: JobStore, pause: float = PAUSE_SECONDS) -> None:
        self._store = store
        self._pause = pause
        self._lock = Lock()
        self._waiting: deque[_Withdrawal] = deque(maxlen=MOST)
        self._runs = False

    def add(self, full_name: str, question: Question) -> None:
        """Withdraw a question soon; this does not wait.

        Args:
            full_name: the model.
            question: the question, which may have been asked or not.
        """
        with self._lock:
            until = time.monotonic() + GIVE_UP_SECONDS
            self._waiting.append(_Withdrawal(full_name, question, until))
            if self._runs:
                return
            self._runs = True
        Thread(target=self._run, name="withdraws questions", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                tried, self._waiting = self._waiting, deque(maxlen=MOST)
            left = [one for one in tried if self._is_left(one)]
            with self._lock:
                self._waiting.extend(left)
                if not self._waiting:
                    self._runs = False
                    return
            time.sleep(self._pause)

    def _is_left(self, one: _Withdrawal) -> bool:
        """Withdraw a question; whether it must be withdrawn once more."""
        try:
            self._store.withdraw(one.full_name, one.question)
        except Exception as error:  # noqa: BLE001  its client has another answer already
            if time.monotonic() < one.until:
                return True
            logger.warning("a question cannot be withdrawn: %s", error)
            return False
        one.left -= 1
        return one.left > 0
