"""Looks at jobs, which the event loop of the API answers without a thread."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from support.programs import Programs
from support.raw_client import RawAnswer, RawClient, head
from support.slow_clients import THREADS, few_threads, many, question, replica, upload
from support.waiting import wait_for

from api.security.keys import new_key

pytestmark = pytest.mark.stack

#: A thread handles requests with a preference, also if it knows it not.
BY_A_THREAD = "Prefer: nothing"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, sockets: Path) -> Iterator[Programs]:
    """Redis, an API with few threads, and a worker."""
    with few_threads(tmp_path_factory.mktemp("looks"), sockets) as running:
        yield running


def submit(client: RawClient, *headers: str) -> str:
    """Submit a job of one row; returns its address."""
    client.send(question(*headers).replace(b"/sentiment", b"/jobs", 1))
    return client.answer().headers["location"]


def look(client: RawClient, address: str, *headers: str) -> RawAnswer:
    client.send(head(f"GET {address}", *headers))
    return client.answer()


def ended(client: RawClient, address: str) -> bool:
    return bool(look(client, address).json["state"] == "succeeded")


def without_own(answer: RawAnswer) -> dict[str, str]:
    own = ("x-request-id", "date")
    return {name: value for name, value in answer.headers.items() if name not in own}


def test_the_answer_is_that_of_a_thread(api: Programs) -> None:
    """It has the same body and headers; a tag that the client has leads to a 304 without a body."""
    with RawClient(api.port) as client:
        address = submit(client)
        wait_for(lambda: ended(client, address))
        found, wanted = look(client, address), look(client, address, BY_A_THREAD)
        assert found.status == wanted.status == 200
        assert without_own(found) == without_own(wanted)
        assert found.body == wanted.body
        assert look(client, address, "X-Request-ID: mine").headers["x-request-id"] == "mine"
        tag = f"If-None-Match: {found.headers['etag']}"
        unchanged = look(client, address, tag)
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert without_own(unchanged) == without_own(look(client, address, tag, BY_A_THREAD))


@pytest.mark.parametrize("job_id", ["0" * 32, "0" * 31 + "A", "0"])
def test_a_job_that_is_not_there(api: Programs, job_id: str) -> None:
    """The refusal is that of a thread."""
    with RawClient(api.port) as client:
        found = look(client, f"/jobs/{job_id}")
        wanted = look(client, f"/jobs/{job_id}", BY_A_THREAD)
    assert found.status == wanted.status
    assert found.json["type"] == wanted.json["type"]


def test_many_requests_in_one_packet(api: Programs) -> None:
    """Looks, questions and others are answered in their order."""
    with RawClient(api.port) as client:
        address = submit(client)
        one = head(f"GET {address}")
        none = head(f"GET /jobs/{'0' * 32}")
        client.send(20 * (one + none + question()) + head(f"GET {address}", "Connection: close"))
        statuses = [client.answer().status for _ in range(61)]
        assert client.is_closed()
    missing = statuses[1]
    assert missing in (404, 410)
    assert statuses == 20 * [200, missing, 200] + [200]


def test_no_thread_is_needed(api: Programs) -> None:
    """While uploads that do not come hold all threads, looks are answered."""
    arguments = f"--workers 1 --threads {THREADS}"
    with replica(api, arguments, client_pause_seconds="600") as (_, port), ExitStack() as stack:
        client = stack.enter_context(RawClient(port))
        address = submit(client)
        wait_for(lambda: ended(client, address))
        many(stack, port, THREADS, upload(1000) + b"{")
        for _ in range(20):
            assert ended(client, address)


def test_only_the_owner_sees_a_job(api: Programs, tmp_path: Path) -> None:
    """Another key gets the answer for a job that is not there, and one without rights a 403."""
    (alice, hers), (bob, his), (sender, submits) = (
        new_key("alice", "submit,read"),
        new_key("bob", "read"),
        new_key("alice", "submit"),
    )
    keys = tmp_path / "keys"
    keys.write_text("\n".join([hers, his, submits, ""]))
    with (
        replica(api, "--workers 1", api_keys_file=str(keys)) as (_, port),
        RawClient(port) as client,
    ):
        address = submit(client, f"Authorization: Bearer {alice}")
        statuses = [
            look(client, address, *fields).status
            for fields in (
                [f"Authorization: Bearer {alice}"],
                [f"Authorization: Bearer {bob}"],
                [f"Authorization: Bearer {sender}"],
                [],
            )
        ]
    assert statuses == [200, 404, 403, 401]


def test_connections_to_redis_that_are_lost(api: Programs) -> None:
    """The next looks are answered all the same."""
    with RawClient(api.port) as client, redis.Redis.from_url(api.env["SCORELANE_REDIS_URL"]) as own:
        address = submit(client)
        assert look(client, address).status == 200
        own.client_kill_filter(_type="normal", skipme=True)
        wait_for(lambda: look(client, address).status == 200)
        assert all(look(client, address).status == 200 for _ in range(5))


def test_a_head_that_was_answered_before(api: Programs, tmp_path: Path) -> None:
    """It shows no job of another owner, and nothing once its key is withdrawn."""
    (alice, first), (carol, second) = (
        new_key("alice", "submit,read"),
        new_key("carol", "submit,read"),
    )
    keys = tmp_path / "keys"
    keys.write_text(f"{first}\n{second}\n")
    with (
        replica(api, "--workers 1", api_keys_file=str(keys)) as (_, port),
        RawClient(port) as client,
    ):
        alices = submit(client, own := f"Authorization: Bearer {alice}")
        carols = submit(client, hers := f"Authorization: Bearer {carol}")
        for _ in range(3):
            assert look(client, alices, own).status == look(client, carols, hers).status == 200
            assert look(client, carols, own).status == look(client, alices, hers).status == 404
        assert look(client, alices, own).json["owner"] == "alice"
        keys.write_text(f"{second}\n")
        assert look(client, alices, own).status == 401
