"""Runs big jobs in the background of a measurement, one after another."""

import json
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.service import Running

#: Seconds between two polls of a job.
POLL_SECONDS = 0.2


class BigJobs(threading.Thread):
    """A context manager that runs one big job after another during its block.

    Attributes:
        ended: the number of jobs that have succeeded.
        wrong: the detail of a job that failed, or an error; empty if there is none.
    """

    def __init__(self, running: Running, path: Path) -> None:
        super().__init__(daemon=True)
        self.ended = 0
        self.wrong = ""
        self._running = running
        self._path = path
        self._run_times: list[tuple[float, float]] = []
        self._began = threading.Event()
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        """Start, and wait until the first job runs."""
        self.start()
        self._began.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cancel the running job, and start no more."""
        self._stopped.set()
        self.join()

    def ran_at(self, moment: float) -> bool:
        """Whether a big job ran at a moment of `time.perf_counter`."""
        return any(began <= moment <= ended for began, ended in self._run_times)

    def run(self) -> None:
        """Submit jobs and wait for the end of each, until the block ends or one fails."""
        try:
            while not (self._stopped.is_set() or self.wrong):
                self._one()
        except (OSError, subprocess.CalledProcessError) as error:
            self.wrong = str(error)
        finally:
            self._began.set()

    def _one(self) -> None:
        scorelane = Path(sys.executable).with_name("scorelane")
        command = [str(scorelane), "submit", str(self._path), "--url", self._running.url]
        submitted = subprocess.run(command, check=True, capture_output=True, text=True)
        path = f"/jobs/{submitted.stdout.strip()}"
        began = None
        while (job := self._call("GET", path))["state"] in ("queued", "running"):
            if began is None and job["state"] == "running":
                began = time.perf_counter()
                self._began.set()
            if self._stopped.wait(POLL_SECONDS):
                self._call("POST", f"{path}/cancel")
                break
        else:
            self.ended += 1
            if job["state"] != "succeeded" or job["rows"]["failed"]:
                self.wrong = job["detail"]
        if began is not None:
            self._run_times.append((began, time.perf_counter()))

    def _call(self, method: str, path: str) -> dict[str, Any]:
        connection = HTTPConnection(self._running.host, self._running.port, timeout=120)
        try:
            connection.request(method, path)
            found: dict[str, Any] = json.loads(connection.getresponse().read())
            return found
        finally:
            connection.close()
