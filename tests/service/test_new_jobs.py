"""New jobs of a few rows, which the event loop of the API takes in without a thread."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
from support.programs import Programs
from support.raw_client import RawAnswer, RawClient, head
from support.slow_clients import THREADS, few_threads, many, replica, upload
from support.waiting import wait_for

from api.security.keys import new_key

pytestmark = pytest.mark.stack

#: A thread handles requests with a preference, also if it knows it not.
BY_A_THREAD = "Prefer: nothing"

_BODY = b'{"ref": [7, "x"], "text": ["I love it", "so bad"]}'
_JSON = "Content-Type: application/json"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, sockets: Path) -> Iterator[Programs]:
    """Redis, an API with few threads, and a worker."""
    with few_threads(tmp_path_factory.mktemp("jobs"), sockets) as running:
        yield running


def new_job(*headers: str, body: bytes = _BODY, query: str = "", kind: str = _JSON) -> bytes:
    length = f"Content-Length: {len(body)}"
    return head(f"POST /jobs{query}", kind, length, *headers) + body


def sent(client: RawClient, *headers: str, **request: Any) -> RawAnswer:
    client.send(new_job(*headers, **request))
    return client.answer()


def look(client: RawClient, address: str, *headers: str) -> RawAnswer:
    client.send(head(f"GET {address}", *headers))
    return client.answer()


def result(client: RawClient, job: dict[str, Any], *headers: str) -> Any:
    """The results of a job, once it has ended; the error of one that failed."""
    address = job["links"]["self"]

    def ended() -> Any:
        found = look(client, address, *headers).json
        return found["state"] in ("succeeded", "failed") and found

    job = wait_for(ended)
    if job["state"] == "failed":
        return job["error"]
    return look(client, f"{address}/results", "Accept: application/json", *headers).json["rows"]


def by_a_thread(port: int, *headers: str, **request: Any) -> RawAnswer:
    """The answer of a thread, which may close the connection: it reads no body that it refuses."""
    with RawClient(port) as client:
        return sent(client, BY_A_THREAD, *headers, **request)


def by_any(port: int, *headers: str, **request: Any) -> RawAnswer:
    """The answer of the event loop, or of a thread that it gives the request to."""
    with RawClient(port) as client:
        return sent(client, *headers, **request)


def without_own(answer: RawAnswer) -> dict[str, str]:
    own = ("x-request-id", "date", "location", "content-length", "connection")
    return {name: value for name, value in answer.headers.items() if name not in own}


def told(answer: RawAnswer) -> Any:
    """What an answer says, without what differs from job to job."""
    found = answer.json
    if answer.status == 202:
        assert answer.headers["location"] == found["links"]["self"] == f"/jobs/{found['id']}"
        return {name: found[name] for name in found.keys() - {"id", "links", "created_at"}}
    return {name: found[name] for name in found.keys() - {"instance", "request_id"}}


GOOD = [
    {},
    {"body": b'[{"ref": 1.10, "text": "caf\xc3\xa9"}, {"text": "no ref"}]'},
    {"body": b'"{\\"text\\": [\\"in a string\\"]}"'},
    {"query": "?label=team:blue&label=run:7&priority=high&on_error=0.5&retention_seconds=100"},
    {"query": "?model=fast&outputs=Sentiment_Score&format=ndjson"},
    {"query": "?columns=id", "body": b'[{"text": "good", "id": 12}]'},
    {"query": "?keep=none"},
    {"query": "?charset=latin-1", "body": b'{"text": ["caf\xe9"]}'},
    {"query": "?charset=utf-16", "body": '{"text": ["good"]}'.encode("utf-16")},
    {"kind": f"{_JSON}; charset=utf-8"},
]
BAD = [
    {"body": b"{"},
    {"body": b""},
    {"body": b"\x1f\x8b"},
    {"body": b"[]"},
    {"body": b'{"ref": [1, 2], "text": ["one"]}'},
    {"body": b'{"words": ["one"]}'},
    {"body": b'[{"text": "one", "\\ud800": 1}]'},
    {"query": "?model=none"},
    {"query": "?modell=fast"},
    {"query": "?priority=highest"},
    {"query": "?label=red"},
    {"query": "?on_error=2"},
    {"query": "?outputs=none"},
    {"query": "?delimiter=tab"},
    {"query": "?guess=true"},
    {"query": "?callback_url=http://localhost/"},
    {"query": "?validate=true", "body": b"{"},
]


@pytest.mark.parametrize("request_of", GOOD + BAD)
def test_the_answer_is_that_of_a_thread(api: Programs, request_of: dict[str, Any]) -> None:
    """The first answer and those to the same head again say the same, and so do the results."""
    wanted = by_a_thread(api.port, **request_of)
    with RawClient(api.port) as client:
        assert (wanted.status == 202) is (request_of in GOOD)
        answers = [sent(client, **request_of) for _ in range(3)]
        for found in answers:
            assert found.status == wanted.status
            assert without_own(found) == without_own(wanted)
            assert told(found) == told(wanted)
        if wanted.status == 202 and "keep" not in request_of.get("query", ""):
            rows = [result(client, one.json) for one in (wanted, *answers)]
            assert rows[1:] == 3 * rows[:1]


def test_a_dry_run(api: Programs) -> None:
    """It makes no job, and says what a thread says."""
    wanted = by_a_thread(api.port, query="?validate=true")
    with RawClient(api.port) as client:
        found = sent(client, query="?validate=true")
    assert found.status == wanted.status == 200
    assert found.json.keys() == wanted.json.keys()
    assert "location" not in found.headers


def test_addresses_in_the_body(api: Programs) -> None:
    """A thread looks for the files, or refuses them."""
    body = b'{"sources": ["s3://nobody/none.csv"]}'
    wanted = by_a_thread(api.port, body=body)
    with RawClient(api.port) as client:
        found = sent(client, body=body)
    assert wanted.status >= 400
    assert (found.status, told(found)) == (wanted.status, told(wanted))


def test_no_thread_is_needed(api: Programs) -> None:
    """While uploads that do not come hold all threads, jobs are taken in, and end."""
    arguments = f"--workers 1 --threads {THREADS}"
    with replica(api, arguments, client_pause_seconds="600") as (_, port), ExitStack() as stack:
        client = stack.enter_context(RawClient(port))
        # Afterwards the event loop knows the models, the clock and the head.
        wait_for(lambda: sent(client).status == 202)
        many(stack, port, THREADS, upload(1000) + b"{")
        address = sent(client, body=_BODY.replace(b"7", b"12345")).json["links"]["self"]
        wait_for(lambda: look(client, address).json["state"] == "succeeded")


def test_many_requests_in_one_packet(api: Programs) -> None:
    """Each makes one job, in their order, also next to bad ones."""
    label = f"?label=packet:{id(api)}"
    good, bad = new_job(query=label), new_job(query=label, body=b"{")
    with RawClient(api.port) as client:
        client.send(50 * (good + bad) + new_job("Connection: close", query=label))
        answers = [client.answer() for _ in range(101)]
        assert client.is_closed()
    assert [one.status for one in answers] == 50 * [202, 400] + [202]
    ids = [one.json["id"] for one in answers if one.status == 202]
    assert len(set(ids)) == 51
    with RawClient(api.port) as client:
        page = look(client, f"/jobs{label}&limit=100").json
    assert sorted(one["id"] for one in page["jobs"]) == sorted(ids)


def test_a_request_that_is_sent_again(api: Programs) -> None:
    """With its key it gets the job that it has made; another request with the key is refused."""
    key = f"Idempotency-Key: new-jobs-{id(api)}"
    other = _BODY.replace(b"7", b"8")
    with RawClient(api.port) as client:
        first = sent(client, key)
        again = sent(client, key)
        assert {again.json["id"], by_a_thread(api.port, key).json["id"]} == {first.json["id"]}
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
    # The key is looked at before the body.
    bad = (key, other), (key, b"{"), ('Idempotency-Key: "', _BODY), (key + "x", b"{")
    for way in (by_a_thread, by_any):
        answers = [way(api.port, header, body=body) for header, body in bad]
        assert [one.status for one in answers] == [422, 422, 400, 400]
    assert by_any(api.port, key + "x").status == 202


def test_a_key_that_many_requests_have(api: Programs) -> None:
    """At the same time, by the event loop and by threads: there is one job."""
    key = f"Idempotency-Key: at-once-{id(api)}"

    def send(number: int) -> RawAnswer:
        return (by_a_thread if number % 2 else by_any)(api.port, key)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(40)))
    assert {one.status for one in answers} <= {202, 409}
    assert len({one.json["id"] for one in answers if one.status == 202}) == 1


def test_what_a_key_may_do(api: Programs, tmp_path: Path) -> None:
    """Its rights, its owner and its budget count as in a thread, also for a head that is known."""
    (alice, hers), (bob, his), (poor, little) = (
        new_key("alice", "submit,read"),
        new_key("bob", "read"),
        new_key("carol", "submit,read", 5),
    )
    keys = tmp_path / "keys"
    keys.write_text("\n".join([hers, his, little, ""]))
    with replica(api, "--workers 1", api_keys_file=str(keys)) as (_, port):
        for _ in range(3):
            found = by_any(port, own := f"Authorization: Bearer {alice}")
            assert (found.status, found.json["owner"]) == (202, "alice")
            assert by_any(port, f"Authorization: Bearer {bob}").status == 403
            assert by_any(port).status == 401
            assert by_any(port, f"X-API-Key: {alice}").json["owner"] == "alice"
        spending = [by_any(port, f"Authorization: Bearer {poor}") for _ in range(3)]
        assert [one.status for one in spending] == [202, 202, 429]
        wanted = by_a_thread(port, f"Authorization: Bearer {poor}")
        assert wanted.json["type"] == spending[2].json["type"]
        with RawClient(port) as client:
            assert look(client, found.headers["location"], own).status == 200
        keys.write_text(f"{his}\n")
        assert by_any(port, own).status == 401


def test_connections_to_redis_that_are_lost(api: Programs) -> None:
    """The next jobs are taken in all the same, each once."""
    label = f"?label=lost:{id(api)}"
    with RawClient(api.port) as client, redis.Redis.from_url(api.env["SCORELANE_REDIS_URL"]) as own:
        ids = []
        for _ in range(5):
            own.client_kill_filter(_type="normal", skipme=True)
            answer = sent(client, query=label)
            if answer.status == 202:
                ids.append(answer.json["id"])
        wait_for(lambda: sent(client).status == 202)
        page = look(client, f"/jobs{label}").json
        assert {one["id"] for one in page["jobs"]} >= set(ids)
        assert len(page["jobs"]) <= 5
