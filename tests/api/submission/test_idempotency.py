"""`Idempotency-Key`: a request that is sent twice makes one job."""

import gzip
import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from pydantic import SecretStr
from support.idempotency import BODIES, CSV, SMALL, form, jobs, send, streamed
from support.in_memory import Service, make_service
from support.problems import problem

from api.security.keys import new_key
from shared.config.settings import Settings


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


def test_a_key_from_before_an_upgrade_stays_valid(service: Service) -> None:
    """A request without the options that came later is bound as the releases before bound it."""
    options = {
        "callback_url": None,
        "charset": None,
        "columns": [],
        "delimiter": None,
        "format": "csv",
        "guess": "false",
        "label": [],
        "model": None,
        "on_error": "skip",
        "priority": "normal",
        "ref_column": None,
        "retention_seconds": None,
        "text_column": "text",
        "total_bytes": None,
        "validate": "false",
    }
    identity = json.dumps(["csv", options], sort_keys=True)
    sent = send(service, data=CSV, content_type="text/csv")
    job = service.store.get(sent.location.rpartition("/")[2])
    assert job is not None
    assert job.spec.binding is not None
    expected = sha256(sha256(CSV).digest() + identity.encode()).hexdigest()
    assert job.spec.binding.fingerprint == expected
