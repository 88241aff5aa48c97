"""The client, against a fake service."""

import io
import os
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from scorelane.client.atomic_file import atomic_file
from scorelane.client.client import Client
from scorelane.client.errors import ApiError, ClientError, Unreachable
from scorelane.client.retries import Retries

NEVER = Retries(seconds=0)
QUICK = Retries(seconds=0.2, first_pause=0.01, longest_pause=0.01)

REFUSAL = b'{"type": "urn:scorelane:problem:too-large", "detail": "Too large."}'
RESULT = b"ref,Sentiment_Score,error\n1,0.5,\n"
LONG_RESULT = RESULT + b"".join(b"%d,0.5,\n" % row for row in range(20_000))


@pytest.fixture
def short_read_server() -> Iterator[str]:
    """A server that reads an upload to its end, without storing it, and refuses it."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            headers = dict(
                line.lower().split(b": ") for line in iter(lines.readline, b"\r\n") if b": " in line
            )
            left = int(headers[b"content-length"])
            while left:
                left -= len(lines.read(min(left, 2**20)))
            head = f"HTTP/1.1 413 X\r\nContent-Length: {len(REFUSAL)}\r\n\r\n"
            connection.sendall(head.encode() + REFUSAL)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@pytest.fixture
def cutting_server() -> Iterator[str]:
    """A server that cuts each response after 40,000 bytes, and supports `Range`."""

    def serve(listener: socket.socket) -> None:
        begin = 0
        while begin < len(LONG_RESULT):
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as lines:
                headers = dict(
                    line.lower().strip().split(b": ")
                    for line in iter(lines.readline, b"\r\n")
                    if b": " in line
                )
                begin = int(headers.get(b"range", b"bytes=0-")[6:-1])
                status = "206 Partial Content" if begin else "200 OK"
                assert headers.get(b"if-range", b'"one"') == b'"one"'
                left = len(LONG_RESULT) - begin
                head = f'HTTP/1.1 {status}\r\nETag: "one"\r\nContent-Length: {left}\r\n\r\n'
                connection.sendall(head.encode() + LONG_RESULT[begin : begin + 40_000])
                begin += 40_000

    with socket.create_server(("127.0.0.1", 0)) as listener:
        # A client that gives up must not leave the server waiting for its next connection.
        listener.settimeout(20)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_submit(answers, tmp_path: Path) -> None:
    """A path, bytes and an open file are sent unchanged; options go into the query."""
    answers.add("POST /jobs?model=fast&text_column=tweet", 202, answers.job("queued"))
    path = tmp_path / "in.csv"
    path.write_bytes(b"tweet\nhello\n")
    sent: list[int] = []
    with Client(answers.url) as client:
        for source in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
            job = client.submit(source, model="fast", text_column="tweet", on_sent=sent.append)
    assert (job.id, job.state, job.model, job.total) == (answers.JOB_ID, "queued", "fast@1a2b", 3)
    # The size of a BytesIO is not known to the client, so it is sent in chunks.
    assert [body for _, body in answers.requests][:2] == [b"tweet\nhello\n"] * 2
    assert sent == [12, 12, 12]


def test_submit_in_constant_memory(short_read_server, tmp_path: Path) -> None:
    """A large file is never held in memory as a whole."""
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(64 * 2**20)
    tracemalloc.start()
    try:
        with Client(short_read_server) as client, pytest.raises(ApiError, match="Too large"):
            client.submit(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * 2**20


def test_problem(answers) -> None:
    """A problem of the service becomes an exception whose message is the problem's detail."""
    answers.add("GET /jobs/x", 404, answers.problem("malformed-job-id", "'x' is no job id."))
    with (
        Client(answers.url) as client,
        pytest.raises(ApiError, match=r"^'x' is no job id.$") as caught,
    ):
        client.job("x")
    assert (caught.value.status, caught.value.code) == (404, "malformed-job-id")


def test_nothing_there() -> None:
    """If nothing listens, the message says so, and how to start a service."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with (
        Client(url, retries=NEVER) as client,
        pytest.raises(Unreachable, match=f"{url}.*scorelane serve"),
    ):
        client.models()


@pytest.mark.parametrize("url", ["localhost:5005", "http://host:port", "ftp://x"])
def test_no_url(url: str) -> None:
    """A text that is no address of a service is an error that says so."""
    with pytest.raises(ClientError, match="not a valid address"), Client(url) as client:
        client.models()


def test_something_else_answers(answers) -> None:
    """A response of something other than Scorelane is an error."""
    answers.add("GET /models", 200, b"<html>")
    answers.add("GET /jobs/x", 200, {"hello": 1})
    answers.add("GET /jobs/y", 404, b"<html>")
    with Client(answers.url) as client:
        for ask in (client.models, lambda: client.job("x")):
            with pytest.raises(ClientError, match="not as Scorelane"):
                ask()
        with pytest.raises(ApiError, match="answered 404"):
            client.job("y")


def test_wait(answers) -> None:
    """`wait` reports each poll, pauses as `Retry-After` says, and goes on after a 503."""
    path = f"GET /jobs/{answers.JOB_ID}"
    answers.add(path, 200, answers.job("queued"), Retry_After="0")
    answers.add(path, 503, answers.problem("store-unavailable", "Redis is away."))
    answers.add(path, 200, answers.job("running"), Retry_After="3600")
    answers.add(path, 200, answers.job("succeeded"))
    seen: list[str] = []
    with Client(answers.url) as client:
        job = client.wait(answers.JOB_ID, lambda job: seen.append(job.state), longest_pause=0.01)
    assert seen == ["queued", "running", "succeeded"]
    assert job.ended


def test_wait_is_bounded(answers) -> None:
    """If the service keeps answering 503, `wait` raises an error with the service's message."""
    answers.add("GET /jobs/x", 503, answers.problem("store-unavailable", "Redis is away."))
    with (
        Client(answers.url, retries=NEVER) as client,
        pytest.raises(ApiError, match="Redis is away"),
    ):
        client.wait("x")


def test_results(answers, tmp_path: Path) -> None:
    """Results replace an older file, and have the usual permissions of a new file."""
    answers.add("GET /jobs/x/results?format=csv", 200, RESULT)
    out = tmp_path / "out.csv"
    out.write_text("older", encoding="utf-8")
    mask = os.umask(0o022)
    try:
        with Client(answers.url) as client:
            client.save("x", out)
    finally:
        os.umask(mask)
    assert out.read_bytes() == RESULT
    assert out.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [out]


def test_results_cut(answers, tmp_path: Path) -> None:
    """A download that is cut leaves no new file, and keeps an older one."""
    answers.add(
        "GET /jobs/x/results?format=csv", 200, RESULT, Content_Length="1000", Connection="close"
    )
    out = tmp_path / "out.csv"
    out.write_text("older", encoding="utf-8")
    with (
        Client(answers.url, timeout=1, retries=QUICK) as client,
        pytest.raises(Unreachable, match="was cut"),
    ):
        client.save("x", out)
    assert out.read_text(encoding="utf-8") == "older"
    assert list(tmp_path.iterdir()) == [out]


def test_results_cut_and_resumed(cutting_server: str, tmp_path: Path) -> None:
    """A download that is cut several times is resumed each time, and is complete in the end."""
    out = tmp_path / "out.csv"
    with Client(cutting_server, timeout=5) as client:
        client.save("x", out)
    assert out.read_bytes() == LONG_RESULT


def test_results_too_early(answers, tmp_path: Path) -> None:
    """Results of a job that has not ended are an error, and no file is written."""
    answers.add(
        "GET /jobs/x/results?format=csv", 409, answers.problem("job-not-finished", "Still running.")
    )
    with Client(answers.url) as client, pytest.raises(ApiError, match="Still running"):
        client.save("x", tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


def test_atomic_file_keeps_devices(tmp_path: Path) -> None:
    """A device such as /dev/null is written to, not replaced; a link is kept."""
    with atomic_file(Path(os.devnull)) as file:
        file.write(b"x")
    assert Path(os.devnull).is_char_device()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with atomic_file(tmp_path / "link") as file:
        file.write(b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"x"
