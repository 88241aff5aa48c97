"""Starts the peers that are servers, and requests scores from them."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks.load import Client, request, run_clients
from benchmarks.peers.environments import HERE, python_of
from benchmarks.service import free_port, stop, wait_for_port
from shared.model import SCORE

#: The number of concurrent requests of a bulk client, and of rows per request.
CLIENTS = 8
ROWS = 1_000

#: The maximum number of requests in a batch, and the maximum seconds that the first of them waits.
MAX_BATCH_SIZE = 64
MAX_BATCH_SECONDS = 0.005


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: scheme, host and port.
        pid: the process id of the program.
        request: function that builds the bytes of a request for the scores of texts.
        scores: function that reads the scores from the body of a response.
    """

    url: str
    pid: int
    request: Callable[[list[str]], bytes]
    scores: Callable[[bytes], list[float]]


@contextmanager
def litserve(model: Path) -> Iterator[Server]:
    """Run LitServe for a block."""
    port = free_port()
    command = [str(python_of("litserve_app")), str(HERE / "litserve_app.py"), str(model), str(port)]
    with _running(command, port, "/health", {}) as pid:
        yield Server(
            url=f"http://127.0.0.1:{port}",
            pid=pid,
            request=lambda texts: request("POST", "/predict", _bytes({"text": texts})),
            scores=lambda body: list(json.loads(body)["scores"]),
        )


@contextmanager
def mlserver(model: Path) -> Iterator[Server]:
    """Run MLServer for a block."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder:
        settings = {
            "host": "127.0.0.1",
            "http_port": port,
            "grpc_port": free_port(),
            "metrics_port": free_port(),
            "parallel_workers": 2,
        }
        model_settings = {
            "name": "fast",
            "implementation": "mlserver_runtime.Sentiment",
            "parameters": {"uri": str(model)},
            "max_batch_size": MAX_BATCH_SIZE,
            "max_batch_time": MAX_BATCH_SECONDS,
        }
        for name, content in (("settings", settings), ("model-settings", model_settings)):
            (Path(folder) / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        program = python_of("mlserver_runtime").with_name("mlserver")
        env = {"PYTHONPATH": str(HERE)}
        with _running([str(program), "start", folder], port, "/v2/models/fast/ready", env) as pid:
            yield Server(
                url=f"http://127.0.0.1:{port}",
                pid=pid,
                request=lambda texts: request("POST", "/v2/models/fast/infer", _tensor(texts)),
                scores=lambda body: list(json.loads(body)["outputs"][0]["data"]),
            )


@contextmanager
def asleep(servers: Iterable[Server]) -> Iterator[None]:
    """Stop servers for a block, except while `awake` runs something on one of them.

    LitServe's processes take 0.4 of a core while they wait, which the other contestants would lack.
    """
    for server in servers:
        _signal(server, signal.SIGSTOP)
    try:
        yield
    finally:
        for server in servers:
            _signal(server, signal.SIGCONT)


def awake(server: Server, run: Callable[[], float]) -> Callable[[], float]:
    """Make a function that lets a server go on, does a run, and stops the server again."""

    def run_awake() -> float:
        _signal(server, signal.SIGCONT)
        try:
            return run()
        finally:
            _signal(server, signal.SIGSTOP)

    return run_awake


def _signal(server: Server, number: signal.Signals) -> None:
    program = psutil.Process(server.pid)
    for process in (program, *program.children(recursive=True)):
        process.send_signal(number)


def score_csv(server: Server, source: Path, target: Path) -> None:
    """Score a CSV through a server, with concurrent requests, and write the results in order."""
    chunks = enumerate(pd.read_csv(source, keep_default_na=False, chunksize=ROWS))
    found: dict[int, pd.DataFrame] = {}

    def client() -> Client:
        for number, chunk in chunks:
            answer = yield server.request(chunk["text"].tolist())
            found[number] = pd.DataFrame({"ref": chunk["ref"], SCORE: server.scores(answer.body)})

    run_clients(server.url, [client() for _ in range(CLIENTS)])
    pd.concat([found[number] for number in sorted(found)]).to_csv(target, index=False)


@contextmanager
def _running(command: list[str], port: int, path: str, env: dict[str, str]) -> Iterator[int]:
    with tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder:
        log = Path(folder) / "server.log"
        with log.open("wb") as output:
            program = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for_port(program, port, path, log)
            yield program.pid
        finally:
            stop(program)


def _bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def _tensor(texts: list[str]) -> bytes:
    """A request body in the Open Inference Protocol."""
    texts_input = {"name": "texts", "shape": [len(texts), 1], "datatype": "BYTES", "data": texts}
    return _bytes({"inputs": [texts_input]})
