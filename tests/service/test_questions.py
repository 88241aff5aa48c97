"""Short questions, which the event loop of the API answers without a thread."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import redis
from support.programs import Programs, many_rows
from support.raw_client import RawAnswer, RawClient, get, head
from support.slow_clients import few_threads, many, question, replica, upload
from support.waiting import wait_for

from api.security.keys import new_key

pytestmark = pytest.mark.stack

_TEXT = b'{"ref": [7], "text": ["I love it"]}'


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, sockets: Path) -> Iterator[Programs]:
    """Redis, an API with few threads, and a worker."""
    with few_threads(tmp_path_factory.mktemp("questions"), sockets) as running:
        yield running


def by_a_thread(text: bytes) -> bytes:
    """The same request in chunks: the event loop takes none of those."""
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text)
    kind = "Content-Type: application/json"
    return head("POST /sentiment", kind, "Transfer-Encoding: chunked") + chunk


def without_own(answer: RawAnswer) -> dict[str, str]:
    own = ("x-request-id", "date")
    return {name: value for name, value in answer.headers.items() if name not in own}


@pytest.mark.parametrize(
    "text", [_TEXT, b'{"ref": [1.10], "text": ["I love it"]}', b'{"text": []}', b"{", b"\x1f\x8b"]
)
def test_the_answer_is_that_of_a_thread(api: Programs, text: bytes) -> None:
    """The first, and those to the same head again, have the same body and the same headers."""
    with RawClient(api.port) as client:
        client.send(by_a_thread(text))
        wanted = client.answer()
        for _ in range(3):
            client.send(question(text=text))
            found = client.answer()
            assert found.status == wanted.status
            assert without_own(found) == without_own(wanted)
            if found.status == 200:
                assert found.body == wanted.body
            else:
                assert found.json["type"] == wanted.json["type"]


def test_each_answer_has_its_own_id(api: Programs) -> None:
    """An id that the client has sent comes back; otherwise each answer has a new one."""
    with RawClient(api.port) as client:
        ids = []
        for own in ((), (), ("X-Request-ID: mine",), ("X-Request-ID: yours",), ()):
            client.send(question(*own))
            ids.append(client.answer().headers["x-request-id"])
    assert len(set(ids)) == 5
    assert ids[2:4] == ["mine", "yours"]


@pytest.mark.parametrize("option", ["close", "Close"])
def test_the_connection_is_closed_if_the_client_wants_that(api: Programs, option: str) -> None:
    """Also after the same head again, for a question and for a look at a job."""
    close = f"Connection: {option}"
    location = api.submit(many_rows(2)[0])
    api.wait_for_end(location)
    for asked in (question(close, text=_TEXT), head(f"GET {location}", close)):
        for _ in range(3):
            with RawClient(api.port) as client:
                client.send(asked)
                answer = client.answer()
                assert (answer.status, answer.headers["connection"]) == (200, "close")
                assert client.is_closed()


def test_many_requests_in_one_packet(api: Programs) -> None:
    """All are answered in their order, also hundreds of bad ones."""
    good, bad = question(text=_TEXT), question(text=b"{")
    with RawClient(api.port) as client:
        client.send(150 * bad + good + 150 * bad + good + question("Connection: close"))
        statuses = [client.answer().status for _ in range(303)]
        assert client.is_closed()
    assert statuses == 150 * [400] + [200] + 150 * [400] + [200, 200]


def test_a_refusal_before_the_body_is_read(api: Programs) -> None:
    """The body is not taken for the next request."""
    refused = question(text=_TEXT).replace(b"/sentiment", b"/sentiment?modell=fast", 1)
    with RawClient(api.port) as client:
        statuses = []
        for asked in 2 * [refused, question(text=_TEXT)]:
            client.send(asked)
            statuses.append(client.answer().status)
    assert statuses == 2 * [400, 200]


def test_a_body_that_comes_late(api: Programs) -> None:
    """The event loop waits for it, and after `head_seconds` a thread does."""
    whole = question(text=_TEXT)
    with RawClient(api.port) as client, RawClient(api.port) as later:
        later.send(whole[:-3])
        client.send(whole[:-3])
        client.send(whole[-3:])
        assert client.answer().status == 200
        with RawClient(api.port) as silent:
            # It is closed after the same time.
            assert silent.is_closed()
        later.send(whole[-3:])
        assert later.answer().status == 200


def test_clients_that_leave(api: Programs) -> None:
    """A client that leaves before its answer harms nobody."""
    with ExitStack() as stack:
        many(stack, api.port, 30, question(text=_TEXT))
    with RawClient(api.port) as client:
        client.send(question(text=_TEXT))
        assert client.answer().status == 200


def test_a_key_that_is_withdrawn(api: Programs, tmp_path: Path) -> None:
    """A head that was answered is refused as soon as its key is no longer in the list."""
    key, line = new_key("alice", "submit")
    keys = tmp_path / "keys"
    keys.write_text(line)
    asked = question(f"Authorization: Bearer {key}", text=_TEXT)
    with (
        replica(api, "--workers 1", api_keys_file=str(keys)) as (_, port),
        RawClient(port) as client,
    ):
        for _ in range(3):
            client.send(asked)
            assert client.answer().status == 200
        keys.write_text("# nobody\n")
        client.send(asked)
        assert client.answer().status == 401


def test_connections_to_redis_that_are_lost(api: Programs) -> None:
    """The next questions are answered all the same."""
    with RawClient(api.port) as client, redis.Redis.from_url(api.env["SCORELANE_REDIS_URL"]) as own:
        client.send(question(text=_TEXT))
        assert client.answer().status == 200
        own.client_kill_filter(_type="normal", skipme=True)

        def answers() -> bool:
            client.send(question(text=_TEXT))
            return client.answer().status == 200

        wait_for(answers)
        assert all(answers() for _ in range(5))


def test_a_question_whose_connections_break_is_withdrawn(api: Programs) -> None:
    """Its client gets a 503; no worker scores it, and nothing is taken from a budget."""
    key, line = new_key("alice", "submit,read", 1000)
    own = f"X-API-Key: {key}"
    settings = {"api_keys": line, "requests_per_minute": "0"}
    [worker] = api.running("worker")
    family = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    with (
        redis.Redis.from_url(api.env["SCORELANE_REDIS_URL"]) as store,
        replica(api, "--workers 1", **settings) as (_, port),
        RawClient(port) as client,
        ThreadPoolExecutor(1) as threads,
    ):

        def waiting() -> int:
            return sum(store.llen(name) for name in store.keys("*:small:*:alice:1"))

        client.send(question(own))
        assert client.answer().status == 200
        for process in family:
            process.suspend()
        try:
            client.send(question(own))
            wait_for(lambda: waiting() == 1)
            answer = threads.submit(client.answer)

            def is_answered() -> bool:
                store.client_kill_filter(_type="normal", skipme=True)
                return answer.done()

            wait_for(is_answered)
            assert answer.result().status == 503
            wait_for(lambda: not waiting())
        finally:
            for process in family:
                process.resume()

        def left() -> int:
            return int(get(port, "/identity", own).json["budgets"][0]["left"])

        wait_for(lambda: left() == 999)


def test_a_client_that_stays_does_not_delay_the_stop(api: Programs) -> None:
    """A process that stops waits for a client with its last answer for seconds, not to its limit.

    The client has been told that the connection is closed, but does not close it.
    """
    with (
        replica(api, "--workers 1 --graceful-timeout 600") as (program, port),
        RawClient(port) as client,
    ):

        def is_last() -> bool:
            client.send(question())
            return client.answer().headers["connection"] == "close"

        assert not is_last()
        program.terminate()
        wait_for(is_last)
        assert program.wait(20) == 0


def test_questions_that_get_no_answer_are_withdrawn(api: Programs) -> None:
    """They are not scored, and take nothing from a budget, if the client got a 503 instead.

    No thread is free for most of them. The others get one when no worker is alive any more. The
    event loop does not listen for their answers any longer.
    """
    key, line = new_key("alice", "submit,read", 1000)
    own = f"X-API-Key: {key}"
    # Requests that are counted for each key go by threads.
    settings = {"api_keys": line, "requests_per_minute": "0"}
    usual = "--workers 1 --threads 2 --worker-connections 40"
    patient = {"client_pause_seconds": "60", "client_bytes_per_second": "1"}
    [worker] = api.running("worker")
    family = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    with (
        redis.Redis.from_url(api.env["SCORELANE_REDIS_URL"]) as store,
        replica(api, usual, **settings, **patient) as (_, port),
        ExitStack() as stack,
    ):

        def waiting() -> int:
            return sum(store.llen(name) for name in store.keys("*:small:*:alice:1"))

        def left() -> int:
            return int(get(port, "/identity", own).json["budgets"][0]["left"])

        def listens() -> bool:
            # Between two commands it does not, for a moment.
            clients = [one for _ in range(20) for one in store.client_list()]
            return any(one["cmd"] == "blpop" and "b" in one["flags"] for one in clients)

        with RawClient(port) as client:
            client.send(question(own))
            assert client.answer().status == 200
        for process in family:
            process.suspend()
        try:
            # Beside them there is room for three questions.
            uploads = many(stack, port, 17, upload(1_000_000, own))
            clients = many(stack, port, 19, question(own))
            wait_for(lambda: waiting() == 19)
            assert listens()
            threads = stack.enter_context(ThreadPoolExecutor(19))
            answers = [threads.submit(client.answer) for client in clients]
            wait_for(lambda: sum(one.done() for one in answers) == 16)
        finally:
            for process in family:
                process.kill()
            worker.wait()
        wait_for(lambda: get(port, "/readyz").status == 503)
        for upload_of in uploads:
            upload_of.socket.close()
        found = Counter((one.result().status, one.result().json["type"]) for one in answers)
        problem = "urn:scorelane:problem"
        assert found == {
            (503, f"{problem}:service-unavailable"): 16,
            (503, f"{problem}:no-worker"): 3,
        }
        wait_for(lambda: left() == 999)
        assert waiting() == 0
        wait_for(lambda: not listens())
    api.start_worker()
    api.wait_ready()
