"""Runs the whole service on one machine (Redis, a worker, the API) during a `with` block."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Self

from scorelane.stack.errors import StackError
from scorelane.stack.programs import check_installed

#: Seconds for the supervisor to exit after it has closed its stdout, which it does last.
STOP_SECONDS = 10.0


class Stack:
    """Starts the service at the beginning of a `with` block, and stops all of it at the end.

    The service stops however this process ends. A supervisor runs it, in a session of its own that
    Ctrl-C in the terminal does not reach. The supervisor reads a pipe from this process, and stops
    everything when the pipe is closed.

    Args:
        data: the folder of jobs, results and logs; None: a temporary folder.
        host: the address to listen on.
        port: the port to listen on; 0: a free one.
        processes: worker processes; None: one for each core.
        models: a folder of model folders; None: SCORELANE_MODELS_DIR.
        wanted: the models that will be asked for, so that no others are loaded; empty: the default
            one; None: any.
        on_wait: called with each step of the start, such as `Redis starts`.

    Attributes:
        url: the address of the API.
        data: the folder of data and logs.
        models: the full names of the served models, `name@version`.
        failed: why other models are not served, by the name of each; empty with `wanted`.
    """

    url: str
    data: Path
    models: list[str]
    failed: dict[str, str]

    def __init__(
        self,
        data: Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        processes: int | None = None,
        models: Path | None = None,
        wanted: Sequence[str] | None = None,
        on_wait: Callable[[str], None] = lambda step: None,  # noqa: ARG005  by default nothing is shown
    ) -> None:
        self._plan = {
            "data": str(data.resolve()) if data else None,
            "host": host,
            "port": port,
            "processes": processes,
            "models": str(models.resolve()) if models else None,
            "wanted": None if wanted is None else list(wanted),
        }
        self._on_wait = on_wait

    def __enter__(self) -> Self:
        """Start the service, and wait until it is ready.

        Raises:
            scorelane.stack.errors.StackError: it cannot be started; the message says why.
        """
        check_installed()
        unset = {"PYTHONDONTWRITEBYTECODE"}
        if self._plan["data"] is None:
            # The keys are those of another service. Nobody has one for this service, which has only
            # the files of one user, for a minute.
            unset |= {"SCORELANE_API_KEYS", "SCORELANE_API_KEYS_FILE"}
        env = {name: value for name, value in os.environ.items() if name.upper() not in unset}
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-P", "-m", "scorelane.stack.supervisor", json.dumps(self._plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env=env,
            text=True,
        )
        try:
            while "ready" not in (event := self._next_event()):
                self._on_wait(event.get("waiting", ""))
        except BaseException:
            self._stop()
            raise
        self.url = event["ready"]["url"]
        self.data = Path(event["ready"]["data"])
        self.models, self.failed = event["ready"]["models"], event["ready"]["failed"]
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        """Stop the service.

        Raises:
            scorelane.stack.errors.StackError: the block failed because the service had failed; the
                message says why the service failed.
        """
        reason = self._stop()
        if reason and isinstance(error, Exception):
            raise StackError(reason=reason) from error

    def _stop(self) -> str:
        """Stop everything, and wait until it has ended.

        Returns:
            Why the service had failed; empty if it had not.
        """
        _pipe(self._process.stdin).close()
        with _pipe(self._process.stdout) as stdout:
            events = [json.loads(line) for line in stdout]
        self._process.wait(STOP_SECONDS)
        return next((event["failed"] for event in events if "failed" in event), "")

    def wait(self, on_restart: Callable[[str], None] = lambda sentence: None) -> None:  # noqa: ARG005  by default nothing is shown
        """Block until the service ends.

        Args:
            on_restart: called with a sentence when a program had ended and was started again.

        Raises:
            scorelane.stack.errors.StackError: always; the message says why it ended.
        """
        while True:
            event = self._next_event()
            if "restarted" in event:
                on_restart(event["restarted"])

    def _next_event(self) -> dict[str, Any]:
        """The next event that the supervisor reports."""
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise StackError(reason="The service was stopped from outside.")
        event: dict[str, Any] = json.loads(line)
        if "failed" in event:
            raise StackError(reason=event["failed"])
        return event


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the stack has not been started")
    return pipe
