"""An API with few threads, and clients that send by halves or read nothing."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from support.programs import Programs, programs
from support.raw_client import RawClient, head

#: One process of the API with few threads, so that few clients hold them all.
THREADS, CONNECTIONS = 4, 80
FEW = {"GUNICORN_CMD_ARGS": f"--workers 1 --threads {THREADS} --worker-connections {CONNECTIONS}"}

#: The times are short, so that a test need not wait long for their end.
SHORT = {"head_seconds": "2", "client_pause_seconds": "4", "client_bytes_per_second": "2000"}

#: How long a probe may take while all other threads are held.
PROBE_SECONDS = 3.0

TEXT_LINE = b'{"text": "a text of some length"}\n'


@contextmanager
def few_threads(folder: Path, sockets: Path) -> Iterator[Programs]:
    """Redis, an API with few threads, and a worker."""
    own = Path(tempfile.mkdtemp(dir=sockets))
    with programs(folder, own, env=FEW, processes="1", **SHORT) as running:
        running.start_worker()
        running.wait_ready()
        yield running


def upload(length: int, *headers: str) -> bytes:
    """The head of an upload of lines."""
    return head(
        "POST /jobs",
        "Content-Type: application/x-ndjson",
        f"Content-Length: {length}",
        *headers,
    )


def question(*headers: str, text: bytes = b'{"text": ["good"]}') -> bytes:
    """A whole request to `/sentiment`."""
    length = f"Content-Length: {len(text)}"
    return head("POST /sentiment", "Content-Type: application/json", length, *headers) + text


def many(stack: ExitStack, port: int, count: int, content: bytes, **how: int) -> list[RawClient]:
    """Open connections that each send the same bytes, and leave them open."""
    clients = [stack.enter_context(RawClient(port, **how)) for _ in range(count)]
    for client in clients:
        with suppress(OSError):  # the API may have closed the oldest
            client.send(content)
    return clients


@contextmanager
def replica(
    api: Programs,
    arguments: str,
    is_up: Callable[[int], bool] | None = None,
    **settings: str,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start another API beside the first one; gives its process and its port."""
    usual = dict(api.env)
    api.env |= {f"SCORELANE_{name.upper()}": text for name, text in settings.items()}
    api.env["GUNICORN_CMD_ARGS"] = arguments
    try:
        program, port = api.start_replica(is_up=is_up)
    finally:
        api.env = usual
    try:
        yield program, port
    finally:
        program.terminate()
        program.wait(40)
