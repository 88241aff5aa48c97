"""Ends the scoring processes that are not ready yet when their worker stops.

Celery waits for each of them, and one that loads its models, or waits for Redis to announce them,
does not hear that. Such a worker would not stop before the grace period of its container is over,
or never.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_bool, c_int
from multiprocessing.sharedctypes import RawArray, RawValue

from billiard import current_process


class UnreadyProcesses:
    """The scoring processes of a worker that are getting ready.

    Its main process makes this object before it forks them, and they share its memory. There is no
    lock: a process that is killed while it holds one would stop the others.
    """

    def __init__(self, processes: int) -> None:
        """Take the number of scoring processes."""
        self._pids = RawArray(c_int, processes)
        self._ended = RawValue(c_bool, False)

    @contextmanager
    def getting_ready(self) -> Iterator[None]:
        """Let `end` end this process while the block runs."""
        place = getattr(current_process(), "index", 0)
        # First the number, then the question, and the other way round in `end`: if both happen at
        # the same time, one of them sees the other.
        self._pids[place] = os.getpid()
        if self._ended.value:
            os._exit(os.EX_OK)
        try:
            yield
        finally:
            self._pids[place] = 0

    def end(self) -> None:
        """End the processes that are not ready, and those that will be started; for `SIGTERM`."""
        self._ended.value = True
        for pid in filter(None, self._pids):
            if _is_child(pid):
                os.kill(pid, signal.SIGTERM)


def _is_child(pid: int) -> bool:
    """Whether this is a child that has not been waited for; its number may belong to another."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
