"""Slow clients of other replicas: with keys, with TLS, while they stop or replace processes."""

import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from support.programs import Programs
from support.raw_client import RawClient, get, head
from support.slow_clients import (
    FEW,
    PROBE_SECONDS,
    TEXT_LINE,
    THREADS,
    few_threads,
    many,
    question,
    replica,
    upload,
)

from api.security.keys import new_key

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, sockets: Path) -> Iterator[Programs]:
    """Redis, an API with few threads, and a worker."""
    with few_threads(tmp_path_factory.mktemp("slow"), sockets) as running:
        yield running


def test_a_body_without_a_key_is_not_read(api: Programs) -> None:
    """Without a key the answer comes before the body, which then holds no thread."""
    key, line = new_key("someone", "submit,read")
    with replica(api, FEW["GUNICORN_CMD_ARGS"], api_keys=line) as (_, port), ExitStack() as stack:
        clients = many(stack, port, 10 * THREADS, upload(1_000_000) + TEXT_LINE)
        assert {client.answer().status for client in clients} == {401}
        # They are all still connected, and sending.
        for client in clients:
            client.send(TEXT_LINE)
        with RawClient(port, timeout=PROBE_SECONDS) as client:
            client.send(question(f"Authorization: Bearer {key}"))
            assert client.answer().status == 200
        # A client that looks for an answer only when all is sent, finds it.
        with RawClient(port) as client:
            client.send(upload(20_000_000) + b" " * 20_000_000)
            assert client.answer().status == 401


def test_tls(api: Programs, tmp_path: Path) -> None:
    """Over TLS it is the same: for half handshakes, pieces of heads and bodies that do not come."""
    names = ("-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem"))
    request = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost")
    subprocess.run([*request, *names], check=True, capture_output=True)
    files = f" --keyfile {tmp_path / 'key.pem'} --certfile {tmp_path / 'cert.pem'}"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def answers(port: int) -> bool:
        with suppress(OSError), RawClient(port) as client:
            client.secure(context).send(head("GET /livez", "Connection: close"))
            return client.answer().status == 200
        return False

    arguments = FEW["GUNICORN_CMD_ARGS"] + files
    with replica(api, arguments, answers) as (_, port), ExitStack() as stack:
        many(stack, port, 2 * THREADS, b"\x16\x03\x01\x02")
        many(stack, port, 2 * THREADS, b"GET / HTTP/1.1\r\n\r\n")
        for _ in range(2 * THREADS):
            client = stack.enter_context(RawClient(port).secure(context))
            client.send(upload(1_000_000) + TEXT_LINE)
        assert answers(port)
        assert client.answer().status == 408
        with RawClient(port).secure(context) as client:
            for byte in question():
                client.send(bytes([byte]))
            assert client.answer().status == 200
            client.send(upload(len(TEXT_LINE) * 10_000) + TEXT_LINE * 10_000)
            assert client.answer().status == 202


def test_a_stop_waits_for_no_slow_client(api: Programs) -> None:
    """A stopping API finishes a request that it reads, and does not wait for half-sent heads."""
    started = replica(api, FEW["GUNICORN_CMD_ARGS"], head_seconds="60")
    with started as (program, port), ExitStack() as stack:
        many(stack, port, 10, b"GET /livez HTTP/1.1\r\n")
        client = stack.enter_context(RawClient(port))
        client.send(upload(2 * len(TEXT_LINE)) + TEXT_LINE)
        # By then a thread has the upload.
        assert get(port, "/jobs?limit=1").status == 200
        program.terminate()
        client.send(TEXT_LINE)
        assert client.answer().status == 202
        program.wait(15)


def test_worker_processes_that_are_replaced(api: Programs) -> None:
    """Processes that end after a number of requests lose none."""
    arguments = "--workers 2 --threads 4 --max-requests 30"
    with replica(api, arguments) as (_, port), ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: get(port, "/apitest").status, range(100)))
    assert found == [200] * 100
