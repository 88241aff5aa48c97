"""The whole service on one machine: Redis, a worker and the API, for as long as a block lasts."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

from scorelane.stack.errors import StackError

#: The supervisor closes its stdout at its very end; then it has only to exit.
STOP_SECONDS = 10.0


class Stack:
    """Starts the service at the begin of a `with` block, and stops all of it at its end.

    However the process ends that holds it, nothing stays: it has the one end of a pipe, and a
    supervisor in a session of its own (out of reach of a terminal's Ctrl-C) has the other.

    Args:
        data: where jobs, results and logs are kept; None: in a temporary folder.
        host: the address to listen on.
        port: the port to listen on; 0: a free one.
        processes: worker processes; None: one for each core.
        models: a folder of model folders; None: as SCORELANE_MODELS_DIR says, or the bundled ones.
        on_wait: told what is being waited for.

    Attributes:
        url: the address of the API.
        data: the folder of data and logs.
        models: the models that it serves, `name@version`.
    """

    url: str
    data: Path
    models: list[str]

    def __init__(
        self,
        data: Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        processes: int | None = None,
        models: Path | None = None,
        on_wait: Callable[[str], None] = lambda what: None,  # noqa: ARG005  the default tells nobody
    ) -> None:
        self._plan = {
            "data": str(data.resolve()) if data else None,
            "host": host,
            "port": port,
            "processes": processes,
            "models": str(models.resolve()) if models else None,
        }
        self._on_wait = on_wait

    def __enter__(self) -> Self:
        """Start it, and wait until it is ready.

        Raises:
            scorelane.stack.errors.StackError: it cannot be started; the message says why.
        """
        env = {name: at for name, at in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-P", "-m", "scorelane.stack.supervisor", json.dumps(self._plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env=env,
            text=True,
        )
        try:
            while "ready" not in (said := self._next()):
                self._on_wait(said.get("waiting", ""))
        except BaseException:
            self._stop()
            raise
        self.url = said["ready"]["url"]
        self.data = Path(said["ready"]["data"])
        self.models = said["ready"]["models"]
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        """Stop it.

        Raises:
            scorelane.stack.errors.StackError: the block failed because the service had: this says
                why.
        """
        reason = self._stop()
        if reason and isinstance(error, Exception):
            raise StackError(reason=reason) from error

    def _stop(self) -> str:
        """Stop everything, and wait until it has ended; why it had failed, if it had."""
        _pipe(self._process.stdin).close()
        with _pipe(self._process.stdout) as stdout:
            said = [json.loads(line) for line in stdout]
        self._process.wait(STOP_SECONDS)
        return next((one["failed"] for one in said if "failed" in one), "")

    def wait(self) -> None:
        """Block until the service ends.

        Raises:
            scorelane.stack.errors.StackError: always; the message says why it ended.
        """
        while True:
            self._next()

    def _next(self) -> dict[str, Any]:
        """What the supervisor says next."""
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise StackError(reason="The service was stopped from outside.")
        said: dict[str, Any] = json.loads(line)
        if "failed" in said:
            raise StackError(reason=said["failed"])
        return said


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the stack has not been started")
    return pipe
