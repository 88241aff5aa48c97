"""A process of its own that answers calls, for a process that forks others.

Some libraries, such as obstore, hang in a process that was forked from one that has used them. So a
process that goes on forking has another one use them, and gets the answers through a pipe.
"""

import os
import subprocess
import sys
from multiprocessing.connection import Connection, Pipe
from threading import Lock
from typing import Any

#: How often the process looks whether the one that has started it still lives, in seconds.
_LOOK_SECONDS = 1.0


class CalledProcess:
    """A process that answers calls by a module's `main`.

    It is started by the first call, and again by the next one if it has died. Calls of several
    threads follow each other.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        """Start nothing yet.

        Args:
            module: the module that is run. It is given the descriptor of a pipe and the arguments,
                and answers by `answer_calls`.
            arguments: its other arguments.
        """
        self._module = module
        self._arguments = arguments
        self._lock = Lock()
        self._pipe: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method there; gives what it returns.

        Raises:
            OSError: the process has ended.
            Exception: whatever the method raises.
        """
        with self._lock:
            if self._pipe is None:
                self._pipe, self._process = self._start()
            try:
                self._pipe.send((method, arguments))
                is_raised, value = self._pipe.recv()
            except (EOFError, OSError):
                self._end()
                raise OSError(0, "the process for object storage has ended") from None
        if is_raised:
            raise value
        return value

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _start(self) -> tuple[Connection, "subprocess.Popen[bytes]"]:
        """Start the process; returns the pipe by which it takes calls, too."""
        own, its = Pipe()
        with its:
            process = subprocess.Popen(  # noqa: S603  our own program
                [sys.executable, "-m", self._module, str(its.fileno()), *self._arguments],
                pass_fds=[its.fileno()],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                # Signals to the worker's group, such as Ctrl-C, are for the worker alone.
                start_new_session=True,
            )
        return own, process

    def _end(self) -> None:
        if self._pipe and self._process:
            self._pipe.close()
            self._process.kill()
            self._process.wait()
        self._pipe = None


def answer_calls(descriptor: int, target: object) -> None:
    """Answer calls until the process that has started this one is gone.

    Args:
        descriptor: of the pipe.
        target: has the methods.
    """
    parent = os.getppid()
    with Connection(descriptor) as pipe:
        while True:
            # Not only by the end of the pipe: processes forked from the parent have it open, too.
            while not pipe.poll(_LOOK_SECONDS):
                if os.getppid() != parent:
                    return
            try:
                method, arguments = pipe.recv()
            except EOFError:
                return
            try:
                answer = False, getattr(target, method)(*arguments)
            except Exception as error:  # noqa: BLE001  the caller raises it
                answer = True, error
            pipe.send(answer)
