"""Stops the programs of a supervisor when it ends: `python -m scorelane.stack.guard`.

The guard reads its stdin, a pipe from the supervisor, until the end. The kernel closes that pipe
also when the supervisor is killed with -9. So the programs are stopped in the same way, however the
supervisor ends.
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

#: Seconds between two checks whether a process has ended.
CHECK_SECONDS = 0.02


class Guard:
    """The supervisor's side of the guard: starts it, and sends it what to stop and to remove.

    Args:
        holding: file descriptors that stay open until the guard has ended, such as that of a lock.
    """

    def __init__(self, holding: list[int]) -> None:
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            # A signal to the supervisor's process group must not reach the guard.
            start_new_session=True,
            pass_fds=holding,
            text=True,
        )
        self._orders: list[dict[str, Any]] = []
        self._services: list[subprocess.Popen[bytes]] = []

    def remove(self, folder: Path) -> None:
        """Order the guard to remove a folder after everything has stopped."""
        self._order(folder=str(folder))

    def stop(self, service: subprocess.Popen[bytes], *, name: str, grace: float) -> None:
        """Order the guard to stop a process group; the last new service is stopped first.

        Args:
            service: the group's leader, which gets SIGTERM.
            name: of the service. A later order of the same name replaces this one: the service was
                started again, or gets another grace.
            grace: seconds until the group gets SIGKILL.
        """
        self._services.append(service)
        self._order(service=name, pid=service.pid, grace=grace)

    def alive(self) -> bool:
        """Whether the guard's process runs."""
        return self._process.poll() is None

    def release(self) -> None:
        """Have everything stopped and removed, and wait until it is."""
        if self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        while (status := self._process.poll()) is None:
            for service in self._services:
                # Until its parent has collected its status, a process that ended is a zombie.
                service.poll()
            time.sleep(CHECK_SECONDS)
        if status != 0:
            # The guard was killed, so its work is done here.
            carry_out(self._orders)

    def _order(self, **order: Any) -> None:
        self._orders.append(order)
        if self._process.stdin:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()


def carry_out(orders: list[dict[str, Any]]) -> None:
    """Stop the process groups, the service that was named last first; then remove the folders."""
    # A dict keeps the place of a name whose order is replaced.
    for order in reversed({order["service"]: order for order in orders if "pid" in order}.values()):
        stop(order["pid"], order["grace"])
    for order in orders:
        if "folder" in order:
            shutil.rmtree(order["folder"], ignore_errors=True)


def stop(pid: int, grace: float) -> None:
    """End a process group: SIGTERM to its leader, and after `grace` seconds SIGKILL to all of it.

    Only the leader gets SIGTERM, because it stops its children in its own order: a pool process of
    Celery that gets SIGTERM itself dies in the middle of a part.
    """
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(CHECK_SECONDS)
    # macOS refuses to signal a group that consists of zombies only.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        # In a container without an init nobody collects the status of an orphan: it stays a zombie.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def main() -> None:
    """Read orders until the supervisor ends; then carry them out."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    carry_out([json.loads(line) for line in sys.stdin])


if __name__ == "__main__":
    main()
