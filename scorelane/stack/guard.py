"""Stops what a supervisor has started, when the supervisor ends: `python -m scorelane.stack.guard`.

The end of the guard's stdin is the end of the supervisor. The kernel closes that pipe also when
the supervisor is killed with -9, so there is one way of stopping, and it is always gone.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

#: Seconds between two looks at what is being stopped.
LOOK_SECONDS = 0.02


class Guard:
    """A supervisor's end of the guard: tells it what to stop and to remove.

    Args:
        holding: descriptors that stay open until the guard has ended, such as that of a lock.
    """

    def __init__(self, holding: list[int]) -> None:
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            # Whoever kills the supervisor's process group does not mean the guard.
            start_new_session=True,
            pass_fds=holding,
            text=True,
        )
        self._told: list[dict[str, Any]] = []
        self._services: list[subprocess.Popen[bytes]] = []

    def remove(self, folder: Path) -> None:
        """Have a folder removed when everything has stopped."""
        self._tell(folder=str(folder))

    def stop(self, service: subprocess.Popen[bytes], *, grace: float) -> None:
        """Have a process group stopped; what was named last is stopped first.

        Args:
            service: the group's leader, which gets SIGTERM.
            grace: seconds until the group gets SIGKILL.
        """
        self._services.append(service)
        self._tell(pid=service.pid, grace=grace)

    def alive(self) -> bool:
        """Whether the guard is there."""
        return self._process.poll() is None

    def release(self) -> None:
        """Have everything stopped and removed, and wait until it is."""
        if self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        while (status := self._process.poll()) is None:
            for service in self._services:
                # The guard cannot see that one has ended before its parent has taken note.
                service.poll()
            time.sleep(LOOK_SECONDS)
        if status != 0:
            # It was killed: then this is for us to do.
            end(self._told)

    def _tell(self, **what: Any) -> None:
        self._told.append(what)
        if self._process.stdin:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()


def end(told: list[dict[str, Any]]) -> None:
    """Stop and remove what a guard was told; what was named last is stopped first."""
    for one in reversed(told):
        if "pid" in one:
            stop(one["pid"], one["grace"])
    for one in told:
        if "folder" in one:
            shutil.rmtree(one["folder"], ignore_errors=True)


def stop(pid: int, grace: float) -> None:
    """End a process group: SIGTERM to its leader, and in the end SIGKILL to all of it.

    Only the leader is asked: it takes its children along in its own order, while a Celery pool
    process that gets SIGTERM itself dies in the middle of a part.
    """
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    # macOS refuses to signal a group that is all zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        # After the supervisor's death nobody may be there to reap: in a container without an init.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def main() -> None:
    """Listen until the supervisor ends; then stop and remove."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    end([json.loads(line) for line in sys.stdin])


if __name__ == "__main__":
    main()
