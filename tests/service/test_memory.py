"""The memory of the real API while many clients send the largest bodies."""

import http.client
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from support.programs import Programs, programs

from shared.config.settings import Settings

pytestmark = pytest.mark.stack

#: What the container of the API has, in bytes.
CONTAINER = 384 * 2**20

#: Clients at a time.
CLIENTS = 6

SIZE = Settings().max_json_bytes - 100

ROW = b'{"ref": 12345, "text": "I am well, thanks. The film was good and I liked it."},'

JSON, CSV, LINES = "application/json", "text/csv", "application/x-ndjson"

WIDE = "\U0001f600".encode()

BODIES = {
    "rows": (JSON, b"[" + (ROW * (SIZE // len(ROW)))[:-1] + b"]"),
    "brackets": (JSON, b"[" * SIZE),
    "empty objects": (JSON, b"[" + b"{}," * (SIZE // 3) + b"{}]"),
    "fewer empty objects": (JSON, b"[" + b"{}," * 400_000 + b"{}]"),
    "control characters": (JSON, b'["' + b"\\u0000" * (SIZE // 6) + b'"]'),
    "short strings": (JSON, b'{"text":["a"' + b',"\\u0000"' * 400_000 + b"]}"),
    "one long text": (JSON, b'{"text": ["' + b"a" * (SIZE - 20) + b'"]}'),
    "a long text with an emoji": (JSON, b'{"text": ["' + WIDE + b"a" * (SIZE * 3 // 4) + b'"]}'),
    "a long number": (JSON, b'{"text": ["a"], "ref": [1.' + b"1" * (SIZE - 40) + b"]}"),
    "a long ref": (JSON, b'{"text": ["a"], "ref": ["' + b"1" * (SIZE - 40) + b'"]}'),
    "a long line": (LINES, b'{"text": "' + WIDE + b"a" * (SIZE // 2 - 40) + b'"}\n'),
    "a header of quotes": (CSV, b"\r" + b'"' * 4_000_000),
    "a file": (CSV, b"text\n" + b"a text of some length\n" * 1_000_000),
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, sockets: Path) -> Iterator[Programs]:
    """Redis, the API as its container runs it, and a worker, which announces its model."""
    folder, own = tmp_path_factory.mktemp("memory"), Path(tempfile.mkdtemp(dir=sockets))
    with programs(folder, own, processes="1", access_log="false") as running:
        running.start_worker()
        running.wait_ready()
        yield running


def post(port: int, path: str, content_type: str, body: bytes) -> int:
    """The status of a POST; 0 if the connection is closed before the body is sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("POST", path, body, {"Content-Type": content_type})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def memory_of(program: int) -> int:
    """The memory of a program and its children; what they share is counted once."""
    family = [psutil.Process(program), *psutil.Process(program).children(recursive=True)]
    return sum(one.memory_full_info().pss for one in family)


DOORS = [
    *[("/jobs", body) for body in BODIES],
    *[("/sentiment", body) for body in BODIES if "long" in body],
    ("/jobs?validate=true", "rows"),
    ("/jobs?validate=true", "a long text with an emoji"),
    ("/v1/batches", "one long text"),
]


@pytest.mark.parametrize(("path", "body"), DOORS)
def test_many_large_bodies_fit_into_the_container(api: Programs, path: str, body: str) -> None:
    """Each is answered, and all processes together stay below the container's memory."""
    content_type, content = BODIES[body]
    ended, peaks = threading.Event(), [memory_of(api.api.pid)]

    def watch() -> None:
        while not ended.wait(0.02):
            peaks.append(memory_of(api.api.pid))

    with ThreadPoolExecutor(CLIENTS + 1) as threads:
        watching = threads.submit(watch)
        sent = [threads.submit(post, api.port, path, content_type, content) for _ in range(CLIENTS)]
        statuses = {one.result() for one in sent}
        ended.set()
        watching.result()
    assert statuses <= {200, 202, 400, 413, 422, 503}
    assert max(peaks) < CONTAINER
    assert api.status("/livez") == 200


def test_the_largest_ordinary_body_is_accepted(api: Programs) -> None:
    """JSON of the largest length becomes a job."""
    assert post(api.port, "/jobs", *BODIES["rows"]) == 202
