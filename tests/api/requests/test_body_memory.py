"""The memory that the bodies of all requests share."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.in_memory import Service, make_service

from api.process import body_memory
from api.process.body_memory import BodyMemory
from api.process.measures import BODY_MEMORY, counters
from shared.config.settings import Settings

#: The memory for bodies in these tests.
LIMIT = 8 * 2**20

TEXTS = json.dumps({"text": ["a text of some length"] * 12_000}).encode()


@pytest.fixture
def service() -> Service:
    return make_service(Settings(body_memory_bytes=LIMIT))


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another request holds all the memory, and nobody waits for it."""
    monkeypatch.setattr(body_memory, "WAIT_SECONDS", 0.05)
    with BodyMemory(LIMIT).reserving() as memory:
        memory.raise_to(LIMIT, "")
        yield


def reserved() -> float:
    [found] = counters.totals(BODY_MEMORY).get((), [0.0])
    return found


def line(length: int) -> bytes:
    return b'{"text": "%s"}\n' % (b"a" * length)


FORM = {"file": ("rows.json", TEXTS)}

DOORS: dict[str, tuple[str, str, bytes]] = {
    "job": ("/jobs", "application/json", TEXTS),
    "dry run": ("/jobs?validate=true", "application/json", TEXTS),
    "question": ("/sentiment", "application/json", TEXTS),
    "rows of any model": ("/score", "application/json", TEXTS),
    "invocation": ("/invocations", "application/json", b'{"inputs": %s}' % TEXTS),
    "invocation of a CSV": ("/invocations", "text/csv", b"text\n" + b"a text\n" * 100_000),
    "inference": ("/v2/models/length/infer", "application/json", b'{"inputs": [%s]}' % TEXTS),
    "batch": ("/v1/batches", "application/json", TEXTS),
    "line": ("/jobs", "application/x-ndjson", line(1_300_000)),
    "dry run of lines": ("/jobs?validate=true", "application/x-ndjson", line(100) * 5_000),
    "dry run of a CSV": ("/jobs?validate=true", "text/csv", b"text\n" + b"a text\n" * 100_000),
}


def post(service: Service, door: str) -> Any:
    path, content_type, body = DOORS[door]
    return service.client.post(path, data=body, content_type=content_type)


def code_of(answer: Any) -> str:
    """The code of an error; of one in a shape without a code, what its message says."""
    match answer.json:
        case {"error": {"code": code}}:
            return str(code).replace("_", "-")
        case {"type": code}:
            return str(code).rpartition(":")[2]
        case {"error": message} | {"message": message}:
            return "bodies-full" if "hold the" in message else message
    return ""


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("door", DOORS)
def test_a_body_for_which_there_is_no_memory_now(service: Service, door: str) -> None:
    """It is a 503 that says when to come again, and nothing of it is accepted."""
    before = reserved()
    answer = post(service, door)
    assert (answer.status_code, code_of(answer)) == (503, "bodies-full")
    assert answer.headers["Retry-After"]
    assert reserved() == before
    assert service.client.get("/jobs").json["jobs"] == []


@pytest.mark.usefixtures("held")
def test_small_bodies_are_not_counted(service: Service) -> None:
    """They, and the files that pass in pieces, need no memory that others may hold."""
    body = json.dumps({"text": ["good"] * 100}).encode()
    small = service.client.post("/jobs", data=body, content_type="application/json")
    file = service.submit(b"text\n" + b"a text of some length\n" * 200_000)
    lines = service.client.post(
        "/jobs", data=line(100) * 50_000, content_type="application/x-ndjson"
    )
    assert [one.status_code for one in (small, file, lines)] == [202, 202, 202]


def test_a_body_that_needs_too_much(service: Service) -> None:
    """It is refused before it is parsed, and the message says what to send instead."""
    body = json.dumps([{"text": "a"}] * 40_000).encode()
    answer = service.client.post("/jobs", data=body, content_type="application/json")
    assert (answer.status_code, code_of(answer)) == (413, "too-large")
    assert "text/csv" in answer.json["detail"]


@pytest.mark.parametrize("door", DOORS)
def test_memory_is_given_back(service: Service, door: str) -> None:
    """After each request, whether it is accepted or refused, nothing is reserved."""
    before = reserved()
    post(service, door)
    assert reserved() == before
