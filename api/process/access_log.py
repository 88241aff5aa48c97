"""The access log, written by a background thread so that no client waits for it."""

import atexit
import logging
import os
import time
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any

from shared.telemetry.logs import together

logger = logging.getLogger(__name__)

#: The thread collects lines for this long, in seconds, and then writes them together.
BATCH_SECONDS = 0.05

#: The most lines that wait to be written. If the disk is too slow, further lines are dropped, and a
#: warning says how many.
MAX_LINES = 10_000

#: The most lines that are held to be written together.
MOST_TOGETHER = 500

_MESSAGE = "%(method)s %(route)s %(status)d"


class AccessLog:
    """The access log of one process; its thread is started by the first line."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[tuple[int, dict[str, Any]]] = SimpleQueue()
        self._has_lines = Event()
        self._lock = Lock()
        self._pid = 0
        self._dropped = 0

    def add(self, level: int, line: dict[str, Any]) -> None:
        """Queue a line; it is written within about `BATCH_SECONDS`.

        Args:
            level: of the `logging` module.
            line: its fields, among them `method`, `route` and `status`.
        """
        if not logger.isEnabledFor(level):
            return
        if self._lines.qsize() > MAX_LINES:
            self._dropped += 1
            return
        self._lines.put((level, line))
        # To set it again would cost as much as the line.
        if not self._has_lines.is_set():
            self._has_lines.set()
        if self._pid != os.getpid():
            self._start()

    def flush(self) -> None:
        """Write the lines that wait."""
        while self._write_some():
            pass
        if self._dropped:
            logger.warning("%d lines of requests were dropped", self._dropped)
            self._dropped = 0

    def _write_some(self) -> bool:
        """Write some of the lines that wait; False once there is none."""
        with together():
            for _ in range(MOST_TOGETHER):
                try:
                    level, line = self._lines.get_nowait()
                except Empty:
                    return False
                # `logger.log` would look for the file and the line of this call.
                record = logger.makeRecord(
                    logger.name, level, __file__, 0, _MESSAGE, (line,), None, extra=line
                )
                logger.handle(record)
        return True

    def _start(self) -> None:
        with self._lock:
            # Checked by process id, as a forked process has none of its parent's threads.
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
            Thread(target=self._run, name="access log", daemon=True).start()
            atexit.register(self.flush)

    def _run(self) -> None:
        while True:
            self._has_lines.wait()
            self._has_lines.clear()
            time.sleep(BATCH_SECONDS)
            self.flush()
