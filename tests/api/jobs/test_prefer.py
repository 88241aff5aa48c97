"""`Prefer`: waiting for the end of a job."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support.doubles.length_model import length_score
from support.in_memory import Service, make_service
from support.problems import problem

from api.process.draining import draining
from shared.config.settings import Settings

CSV = b"ref,text\n1,abc\n2,\n"
BODY = {"ref": [1, 2], "text": ["abc", ""]}
ROWS = [
    {"ref": "1", "Sentiment_Score": length_score("abc"), "error": None},
    {"ref": "2", "Sentiment_Score": None, "error": "the text is empty"},
]


@contextmanager
def working(service: Service) -> Iterator[list[float]]:
    """Do all waiting work when a request waits; gives the seconds of each wait."""
    waits: list[float] = []

    def wait(_: str, seconds: float) -> bool:
        waits.append(seconds)
        service.work()
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service.store, "wait", wait)
        yield waits


def submit(service: Service, prefer: str, *, accept: str | None = None, **query: str) -> Any:
    headers = {"Prefer": prefer} | ({"Accept": accept} if accept else {})
    return service.client.post("/jobs", json=BODY, headers=headers, query_string=query)


def test_the_result_itself_is_the_answer(service: Service) -> None:
    """For a JSON job, the answer holds the rows as JSON, and names the address of the results."""
    with working(service) as waits:
        answer = submit(service, "wait=7")
    assert answer.status_code == 200, answer.text
    assert answer.json["rows"] == ROWS
    assert answer.headers["Preference-Applied"] == "wait=7"
    assert answer.headers["Content-Location"] == f"{answer.location}/results"
    assert service.client.get(answer.location).json["state"] == "succeeded"
    assert sum(waits) <= 7


def test_a_result_in_its_stored_format(service: Service) -> None:
    """The option `format` decides the format; a client that accepts none of them gets the job."""
    with working(service):
        answer = submit(service, "wait=5", format="ndjson")
        assert answer.mimetype == "application/x-ndjson"
        assert [json.loads(line) for line in answer.text.splitlines()] == ROWS
        refused = submit(service, "wait=5", accept="text/html")
    assert (refused.status_code, refused.json["state"]) == (202, "succeeded")
    assert "Content-Location" not in refused.headers


@pytest.mark.parametrize("accept", ["text/csv", "text/csv, */*;q=0.1"])
def test_the_result_has_the_accepted_format(service: Service, accept: str) -> None:
    """A client that accepts CSV gets a CSV."""
    with working(service):
        answer = submit(service, "wait=5", accept=accept)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.text == "ref,Sentiment_Score,error\n1,0.03,\n2,,the text is empty\n"


def test_a_csv_is_answered_with_a_csv(service: Service) -> None:
    """Unless the client accepts JSON."""
    for accept, kind in ((None, "text/csv"), ("application/json", "application/json")):
        headers = {"Prefer": "wait=5"} | ({"Accept": accept} if accept else {})
        with working(service):
            answer = service.client.post(
                "/jobs", data=CSV, content_type="text/csv", headers=headers
            )
        assert (answer.status_code, answer.mimetype) == (200, kind)


def test_an_end_that_does_not_come_is_a_202(service: Service) -> None:
    """The job goes on, and the client polls."""
    answer = submit(service, "wait=0")
    assert (answer.status_code, answer.json["state"]) == (202, "queued")
    assert answer.headers["Preference-Applied"] == "wait=0"
    assert answer.headers["Retry-After"]
    service.work()
    assert service.client.get(answer.location).json["state"] == "succeeded"


def test_a_failure_is_the_job_that_failed(service: Service) -> None:
    """Only a 200 has rows."""
    with working(service):
        answer = submit(service, "wait=5", on_error="fail")
    assert (answer.status_code, answer.json["state"]) == (202, "failed")
    assert answer.headers["Preference-Applied"] == "wait=5"


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("wait=90", "wait=30"),
        ("WAIT = 3", "wait=3"),
        ('wait="4"', "wait=4"),
        ("x;y=1, wait=2", "wait=2"),
        ("wait=1, wait=9", "wait=1"),
        ("wait=6; foo=bar", "wait=6"),
        ('note="a, b", wait=5', "wait=5"),
    ],
)
def test_well_formed_preferences(service: Service, prefer: str, applied: str) -> None:
    """Every form that RFC 7240 allows, up to the maximum of the settings."""
    with working(service) as waits:
        answer = submit(service, prefer)
    assert answer.headers["Preference-Applied"] == applied
    assert waits[0] <= 5


@pytest.mark.parametrize(
    "prefer",
    [
        "",
        "wait",
        "wait=",
        "wait=x",
        "wait=-1",
        "wait=1.5",
        "wait=\u0663",
        "await=5",
        ";",
        ",,",
        "wait=" + "9" * 30,
        "respond-async=no",
    ],
)
def test_malformed_preferences_are_ignored(service: Service, prefer: str) -> None:
    """As RFC 7240 requires: the job is accepted as if there were no preference."""
    with working(service) as waits:
        answer = submit(service, prefer)
    assert (answer.status_code, waits) == (202, [])
    assert "Preference-Applied" not in answer.headers


def test_respond_async(service: Service) -> None:
    """Alone it is a 202 at once; with a wait, it also applies if the wait is too short."""
    answer = submit(service, "respond-async")
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "respond-async")
    answer = submit(service, "respond-async, wait=0")
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "respond-async, wait=0"
    with working(service):
        answer = submit(service, "respond-async, wait=5")
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait=5")


def test_the_limit_of_waiting_requests(settings: Settings) -> None:
    """Over the limit, a request is answered at once, and does not claim to have waited."""
    service = make_service(settings.model_copy(update={"waiting_requests": 1}))
    inner: list[Any] = []

    def wait(*_: Any) -> bool:
        inner.append(submit(service, "wait=5"))
        inner.append(service.client.get("/jobs"))
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service.store, "wait", wait)
        outer = submit(service, "wait=5")
    assert outer.headers["Preference-Applied"] == "wait=5"
    assert (inner[0].status_code, inner[1].status_code) == (202, 200)
    assert "Preference-Applied" not in inner[0].headers
    with working(service):
        assert submit(service, "wait=5").status_code == 200


def test_a_place_is_free_again_after_an_error(settings: Settings) -> None:
    """A wait that ends with an error frees its place."""
    service = make_service(settings.model_copy(update={"waiting_requests": 1}))

    def wait(job_id: str, _: float) -> bool:
        service.store.delete(job_id)
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service.store, "wait", wait)
        for _ in range(2):
            problem(submit(service, "wait=5"), 404, "job-not-found")


def test_a_replica_that_stops_waits_no_more(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers with the current state; the client asks the next replica."""

    def wait(*_: Any) -> bool:
        monkeypatch.setattr(draining, "is_set", lambda: True)
        return False

    monkeypatch.setattr(service.store, "wait", wait)
    answer = submit(service, "wait=30")
    assert answer.status_code == 202


def test_a_job_can_be_followed_to_its_end(service: Service) -> None:
    """One long poll until the end; at once if the job has ended."""
    accepted = service.client.post("/jobs", json=BODY)
    follow = {"headers": {"Prefer": "wait=20"}}
    with working(service) as waits:
        answer = service.client.get(accepted.location, **follow)
        assert (answer.status_code, answer.json["state"]) == (200, "succeeded")
        assert answer.headers["Preference-Applied"] == "wait=20"
        again = service.client.get(accepted.location, **follow)
        assert again.json["state"] == "succeeded"
    assert len(waits) == 1


def test_waiting_for_an_unknown_job(service: Service) -> None:
    """It is a 404 at once."""
    with working(service) as waits:
        answer = service.client.get(f"/jobs/{'0' * 32}", headers={"Prefer": "wait=20"})
    problem(answer, 404, "job-not-found")
    assert waits == []
