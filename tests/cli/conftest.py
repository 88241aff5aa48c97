"""Fixtures: a fake service with preset responses, and the real stack, run by its command."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner
from support.doctor import Run
from support.waiting import wait_for

from scorelane.commands.main import cli
from shared.config.settings import Settings


@dataclass
class Answers:
    """A fake service: `METHOD /path` -> the responses in turn; the last one is repeated."""

    url: str = ""
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    _answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)

    JOB_ID = "0" * 31 + "1"

    def job(self, state: str = "succeeded", **changes: Any) -> dict[str, Any]:
        """A job of three rows, as the API represents it."""
        return {
            "id": self.JOB_ID,
            "state": state,
            "model": {"name": "fast", "version": "1a2b"},
            "rows": {"total": 3, "completed": 2, "failed": 1},
            "progress": 1.0,
            "rows_per_second": 10.0,
            "eta_seconds": None,
            "created_at": "2026-01-01T00:00:00.000Z",
            "started_at": None,
            "finished_at": None,
            "error": None,
            "detail": "Done.",
            "links": {},
            **changes,
        }

    def problem(self, code: str, detail: str) -> dict[str, Any]:
        """A problem, as the API represents an error."""
        return {"type": f"urn:scorelane:problem:{code}", "title": code, "detail": detail}

    def add(self, request: str, status: int, body: Any = b"", **headers: str) -> None:
        """Add a response; a body that is not bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers.setdefault(request, []).append((status, named, content))

    def count(self, request: str) -> int:
        """How often a request was received."""
        return sum(line == request for line, _ in self.requests)

    def take(self, request: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Record a request, and return its response."""
        self.requests.append((request, body))
        # Of an older release, which has only scores.
        no_summary: tuple[int, dict[str, str], bytes] = (200, {}, b"{}")
        if request == f"GET /jobs/{self.JOB_ID}/summary":
            self._answers.setdefault(request, [no_summary])
        answers = self._answers[request]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def answers() -> Iterator[Answers]:
    """A fake service on a free port of the loopback."""
    service = Answers()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Transfer-Encoding") == "chunked":
                body = b"".join(self._chunks())
            status, headers, content = service.take(f"{self.command} {self.path}", body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def _chunks(self) -> Iterator[bytes]:
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        yield service
        server.shutdown()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder for temporary files of a stack; its path is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="lane-") as folder:
        yield Path(folder)


class Serving:
    """A running `scorelane` command that runs the stack, and the processes of the stack."""

    def __init__(self, *arguments: str, cwd: Path, temporary: Path, **env: str) -> None:
        self._output: list[str] = []
        self.program = subprocess.Popen(
            [str(Path(sys.executable).with_name("scorelane")), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={
                **{name: value for name, value in os.environ.items() if name != "SCORELANE_URL"},
                "TMPDIR": str(temporary),
                "SCORELANE_SERVE": "fast",
                "SCORELANE_PROCESSES": "1",
                **env,
            },
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._family: set[psutil.Process] = set()

    def _read(self) -> None:
        assert self.program.stdout is not None
        with self.program.stdout as lines:
            self._output.extend(lines)

    def output(self) -> str:
        """What the command has printed so far."""
        return "".join(self._output)

    def wait_ready(self) -> "Serving":
        """Wait until the service is ready; remember its processes."""
        wait_for(lambda: "Ctrl-C stops it" in self.output() or self.program.poll() is not None, 120)
        assert self.program.poll() is None, self.output()
        self.remember()
        return self

    def remember(self) -> None:
        """Remember the processes that the command has now."""
        own = psutil.Process(self.program.pid)
        self._family |= {own, *own.children(recursive=True)}

    def forget(self, text: str) -> None:
        """Forget the processes that have this text in their command line, or have ended."""
        self._family = {
            one for one in self._family if _runs(one) and text not in " ".join(one.cmdline())
        }

    @property
    def url(self) -> str:
        """The address that the command printed."""
        found = re.search(r"http://\S+", self.output())
        assert found
        return found.group()

    def process(self, text: str) -> psutil.Process:
        """The oldest remembered process whose command line contains this text."""
        found = [one for one in self._family if _runs(one) and text in " ".join(one.cmdline())]
        return min(found, key=lambda one: one.create_time())

    def remaining(self) -> list[psutil.Process]:
        """The remembered processes that still run."""
        return [one for one in self._family if _runs(one)]

    def wait_gone(self) -> int:
        """Wait until the command and all remembered processes have ended; its exit status."""
        status = self.program.wait(60)
        wait_for(lambda: not self.remaining(), 60)
        self._reader.join()
        return status

    def interrupt(self) -> None:
        """Send SIGINT, as Ctrl-C does."""
        self.program.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Kill everything that still runs."""
        for one in self.remaining():
            one.kill()
        self.program.kill()
        self.program.wait()
        self._reader.join()


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def start(tmp_path: Path, short_folder: Path) -> Iterator[Callable[..., Serving]]:
    """A function that starts `scorelane` with arguments; it is killed after the test."""
    started: list[Serving] = []

    def run(*arguments: str, **env: str) -> Serving:
        started.append(Serving(*arguments, cwd=tmp_path, temporary=short_folder, **env))
        return started[-1]

    yield run
    for one in started:
        one.end()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A running service for all tests of a module."""
    with tempfile.TemporaryDirectory(prefix="lane-") as folder:
        serving = Serving(
            "serve",
            "--port",
            "0",
            "--host",
            "127.0.0.1",
            cwd=tmp_path_factory.mktemp("serving"),
            temporary=Path(folder),
        )
        try:
            yield serving.wait_ready()
        finally:
            serving.interrupt()
            serving.wait_gone()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An upload of three rows in the current folder; SCORELANE_URL is not set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCORELANE_URL", raising=False)
    path = tmp_path / "in.csv"
    path.write_text("ref,text\n1,[bold]fine[/]\n2,\n3,dull\n", encoding="utf-8")
    return path


@pytest.fixture
def run_doctor(redis_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs the command with the session's Redis; returns exit code and findings."""
    monkeypatch.chdir(tmp_path)
    for name in ("redis_url", "key_prefix", "blobs_dir"):
        value = str(getattr(redis_settings, name))
        monkeypatch.setenv(f"SCORELANE_{name.upper()}", value)
    monkeypatch.setenv("SCORELANE_SERVE", "fast")

    def call(*options: str) -> tuple[int, list[dict[str, str]]]:
        done = CliRunner().invoke(cli, ["doctor", "--json", *options])
        return done.exit_code, json.loads(done.output)

    return call
