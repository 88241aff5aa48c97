"""A line for each request, written by a thread of its own: no client waits for a log."""

import atexit
import logging
import os
import time
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any

logger = logging.getLogger(__name__)

#: Lines are written together that come within so long, in seconds.
TOGETHER_SECONDS = 0.05

#: So many lines may wait; where a disk is slower than that, more are left out, and that is said.
MOST_LINES = 10_000


class AccessLog:
    """The lines of one process."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[tuple[int, dict[str, Any]]] = SimpleQueue()
        self._some = Event()
        self._lock = Lock()
        self._pid = 0
        self._left_out = 0

    def add(self, level: int, line: dict[str, Any]) -> None:
        """Have a line written soon: `method`, `route`, `status`, and what else is known."""
        if not logger.isEnabledFor(level):
            return
        if self._lines.qsize() > MOST_LINES:
            self._left_out += 1
            return
        self._lines.put((level, line))
        self._some.set()
        if self._pid != os.getpid():
            self._start()

    def flush(self) -> None:
        """Write what waits."""
        try:
            while True:
                level, line = self._lines.get_nowait()
                said = "%(method)s %(route)s %(status)d"
                logger.log(level, said, line, extra=line)
        except Empty:
            pass
        if self._left_out:
            logger.warning("%d lines of requests were left out", self._left_out)
            self._left_out = 0

    def _start(self) -> None:
        with self._lock:
            # A thread does not live on in a process that was forked.
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
            Thread(target=self._run, name="access log", daemon=True).start()
            atexit.register(self.flush)

    def _run(self) -> None:
        while True:
            self._some.wait()
            self._some.clear()
            time.sleep(TOGETHER_SECONDS)
            self.flush()
