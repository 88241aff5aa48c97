"""`Idempotency-Key`: a request that is sent twice makes one job."""

import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from kombu.exceptions import OperationalError
from pydantic import SecretStr
from redis.exceptions import ConnectionError as RedisConnectionError
from support.in_memory import Service, make_service
from support.problems import problem
from werkzeug.exceptions import ClientDisconnected

from api.security.keys import new_key
from shared.config.settings import Settings
from worker.upkeep.reconciler import Reconciler

CSV = b"ref,text\n1,abc\n2,\n"
SMALL = {"ref": [1, 2], "text": ["a", "b"]}
BIG = {"ref": list(range(30)), "text": ["a"] * 30}
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def form(content: bytes = CSV, **fields: str) -> dict[str, Any]:
    return {"data": {"file": (io.BytesIO(content), "rows.csv"), **fields}}


BODIES: dict[str, Any] = {
    "csv": lambda: {"data": CSV, "content_type": "text/csv"},
    "ndjson": lambda: {"data": b'{"text": "a"}\n', "content_type": "application/x-ndjson"},
    "small": lambda: {"json": SMALL},
    "big": lambda: {"json": BIG},
    "form": form,
}


def send(service: Service, key: str | None = KEY, headers: Any = None, **request: Any) -> Any:
    headers = {**(headers or {}), **({} if key is None else {"Idempotency-Key": key})}
    return service.client.post("/jobs", headers=headers, **request)


def jobs(service: Service) -> int:
    return len(service.client.get("/jobs").json["jobs"])


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("ended", [False, True])
def test_the_same_request_has_the_same_job(service: Service, kind: str, ended: bool) -> None:
    """In every format, before and after the end of the job, and with a new boundary in a form."""
    first = send(service, **BODIES[kind]())
    assert first.status_code == 202, first.text
    assert "Idempotency-Replayed" not in first.headers
    if ended:
        service.work()
    again = send(service, **BODIES[kind]())
    assert (again.status_code, again.location) == (202, first.location)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json["state"] == ("succeeded" if ended else "queued")
    assert jobs(service) == 1


def test_a_replay_stores_and_queues_nothing(service: Service) -> None:
    """A replay only finds the earlier job."""
    send(service, **BODIES["csv"]())
    before, messages = dict(service.blobs.contents), len(service.dispatch.messages)
    send(service, **BODIES["csv"]())
    assert service.blobs.contents == before
    assert len(service.dispatch.messages) == messages


@pytest.mark.parametrize(
    "other",
    [
        {"data": CSV + b"3,c\n", "content_type": "text/csv"},
        {"json": SMALL},
        {"data": CSV, "content_type": "text/csv", "query_string": {"label": "a:b"}},
        {"data": CSV, "content_type": "text/csv", "query_string": {"delimiter": ";"}},
    ],
)
def test_another_request_is_refused(service: Service, other: dict[str, Any]) -> None:
    """Other content, options or format with the same key are refused, and make no job."""
    send(service, **BODIES["csv"]())
    answer = send(service, **other)
    assert "new key" in problem(answer, 422, "idempotency-key-reused")
    assert jobs(service) == 1


def test_how_the_same_rows_are_packed_makes_no_difference(service: Service) -> None:
    """A gzip holds the time at which it was made, and a form a random boundary."""
    first = send(service, data=CSV, content_type="text/csv")
    packed = {"headers": {"Content-Encoding": "gzip"}, "content_type": "text/csv"}
    again = send(service, data=gzip.compress(CSV, mtime=1), **packed)
    assert again.location == first.location


def test_options_are_the_same_wherever_they_stand(service: Service) -> None:
    """In the query or in the form, given or left at their default."""
    first = send(service, **form(on_error="skip"))
    again = send(service, **form(), query_string={"model": "length"})
    problem(again, 422, "idempotency-key-reused")
    again = send(service, **form(), query_string={"on_error": "skip"})
    assert again.location == first.location


def test_while_the_first_request_is_running(service: Service) -> None:
    """The second request gets a 409 at once, with a `Retry-After`; later it gets the job."""
    answers: list[Any] = []

    def body() -> Iterator[bytes]:
        yield CSV[:5]
        answers.append(send(service, **BODIES["csv"]()))
        yield CSV[5:]

    first = send(service, content_type="text/csv", environ_overrides=streamed(body()))
    assert first.status_code == 202, first.text
    problem(answers[0], 409, "idempotency-key-in-use")
    assert 1 <= int(answers[0].headers["Retry-After"]) <= 5
    assert send(service, **BODIES["csv"]()).location == first.location
    assert jobs(service) == 1


class Body:
    """A body that is received in pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _size: int = -1) -> bytes:
        return next(self._pieces, b"")


def streamed(pieces: Iterator[bytes]) -> dict[str, Any]:
    return {"wsgi.input": Body(pieces), "wsgi.input_terminated": True}


@pytest.mark.parametrize(
    "bad",
    [
        {"data": b"nothing\n1\n", "content_type": "text/csv"},
        {"json": {"nothing": [1]}},
        {"data": b"{", "content_type": "application/json"},
        {"data": b"", "content_type": "text/x"},
        {"json": SMALL, "query_string": {"model": "none"}},
    ],
)
def test_a_request_that_was_refused_frees_its_key(service: Service, bad: dict[str, Any]) -> None:
    """It can be corrected and sent again."""
    assert send(service, **bad).status_code >= 400
    answer = send(service, **BODIES["csv"]())
    assert answer.status_code == 202
    assert "Idempotency-Replayed" not in answer.headers


def test_a_request_that_broke_off_frees_its_key(service: Service) -> None:
    """The next request with the key makes the job."""

    def body() -> Iterator[bytes]:
        yield CSV[:5]
        raise ClientDisconnected

    send(service, content_type="text/csv", environ_overrides=streamed(body()))
    assert send(service, **BODIES["csv"]()).status_code == 202
    assert jobs(service) == 1


@pytest.mark.parametrize(
    "key",
    ["", '""', " ", "x" * 256, f'"{"x" * 256}"', '"open', 'a"b', "a b", '"a\\b"', "\u00e9", '"a"b'],
)
def test_malformed_keys(service: Service, key: str) -> None:
    """A malformed key is refused before the body is read, and the error describes a key."""
    answer = send(service, key, json=SMALL)
    assert "UUID" in problem(answer, 400, "bad-idempotency-key")
    assert jobs(service) == 0


@pytest.mark.parametrize(
    ("key", "same"),
    [
        ("a", '"a"'),
        ("x" * 255, f'"{"x" * 255}"'),
        ("a;b=c", '"a;b=c"'),
        ('"a\\"b"', '"a\\"b"'),
        ('"a, b: c"', '"a, b: c"'),
    ],
)
def test_equal_keys(service: Service, key: str, same: str) -> None:
    """With quotes, as the draft requires, or without, as most clients send them."""
    first = send(service, key, json=SMALL)
    assert first.status_code == 202, first.text
    assert send(service, same, json=SMALL).location == first.location
    assert send(service, "another", json=SMALL).location != first.location


def test_each_owner_has_keys_of_their_own(settings: Settings) -> None:
    """Nobody can find another owner's jobs by their keys."""
    (alice, one), (bob, two) = new_key("alice", "submit,read"), new_key("bob", "submit,read")
    service = make_service(settings.model_copy(update={"api_keys": SecretStr(f"{one};{two}")}))
    locations = {
        send(service, json=SMALL, headers={"X-API-Key": who}).location
        for who in (alice, bob, alice)
    }
    assert len(locations) == 2


@pytest.mark.parametrize("kind", ["csv", "small"])
def test_a_job_whose_message_was_lost_is_accepted(
    service: Service, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """It is recorded, and the reconciler sends the message; an error would lead to a second job."""

    def away(*_: Any) -> None:
        raise OperationalError

    with monkeypatch.context() as broken:
        broken.setattr(service.dispatch, "split", away)
        broken.setattr(service.dispatch, "answer", away)
        first = send(service, **BODIES[kind]())
    assert first.status_code == 202
    assert send(service, **BODIES[kind]()).location == first.location


def test_an_upload_that_is_slower_than_its_lease(service: Service) -> None:
    """Another request makes the job; the slow one is refused, and nothing of it is kept."""
    answers: list[Any] = []

    def body() -> Iterator[bytes]:
        yield CSV[:5]
        service.store._keys.clear()  # nothing came for the time of its lease
        answers.append(send(service, **BODIES["csv"]()))
        yield CSV[5:]

    slow = send(service, content_type="text/csv", environ_overrides=streamed(body()))
    assert answers[0].status_code == 202
    problem(slow, 409, "idempotency-key-in-use")
    assert jobs(service) == 1
    assert all(answers[0].json["id"] in key for key in service.blobs.contents)
    assert send(service, **BODIES["csv"]()).location == answers[0].location


def cut_off(service: Service, broken: pytest.MonkeyPatch, *, is_recorded: bool) -> None:
    """Make Redis fail before a job is recorded, or after it, when its answer is lost."""
    create = service.store.create

    def cut(*args: Any) -> bool:
        if is_recorded:
            create(*args)
        raise RedisConnectionError("cut")

    broken.setattr(service.store, "create", cut)


@pytest.mark.parametrize("kind", BODIES)
def test_a_job_that_is_recorded_although_redis_did_not_answer(
    service: Service, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The error says that the job may exist; sent again, the request gets it with all its rows."""
    with monkeypatch.context() as broken:
        cut_off(service, broken, is_recorded=True)
        first = send(service, **BODIES[kind]())
    assert "same Idempotency-Key" in problem(first, 503, "perhaps-accepted")
    assert first.headers["Retry-After"]
    again = send(service, **BODIES[kind]())
    assert again.status_code == 202, again.text
    assert again.headers["Idempotency-Replayed"] == "true"
    assert jobs(service) == 1
    # Its message was never sent.
    if kind == "small":
        service.dispatch.answer(service.model.card.full_name)
    else:
        service.dispatch.split(service.model.card.full_name, again.json["id"])
    service.work()
    assert service.client.get(f"{again.location}/results").status_code == 200


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("sweeps", ["before", "after", "meanwhile"])
def test_a_job_that_is_not_recorded_and_redis_did_not_answer(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch, kind: str, sweeps: str
) -> None:
    """As if a process died before it recorded the job: there is one job, whenever a sweep comes."""
    with monkeypatch.context() as broken:
        cut_off(service, broken, is_recorded=False)
        problem(send(service, **BODIES[kind]()), 503, "perhaps-accepted")
    problem(send(service, **BODIES[kind]()), 409, "idempotency-key-in-use")
    service.store._keys.clear()  # its lease runs out
    create = service.store.create

    def meanwhile(*args: Any) -> bool:
        sweep(service, settings)
        return create(*args)

    if sweeps == "before":
        sweep(service, settings)
    elif sweeps == "meanwhile":
        monkeypatch.setattr(service.store, "create", meanwhile)
    again = send(service, **BODIES[kind]())
    assert again.status_code == 202, again.text
    if sweeps == "after":
        sweep(service, settings)
    assert jobs(service) == 1
    service.work()
    assert service.client.get(f"{again.location}/results").status_code == 200
    service.client.delete(again.location)
    service.store._due.clear()
    sweep(service, settings)
    assert jobs(service) == 0
    assert service.blobs.contents == {}


def sweep(service: Service, settings: Settings) -> None:
    """Look for jobs that only the blob store knows, as a worker does."""
    Reconciler(
        settings,
        store=service.store,
        blobs=service.blobs,
        dispatch=service.dispatch,
        fleet=service.fleet,
    ).reconcile([service.model.card.full_name])


def test_a_deleted_job_frees_its_key(service: Service) -> None:
    """The key's job is gone, so the next request makes a new one."""
    first = send(service, json=SMALL)
    service.client.delete(first.location)
    assert send(service, json=SMALL).location != first.location


def test_a_replay_waits_too(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that lost its connection during a wait sends it again and gets the result."""
    first = send(service, json=SMALL)
    monkeypatch.setattr(service.store, "wait", lambda *_: service.work() or True)
    again = send(service, json=SMALL, headers={"Prefer": "wait=5"})
    assert again.status_code == 200
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.location == first.location
    assert [row["ref"] for row in json.loads(again.text)["rows"]] == ["1", "2"]


def test_a_retry_has_no_key_of_its_old_job(service: Service) -> None:
    """The key still names the old job."""
    first = send(service, **BODIES["csv"]())
    service.client.post(f"{first.location}/cancel")
    new = service.client.post(f"{first.location}/retry")
    assert new.status_code == 202
    assert send(service, **BODIES["csv"]()).location == first.location
