"""Starts and stops the reference servers."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks.service import START_SECONDS, STOP_SECONDS, ServiceFailed, free_port

ROOT = Path(__file__).resolve().parent.parent

#: The number of workers of a reference's web app, as in gunicorn's documentation and most
#: tutorials.
WORKERS = 2


@contextmanager
def web(app: str, env: dict[str, str] | None = None) -> Iterator[str]:
    """Run a reference's web app in gunicorn for a block.

    Args:
        app: the app in gunicorn's form, `module:name`. It must print `ready` in each worker.
        env: environment variables to add.

    Yields:
        The URL of the app.

    Raises:
        benchmarks.service.ServiceFailed: the app did not start.
    """
    port = free_port()
    command = ["gunicorn", "--workers", str(WORKERS), "--bind", f"127.0.0.1:{port}", app]
    with started(command, env or {}, ready="ready", times=WORKERS):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def started(
    command: list[str], env: dict[str, str], *, ready: str, times: int = 1
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m <command>` for a block.

    Raises:
        benchmarks.service.ServiceFailed: the program ended, or did not become ready in time.
    """
    with tempfile.TemporaryFile() as log:
        program = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while (output := os.pread(log.fileno(), 2**20, 0)).count(ready.encode()) < times:
                if program.poll() is not None or time.monotonic() > deadline:
                    raise ServiceFailed(
                        f"{command[0]} did not start:\n{output.decode(errors='replace')}"
                    )
                time.sleep(0.05)
            yield program
        finally:
            _stop(program)


def _stop(program: subprocess.Popen[bytes]) -> None:
    if program.poll() is not None:
        return
    family = psutil.Process(program.pid).children(recursive=True)
    program.terminate()
    try:
        program.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
    for process in psutil.wait_procs(family, timeout=STOP_SECONDS)[1]:
        process.kill()
