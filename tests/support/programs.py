"""The real programs, as processes that a test can start, kill and restart."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pandas as pd
import psutil
from support.object_storage import keys_in
from support.waiting import wait_for

from scorelane.stack.redis_server import redis_server
from shared.model import SCORE, TEXT, load_model

ROOT = Path(__file__).resolve().parents[2]
FAST = ROOT / "models" / "fast"


class Programs:
    """Redis, workers and the API, as they run in production, on the loopback interface."""

    def __init__(
        self, folder: Path, sockets: Path, env: dict[str, str] | None = None, **settings: str
    ) -> None:
        self.folder = folder
        self._socket = sockets / "redis.sock"
        self._running: list[subprocess.Popen[bytes]] = []
        self._names: dict[int, str] = {}
        self.env = {
            **{name: at for name, at in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "SCORELANE_REDIS_URL": f"unix://{self._socket}",
            "SCORELANE_BLOBS_DIR": str(folder / "blobs"),
            "SCORELANE_SERVE": "fast",
            "SCORELANE_DRAIN_SECONDS": "0",
            **(env or {}),
            **{f"SCORELANE_{name.upper()}": text for name, text in settings.items()},
        }
        self.port = free_port()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def _start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            program = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Python ignores SIGXFSZ. So Redis gets an error, as from a full disk, if a test
                # limits the size of its files; see `full_disk_of`.
                restore_signals=False,
            )
        self._running.append(program)
        self._names[program.pid] = name
        return program

    def running(self, name: str) -> list[subprocess.Popen[bytes]]:
        """The running programs with a name: `redis`, `api` or `worker`."""
        named = [one for one in self._running if self._names[one.pid] == name]
        return [one for one in named if one.poll() is None]

    def start_redis(self, *options: str) -> None:
        """Start Redis with its append-only file and other options; wait until it has a socket."""
        program = self._start(
            "redis",
            redis_server(self.folder),
            "--port",
            "0",
            "--unixsocket",
            str(self._socket),
            "--appendonly",
            "yes",
            "--save",
            "",
            "--dir",
            str(self.folder),
            *options,
        )
        wait_for(self._socket.exists)
        self.redis = program

    def start_api(self) -> None:
        """Start the API, and wait until it answers."""
        self.api, _ = self.start_replica(self.port)

    def start_replica(
        self,
        port: int | None = None,
        is_up: Callable[[int], bool] | None = None,
    ) -> tuple[subprocess.Popen[bytes], int]:
        """Start an API on a port, or on a free one, and wait until it answers; returns both.

        Args:
            port: the port.
            is_up: tells whether the API at a port answers, if a GET over HTTP does not.
        """
        port = port or free_port()
        program = self._start(
            "api",
            sys.executable,
            "-m",
            "gunicorn",
            "--config",
            "python:api.gunicorn_conf",
            "--bind",
            f"127.0.0.1:{port}",
            "api.wsgi:app",
        )
        livez = f"http://127.0.0.1:{port}/livez"
        wait_for(lambda: is_up(port) if is_up else self.status(livez) == 200)
        return program, port

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker, without waiting until it is ready."""
        return self._start("worker", sys.executable, "-m", "worker")

    def kill_in_turn(self, workers: list[subprocess.Popen[bytes]], number: int) -> None:
        """Kill the first worker with `kill -9`, and put it or its successor last.

        Args:
            workers: the running workers, of which at least one lives.
            number: of the kill; an even one kills a scoring process, an odd one the whole worker.
        """
        victim = workers.pop(0)
        if number % 2:
            kill(victim)
            victim = self.start_worker()
        elif children := psutil.Process(victim.pid).children():
            children[0].kill()
        workers.append(victim)

    def wait_ready(self) -> None:
        """Wait until at least one worker serves."""
        wait_for(lambda: self.status("/readyz") == 200, 180)

    def status(self, path: str) -> int:
        """The status of a GET; 0 if no server answers."""
        try:
            return self.client.get(path).status_code
        except httpx.TransportError:
            return 0

    def submit(self, content: bytes, **options: str) -> str:
        """Submit a CSV; returns the path of the job."""
        answer = self.client.post(
            "/jobs", content=content, params=options, headers={"Content-Type": "text/csv"}
        )
        assert answer.status_code == 202, answer.text
        return answer.headers["Location"]

    def job(self, location: str) -> dict[str, Any]:
        """The current state of a job."""
        answer = self.client.get(location)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def wait_for_rows(self, location: str, rows: int) -> None:
        """Wait until a running job has completed at least `rows` rows; fail if it has ended."""
        job = wait_for(
            lambda: (job := self.job(location))["rows"]["completed"] >= rows and job, 120
        )
        assert job["state"] == "running", "the job ended before it could be disturbed"

    def wait_for_end(self, location: str) -> dict[str, Any]:
        """Wait until a job has ended; returns its last state."""
        ends = ("succeeded", "failed", "cancelled")
        return wait_for(lambda: (job := self.job(location))["state"] in ends and job, 180)

    def results(self, location: str) -> pd.DataFrame:
        """The result rows, with refs and errors as unchanged strings."""
        path = self.folder / "results.csv"
        with self.client.stream("GET", f"{location}/results") as answer, path.open("wb") as file:
            assert answer.status_code == 200
            for chunk in answer.iter_bytes():
                file.write(chunk)
        return read_results(path)

    def blob_count(self, beginning: str) -> int:
        """The number of blobs whose keys begin with a text, in the folder or in object storage."""
        if "SCORELANE_BLOBS" in self.env:
            return len(keys_in(self.env, beginning))
        folder = Path(self.env["SCORELANE_BLOBS_DIR"])
        found = [one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()]
        return sum(one.startswith(beginning) for one in found)

    def stop(self) -> None:
        """Stop all programs that were started, and their children."""
        self.client.close()
        for program in reversed(self._running):
            if program.poll() is None:
                children = psutil.Process(program.pid).children(recursive=True)
                program.terminate()
                try:
                    program.wait(30)
                except subprocess.TimeoutExpired:
                    program.kill()
                    program.wait()
                for child in children:
                    if child.is_running():
                        child.kill()


AnyPrograms = TypeVar("AnyPrograms", bound=Programs)


@contextmanager
def programs(
    folder: Path,
    sockets: Path,
    kind: type[AnyPrograms] = Programs,  # type: ignore[assignment]
    **settings: Any,
) -> Iterator[AnyPrograms]:
    """Start Redis and the API for a block; the test starts the workers itself."""
    these = kind(folder, sockets, **settings)
    try:
        these.start_redis()
        these.start_api()
        yield these
    finally:
        these.stop()


def free_port() -> int:
    """A port of the loopback interface that no program listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def signal_all(program: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a program and to all its children."""
    for member in [
        psutil.Process(program.pid),
        *psutil.Process(program.pid).children(recursive=True),
    ]:
        member.send_signal(number)


def kill(program: subprocess.Popen[bytes]) -> None:
    """Kill a program and all its children at once, as when a machine fails."""
    signal_all(program, signal.SIGKILL)
    program.wait()


def many_rows(count: int) -> tuple[bytes, pd.DataFrame]:
    """A CSV with `count` rows with different texts, and the same rows as a frame."""
    opinions = [
        "good",
        "bad",
        "not so good",
        "wonderful",
        "boring",
        "na\u00efve",
        "quite awful, really",
    ]
    things = ["film", "dinner", "phone", "hotel", "book", 'so-called "service"', "trip\nhome"]
    texts = [
        f"{opinions[row % 7]} {things[row // 7 % 7]}, number {row}: I say {opinions[row // 49 % 7]}"
        for row in range(count)
    ]
    frame = pd.DataFrame({"ref": [f"r{row:07d}" for row in range(count)], TEXT: texts})
    return frame.to_csv(index=False).encode(), frame


def read_results(path: Path) -> pd.DataFrame:
    """The rows of a CSV of results, with refs and errors as unchanged strings."""
    frame = pd.read_csv(path, dtype={"ref": str, "error": str}, keep_default_na=False)
    frame[SCORE] = pd.to_numeric(frame[SCORE])
    return frame


def check_rows(found: pd.DataFrame, sent: pd.DataFrame) -> None:
    """Check that every row came back once, in order, with the score that this process computes."""
    assert found["ref"].tolist() == sent["ref"].tolist()
    assert set(found["error"]) == {""}
    frame = pd.DataFrame({TEXT: sent[TEXT].astype(object)})
    expected = load_model(FAST).score(frame)[SCORE]
    assert (found[SCORE] - expected).abs().max() < 1e-9
