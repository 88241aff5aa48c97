"""Clients that send by halves, pause, or read nothing, against the real API over sockets."""

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from support.programs import Programs, many_rows
from support.raw_client import RawAnswer, RawClient, get, head, trickle
from support.slow_clients import (
    CONNECTIONS,
    PROBE_SECONDS,
    TEXT_LINE,
    THREADS,
    few_threads,
    many,
    question,
    replica,
    upload,
)
from support.waiting import wait_for

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, sockets: Path) -> Iterator[Programs]:
    """Redis, an API with few threads, and a worker."""
    with few_threads(tmp_path_factory.mktemp("slow"), sockets) as running:
        yield running


def check_probes(api: Programs, status: int = 200) -> None:
    """Assert that the addresses of health answer soon; `/metrics` may need a key (`status`)."""
    for path, wanted in (("/livez", 200), ("/readyz", 200), ("/metrics", status)):
        assert get(api.port, path, timeout=PROBE_SECONDS).status == wanted, path


def ask(api: Programs, timeout: float = 60) -> RawAnswer:
    with RawClient(api.port, timeout=timeout) as client:
        client.send(question("Connection: close"))
        return client.answer()


def test_half_sent_heads_hold_nothing(api: Programs) -> None:
    """Beside more half-sent heads than the API takes connections, every request is answered."""
    with ExitStack() as stack:
        many(stack, api.port, 2 * CONNECTIONS, b"POST /jobs HTTP/1.1\r\nHost: local")
        check_probes(api)
        assert ask(api, PROBE_SECONDS).status == 200


def test_a_head_that_takes_too_long(api: Programs) -> None:
    """A head that is not sent in time is a 408, and a connection without a byte is closed."""
    with RawClient(api.port) as client, RawClient(api.port) as silent:
        trickle(client, head("GET /livez", f"Filler: {'x' * 2000}"), every=0.1, step=1)
        answer = client.answer()
        assert (answer.status, answer.json["type"]) == (
            408,
            "urn:scorelane:problem:request-timeout",
        )
        assert client.is_closed()
        assert silent.is_closed()


def test_a_head_in_pieces_is_read(api: Programs) -> None:
    """A request is answered however its bytes are cut, also if several come at once."""
    whole = question()
    with RawClient(api.port) as client:
        for byte in whole:
            client.send(bytes([byte]))
        assert client.answer().status == 200
        # Three requests at once on the same connection, and the half of a fourth.
        client.send(whole * 3 + whole[:40])
        assert [client.answer().status for _ in range(3)] == [200] * 3
        client.send(whole[40:])
        assert client.answer().status == 200


def test_bodies_in_pieces_are_read(api: Programs) -> None:
    """Chunked bodies, and bodies that are sent only after `100 Continue`, arrive."""
    with RawClient(api.port) as client:
        client.send(head("POST /jobs", "Content-Type: text/csv", "Transfer-Encoding: chunked"))
        for piece in (b"text\n", b"good\n", b"bad\n"):
            client.send(b"%x\r\n" % len(piece))
            client.send(piece + b"\r\n")
        client.send(b"0\r\n\r\n")
        assert client.answer().status == 202
        client.send(upload(len(TEXT_LINE), "Expect: 100-continue"))
        assert client.answer().status == 100
        client.send(TEXT_LINE)
        assert client.answer().status == 202


def test_a_head_that_is_too_long(api: Programs) -> None:
    """A head that is too long or malformed is refused at once, before it ends."""
    for content, status in (
        (b"GET /" + b"a" * 40_000, 414),
        (b"GET /livez HTTP/1.1\r\n" + b"Filler: abc\r\n" * 4_000, 431),
        (b"GET /livez HTTP/1.1\nHost: localhost\n\n", 400),
    ):
        with RawClient(api.port, timeout=PROBE_SECONDS) as client:
            client.send(content)
            answer = client.answer()
            assert (answer.status, answer.headers["connection"]) == (status, "close")


def test_bodies_that_do_not_come(api: Programs) -> None:
    """They hold all threads for a while, but none of the probes; each of them is a 408."""
    with ExitStack() as stack:
        clients = many(stack, api.port, 3 * THREADS, upload(1_000_000) + TEXT_LINE)
        check_probes(api)
        answers = [client.answer() for client in clients]
        assert {(one.status, one.json["type"]) for one in answers} == {
            (408, "urn:scorelane:problem:body-too-slow")
        }
    assert ask(api).status == 200


def test_too_many_requests_for_the_threads(api: Programs) -> None:
    """Beyond a limit they do not wait for a thread, but are a 503 that says when to come again."""
    with ExitStack() as stack:
        clients = many(stack, api.port, CONNECTIONS * 3 // 4, upload(1_000_000))
        check_probes(api)
        answers = [client.answer() for client in clients]
    refused = [one for one in answers if one.status == 503]
    assert {one.status for one in answers} == {408, 503}
    assert len(refused) == CONNECTIONS * 3 // 4 - CONNECTIONS // 2
    assert all(one.headers["retry-after"] for one in refused)


def test_a_body_below_the_least_rate(api: Programs) -> None:
    """A body that comes byte by byte is refused, although it never pauses for long."""
    with RawClient(api.port) as client:
        client.send(upload(1_000))
        assert trickle(client, b" " * 1_000, every=0.2, step=1) < 60
        assert client.answer().status == 408


def test_an_honest_upload_over_a_poor_line(api: Programs) -> None:
    """An upload that pauses, and is slow but above the least rate, becomes a job."""
    content = TEXT_LINE * 2_000
    with RawClient(api.port) as client:
        client.send(upload(len(content)))
        trickle(client, content[:40_000], every=0.2, step=2_000)
        trickle(client, content[40_000:], every=2, step=len(content) // 2)
        assert client.answer().status == 202


def test_downloads_that_nobody_reads(api: Programs) -> None:
    """They leave the probes free, and are cut off; a download that is read slowly is whole."""
    location = api.submit(many_rows(200_000)[0])
    assert api.wait_for_end(location)["state"] == "succeeded"
    path = f"{location}/results"
    whole = api.client.get(path).content
    with ExitStack() as stack:
        unread = head(f"GET {path}", "Connection: close")
        clients = many(stack, api.port, 3 * THREADS, unread, buffer=4096)
        check_probes(api)
        slow = stack.enter_context(RawClient(api.port, buffer=64 * 1024))
        slow.send(head(f"GET {path}"))
        assert slow.answer().body == whole
        assert all(client.is_closed() for client in clients)


def test_a_hung_worker_leaves_room_for_other_requests(api: Programs) -> None:
    """Few questions wait for it; the others are a 503 within seconds that says when to ask again.

    It answers again when it goes on.
    """
    [worker] = api.running("worker")
    family = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    with replica(api, "--workers 1", waiting_questions="2") as (_, port):
        for one in family:
            one.send_signal(signal.SIGSTOP)
        try:
            with ExitStack() as stack:
                clients = many(stack, port, 60, question())
                with ThreadPoolExecutor(60) as threads:
                    answers = [threads.submit(client.answer) for client in clients]
                    wait_for(lambda: sum(one.done() for one in answers) == 58, 20)
                    assert get(port, "/jobs?limit=1", timeout=PROBE_SECONDS).status == 200
                    for one in family:
                        one.send_signal(signal.SIGCONT)
                    found = [one.result() for one in answers]
        finally:
            for one in family:
                one.send_signal(signal.SIGCONT)
        assert Counter(one.status for one in found) == {503: 58, 200: 2}
        refused = [one for one in found if one.status == 503]
        assert {one.json["type"] for one in refused} == {"urn:scorelane:problem:questions-full"}
        assert all(one.headers["retry-after"] for one in refused)


@pytest.mark.parametrize("length", [20, 8 * 2**20])
def test_an_answer_before_the_end_of_the_body_closes_the_connection(
    api: Programs, length: int
) -> None:
    """The answer says so: a client would send its next request into a closed connection."""
    for content in (b"x" * length, iter([b"x" * length])):
        answer = api.client.post("/absent", content=content)
        assert (answer.status_code, answer.headers["Connection"]) == (404, "close")
        assert api.client.get("/livez").status_code == 200
    # What is read to its end leaves the connection open.
    answer = api.client.post("/sentiment", json={"ref": [1], "text": ["good"]})
    assert (answer.status_code, answer.headers["Connection"]) == (200, "keep-alive")
