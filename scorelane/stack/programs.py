"""The programs of the one-machine stack: what they need, and how each is started and watched."""

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from scorelane.stack.errors import (
    NotInstalled,
    NotReadyInTime,
    ServiceEnded,
    StackError,
)
from scorelane.stack.guard import Guard
from scorelane.stack.redis_server import redis_server
from scorelane.stack.restarts import Restarts
from shared.config.startup import EX_CONFIG
from shared.machine_memory import memory_bytes

#: Seconds to end after SIGTERM for a program that is just starting: there is nothing to lose yet,
#: and a worker that loads its models does not hear the signal.
START_GRACE = 0.3

#: How many lines of a service's log an error repeats.
LOG_LINES = 12

#: A log that is larger is renamed when its service starts again.
LOG_BYTES = 10 * 2**20

#: The name of the worker.
WORKER = "Worker"

#: What the API and the worker import, beyond what they share.
_MODULES = ("flask", "gunicorn", "joblib", "numpy", "pandas")


@dataclass(frozen=True)
class Program:
    """A program to start.

    Attributes:
        name: for messages; in lower case also the name of its log.
        command: the program and its arguments.
        grace: seconds that it gets to end after SIGTERM.
    """

    name: str
    command: list[str]
    grace: float


class Service:
    """A running program, in a process group of its own; its output goes to a log file."""

    def __init__(
        self,
        program: Program,
        *,
        data: Path,
        env: dict[str, str],
        guard: Guard,
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        """Start the program, and order the guard to stop it in the end.

        Args:
            program: what to start.
            data: the data folder, in whose folder `logs` the log is.
            env: the environment.
            guard: of the supervisor.
            pass_fds: file descriptors that the program inherits.
        """
        self.name = program.name
        self._program, self._env, self._guard, self._pass_fds = program, env, guard, pass_fds
        self._data = data
        self._log = data / "logs" / f"{program.name.lower()}.log"
        self._start(min(START_GRACE, program.grace))

    def _start(self, grace: float) -> None:
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.old"))
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603  our own programs
                self._program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Not the user's folder: Python would import a folder named `worker` there.
                cwd=self._data,
                env=self._env,
                pass_fds=self._pass_fds,
                process_group=0,
                # Safe, because the supervisor has one thread: the child inherits no held lock.
                preexec_fn=_end_with_parent,  # noqa: PLW1509
            )
        self._guard.stop(self._process, name=self.name, grace=grace)

    def works(self) -> None:
        """From now on the program gets its grace: it may have work that is to be ended."""
        self._guard.stop(self._process, name=self.name, grace=self._program.grace)

    def check(self) -> None:
        """Check that the program runs.

        Raises:
            scorelane.stack.errors.ServiceEnded: it has ended.
        """
        if how := self._how_it_ended():
            raise self._ended(how)

    def revive(self, restarts: Restarts) -> str:
        """Start the program again if it has ended.

        Args:
            restarts: those of this program.

        Returns:
            How it ended; empty if it runs.

        Raises:
            scorelane.stack.errors.ServiceEnded: it has ended too often, or starting it again is in
                vain.
        """
        if not (how := self._how_it_ended()):
            return ""
        if self._process.returncode == EX_CONFIG:
            raise self._ended(how)
        if not restarts.may_restart():
            raise self._ended(f"{how}, again and again")
        # What it has left would compete with its successor. A part that is cut off is repeated.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._start(self._program.grace)
        return how

    def _how_it_ended(self) -> str:
        status = self._process.poll()
        if status is None:
            return ""
        return f"exit status {status}" if status >= 0 else f"signal {-status}"

    def _ended(self, how: str) -> StackError:
        return ServiceEnded(service=self.name, how=how, log=self._log, lines=self._last_lines())

    def not_ready(self, seconds: float) -> StackError:
        """The error to raise if the program was not ready within `seconds`."""
        lines = self._last_lines()
        return NotReadyInTime(service=self.name, seconds=seconds, log=self._log, lines=lines)

    def _last_lines(self) -> str:
        with self._log.open("rb") as log:
            log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - 8000))
            lines = log.read().decode(errors="replace").splitlines()
        return "".join(f"\n  {line}" for line in lines[-LOG_LINES:]) or " it is empty."


def check_installed() -> None:
    """Check that the libraries of the programs are installed.

    The programs are child processes. Without this check only their logs would name what is missing.

    Raises:
        scorelane.stack.errors.NotInstalled: a library is missing.
    """
    if missing := [module for module in _MODULES if find_spec(module) is None]:
        raise NotInstalled(modules=", ".join(missing))


def redis(data: Path, socket_path: Path, max_bytes: int = 0) -> Program:
    """Redis, the job store and queue, on a Unix socket that only this user may open.

    Args:
        data: the data folder.
        socket_path: of its socket.
        max_bytes: the most memory that its data may take; 0: a quarter of the machine's. Writing
            its file anew may take as much again for a moment.

    Raises:
        scorelane.stack.errors.NoRedisServer: no Redis is installed.
        scorelane.stack.errors.OlderRedis: none that is installed can read the data.
    """
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(data / "redis"),
        # An accepted job survives a crash; without this file the last minutes would be lost.
        "appendonly": "yes",
        "save": "",
        # When its memory is full Redis refuses new jobs; other policies would forget accepted ones.
        "maxmemory-policy": "noeviction",
        "maxmemory": str(max_bytes or memory_bytes() // 4),
    }
    command = [redis_server(data / "redis")]
    for name, value in options.items():
        command += [f"--{name}", value]
    return Program("Redis", command, grace=10.0)


def worker() -> Program:
    """The worker, which scores rows."""
    return Program(WORKER, [sys.executable, "-P", "-m", "worker"], grace=15.0)


def api(listening_fd: int) -> Program:
    """The HTTP API.

    Args:
        listening_fd: the file descriptor of a socket that already listens.
    """
    command = [sys.executable, "-P", "-m", "gunicorn", "--config", "python:api.gunicorn_conf"]
    command += ["--bind", f"fd://{listening_fd}", "api.wsgi:app"]
    return Program("API", command, grace=5.0)


def _end_with_parent() -> None:
    """On Linux: get SIGTERM when the supervisor dies, in case the guard died before it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
