"""Fixtures: a small HTTP server that says what a test wants, and the real stack by its command."""

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
from support.waiting import wait_for


@dataclass
class Answers:
    """A server whose answers a test sets: `METHOD /path` -> answers in turn, the last for ever."""

    url: str = ""
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    _answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)

    JOB_ID = "0" * 31 + "1"

    def job(self, state: str = "succeeded", **changes: Any) -> dict[str, Any]:
        """A job as the API represents it, of three rows."""
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
        """An error as the API gives it."""
        return {"type": f"urn:scorelane:problem:{code}", "title": code, "detail": detail}

    def add(self, request: str, status: int, body: Any = b"", **headers: str) -> None:
        """Add an answer; a body that is no bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers.setdefault(request, []).append((status, named, content))

    def asked(self, request: str) -> int:
        """How often something was asked for."""
        return sum(line == request for line, _ in self.requests)

    def take(self, request: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Note a request, and give its answer."""
        self.requests.append((request, body))
        answers = self._answers[request]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def answers() -> Iterator[Answers]:
    """A server on a free port of the loopback."""
    said = Answers()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, content = said.take(f"{self.command} {self.path}", body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        said.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        yield said
        server.shutdown()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """The folder for temporary files of a stack; its path must be short, for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="lane-") as folder:
        yield Path(folder)


class Serving:
    """A `scorelane` command that runs the stack, and the processes that belong to it."""

    def __init__(self, *arguments: str, cwd: Path, temporary: Path, **env: str) -> None:
        self._said: list[str] = []
        self.program = subprocess.Popen(
            [str(Path(sys.executable).with_name("scorelane")), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={
                **{name: at for name, at in os.environ.items() if name != "SCORELANE_URL"},
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
            self._said.extend(lines)

    def said(self) -> str:
        """What it has printed so far."""
        return "".join(self._said)

    def wait_ready(self) -> "Serving":
        """Wait until it serves; remember the processes that it consists of."""
        wait_for(lambda: "Ctrl-C stops it" in self.said() or self.program.poll() is not None, 120)
        assert self.program.poll() is None, self.said()
        self.remember()
        return self

    def remember(self) -> None:
        """Remember the processes that it consists of now."""
        own = psutil.Process(self.program.pid)
        self._family |= {own, *own.children(recursive=True)}

    @property
    def url(self) -> str:
        """The address that it printed."""
        found = re.search(r"http://\S+", self.said())
        assert found
        return found.group()

    def process(self, what: str) -> psutil.Process:
        """The first process whose command line has this in it."""
        found = [one for one in self._family if what in " ".join(one.cmdline())]
        return min(found, key=lambda one: one.create_time())

    def remaining(self) -> list[psutil.Process]:
        """Those remembered that still run."""
        return [one for one in self._family if _runs(one)]

    def wait_gone(self) -> int:
        """Wait until it and all that belongs to it has ended; its exit status."""
        status = self.program.wait(60)
        wait_for(lambda: not self.remaining(), 60)
        self._reader.join()
        return status

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.program.send_signal(signal.SIGINT)

    def end(self) -> None:
        """End all of it, whatever the test has come to."""
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
    """Start `scorelane` with some arguments; everything is ended with the test."""
    started: list[Serving] = []

    def run(*arguments: str, **env: str) -> Serving:
        started.append(Serving(*arguments, cwd=tmp_path, temporary=short_folder, **env))
        return started[-1]

    yield run
    for one in started:
        one.end()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A service for a whole module."""
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
    """An upload of three rows, in the current folder, without a service in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCORELANE_URL", raising=False)
    path = tmp_path / "in.csv"
    path.write_text("ref,text\n1,[bold]fine[/]\n2,\n3,dull\n", encoding="utf-8")
    return path
