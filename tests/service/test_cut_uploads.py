"""Uploads that break off, and chunks that are malformed, sent to the real API over sockets."""

import gzip
import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.programs import Programs, programs
from support.waiting import wait_for

pytestmark = pytest.mark.stack

CSV = b"ref,text\n" + b"".join(b"%d,a text of some length\n" % row for row in range(90_000))
LINES = b"".join(b'{"ref": %d, "text": "a text"}\n' % row for row in range(60_000))
FORM_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
FORM = FORM_HEAD + CSV + b"\r\n--b--\r\n"
IN_FORM = "multipart/form-data; boundary=b"

DOORS: dict[str, tuple[str, str, bytes]] = {
    "csv": ("/jobs?model=fast", "Content-Type: text/csv", CSV),
    "ndjson": ("/jobs?model=fast", "Content-Type: application/x-ndjson", LINES),
    "form": ("/jobs?model=fast", f"Content-Type: {IN_FORM}", FORM),
    "gzip": (
        "/jobs?model=fast",
        "Content-Type: text/csv\r\nContent-Encoding: gzip",
        gzip.compress(CSV, 1),
    ),
    "json": (
        "/jobs?model=fast",
        "Content-Type: application/json",
        b'{"text": ["a"]}' + b" " * 200_000,
    ),
    "dry run": ("/jobs?model=fast&validate=true", "Content-Type: text/csv", CSV),
    "sentiment": (
        "/sentiment",
        "Content-Type: application/json",
        b'{"text": ["a"]}' + b" " * 200_000,
    ),
    "v1": ("/v1/files", f"Content-Type: {IN_FORM}", FORM),
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, sockets: Path) -> Iterator[Programs]:
    """Redis, the API and a worker, which announces the model `fast`."""
    folder, own = tmp_path_factory.mktemp("cut"), Path(tempfile.mkdtemp(dir=sockets))
    with programs(folder, own, processes="1") as running:
        running.start_worker()
        running.wait_ready()
        yield running


def head(door: str, framing: str, key: str = "") -> bytes:
    path, headers, _ = DOORS[door]
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", headers, framing]
    if key:
        lines.append(f"Idempotency-Key: {key}")
    return "\r\n".join([*lines, "", ""]).encode()


def exchange(api: Programs, content: bytes) -> tuple[int, Any]:
    """Send bytes, end the sending side, and return the status and the JSON of the answer."""
    with closing(socket.create_connection(("127.0.0.1", api.port), 60)) as sent:
        sent.sendall(content)
        sent.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := sent.recv(65536):
            answer += chunk
    start, _, body = answer.partition(b"\r\n\r\n")
    return int(start.split()[1]), json.loads(body)


def code_of(answer: Any) -> str:
    """The code of a problem, or of an error of `/v1`, in the problem's spelling."""
    if "error" in answer:
        return str(answer["error"]["code"]).replace("_", "-")
    return str(answer["type"]).rpartition(":")[2]


def jobs(api: Programs) -> list[str]:
    return [job["id"] for job in api.client.get("/jobs").json()["jobs"]]


def stored(api: Programs) -> set[str]:
    """The files below the blob store, except those of jobs that exist."""
    folder = Path(api.env["SCORELANE_BLOBS_DIR"])
    known = tuple(jobs(api))
    files = [str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()]
    return {one for one in files if not any(job in one for job in known)}


def log_of(api: Programs) -> str:
    return (api.folder / "api.log").read_text()


def chunked(body: bytes) -> bytes:
    """A body as one chunk, without the last chunk that ends it."""
    return b"%x\r\n%s\r\n" % (len(body), body)


@pytest.mark.parametrize("door", DOORS)
def test_a_client_that_ends_its_sending_side(api: Programs, door: str) -> None:
    """It gets a 400 with either framing; nothing is kept, and no error is logged."""
    body, before, files = DOORS[door][2], jobs(api), stored(api)
    for part in (body[: len(body) // 2], body[:-1]):
        for sent in (
            head(door, f"Content-Length: {len(body)}") + part,
            head(door, "Transfer-Encoding: chunked") + chunked(part),
        ):
            status, answer = exchange(api, sent)
            assert (status, code_of(answer)) == (400, "body-cut-off")
    assert jobs(api) == before
    assert stored(api) == files
    assert "ERROR" not in log_of(api)
    assert "Traceback" not in log_of(api)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "bad",
    [
        b"ZZ-secret\r\n",
        b"-5\r\nsecret\r\n",
        b"3\r\nabcsecret\r\n0\r\n\r\n",
        b"5;secret=\x01\r\nabcde\r\n0\r\n\r\n",
        b"\r\nsecret",
        b"3\r\nabc\r\n0\r\nsecret header\r\n\r\n",
    ],
)
def test_malformed_chunks(api: Programs, door: str, bad: bytes) -> None:
    """They are a 400 on every door; the log has no error and nothing of what was sent."""
    before = jobs(api)
    status, answer = exchange(api, head(door, "Transfer-Encoding: chunked") + bad)
    assert (status, code_of(answer)) == (400, "bad-chunked-body")
    assert jobs(api) == before
    assert "ERROR" not in log_of(api)
    assert "secret" not in log_of(api)


def test_a_client_that_is_killed_midway(api: Programs, tmp_path: Path) -> None:
    """No job of a part of its rows; the repeat with its key makes the one job at once."""
    program = (
        "import socket, sys, time\n"
        "sent = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        "sent.sendall(open(sys.argv[2], 'rb').read())\n"
        "print('sent', flush=True)\n"
        "time.sleep(600)\n"
    )
    for door, framing in (("csv", "length"), ("ndjson", "length"), ("csv", "chunked")):
        before, key, body = jobs(api), f"killed-{door}-{framing}", DOORS[door][2]
        half = body[: len(body) // 2]
        if framing == "length":
            half = head(door, f"Content-Length: {len(body)}", key) + half
        else:
            half = head(door, "Transfer-Encoding: chunked", key) + chunked(half)
        (tmp_path / "half").write_bytes(half)
        command = [sys.executable, "-c", program, str(api.port), str(tmp_path / "half")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as client:
            assert client.stdout
            assert client.stdout.readline() == b"sent\n"
            client.kill()

        def again(door: str = door, key: str = key, body: bytes = body) -> tuple[int, Any]:
            return exchange(api, head(door, f"Content-Length: {len(body)}", key) + body)

        # The key is held until gunicorn has read to the end: for a moment, not for its lease.
        status, answer = wait_for(lambda: (one := again())[0] != 409 and one, 10)
        assert status == 202, answer
        location = f"/jobs/{answer['id']}"
        assert set(jobs(api)) == {answer["id"], *before}
        assert api.wait_for_end(location)["rows"]["total"] == body.count(b"\n") - (door == "csv")
        assert again()[1]["id"] == answer["id"]
        # A part of the same body, sent with the key of the job, is neither a replay nor a job.
        status, answer = exchange(api, half)
        assert (status, code_of(answer)) == (400, "body-cut-off")
        assert set(jobs(api)) == {location.rpartition("/")[2], *before}
    assert "ERROR" not in log_of(api)
    assert "Traceback" not in log_of(api)


def test_behind_a_proxy_whose_client_breaks_off(api: Programs) -> None:
    """The proxy has sent the length and a part of the body, and closes: no job is made."""
    before = jobs(api)
    sent = head("csv", f"Content-Length: {len(CSV)}", "proxied") + CSV[: len(CSV) // 2]
    with closing(socket.create_server(("127.0.0.1", 0))) as door:

        def forward() -> None:
            client, _ = door.accept()
            with client, socket.create_connection(("127.0.0.1", api.port)) as upstream:
                while chunk := client.recv(65536):
                    upstream.sendall(chunk)

        proxy = threading.Thread(target=forward)
        proxy.start()
        with closing(socket.create_connection(door.getsockname())) as client:
            client.sendall(sent)
        proxy.join()
    whole = head("csv", f"Content-Length: {len(CSV)}", "proxied") + CSV
    status, answer = wait_for(lambda: (one := exchange(api, whole))[0] != 409 and one, 10)
    assert status == 202, answer
    assert set(jobs(api)) == {answer["id"], *before}


def test_a_connection_that_is_reset(api: Programs) -> None:
    """An RST in the middle of a body makes no job and no error in the log."""
    before = jobs(api)
    with closing(socket.create_connection(("127.0.0.1", api.port))) as client:
        client.sendall(head("csv", f"Content-Length: {len(CSV)}", "reset") + CSV[:100_000])
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    whole = head("csv", f"Content-Length: {len(CSV)}", "reset") + CSV
    status, answer = wait_for(lambda: (one := exchange(api, whole))[0] != 409 and one, 10)
    assert status == 202, answer
    assert set(jobs(api)) == {answer["id"], *before}
    assert "ERROR" not in log_of(api)


def test_a_query_that_is_too_long(api: Programs) -> None:
    """A long query is accepted; one over gunicorn's limit is a problem that says what to do."""
    columns = ",".join(f"column_{number}" for number in range(400))
    content = f"text,{columns}\na{',1' * 400}\n".encode()
    headers = {"Content-Type": "text/csv"}
    answer = api.client.post(f"/jobs?columns={columns}", content=content, headers=headers)
    assert answer.status_code == 202, answer.text
    path = f"/jobs?columns={','.join([columns] * 5)}"
    answer = api.client.post(path, content=content, headers=headers)
    assert (answer.status_code, code_of(answer.json())) == (414, "uri-too-long")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "form" in answer.json()["detail"]
    fields = {"columns": columns} | {"label": [f"k{number}:{'v' * 256}" for number in range(16)]}
    file = {"file": ("rows.csv", content)}
    answer = api.client.post("/jobs", data=fields, files=file)
    assert answer.status_code == 202, answer.text
    assert len(answer.json()["labels"]) == 16


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / secret\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nse cret: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nsecret: " + b"a" * 9000 + b"\r\n\r\n", 431),
    ],
)
def test_heads_that_cannot_be_parsed(api: Programs, head: bytes, status: int) -> None:
    """They are problems too, and the log does not quote them."""
    with closing(socket.create_connection(("127.0.0.1", api.port), 60)) as sent:
        sent.sendall(head)
        answer = b""
        while chunk := sent.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == status
    assert "secret" not in log_of(api)
    assert "se cret" not in log_of(api)
