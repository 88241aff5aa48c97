"""Every request has an id and a line in the access log, and passes on its trace."""

import logging
from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest
from support.in_memory import Service, make_service
from support.waiting import wait_for

from api.process import access_log
from shared.config.settings import Settings
from shared.telemetry.context import fields, request_id, traceparent

TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.fixture(autouse=True)
def _close_responses(service: Service) -> None:
    """Make the test client close each response, as a server does: that is when it is logged."""
    service.client.open = partial(service.client.open, buffered=True)  # type: ignore[method-assign]


def lines(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record for record in caplog.records if record.name == "api.process.access_log"]


def test_a_request_is_a_line(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """The line has route, status, time, bytes and job, and no text that a client invented."""
    caplog.set_level(logging.INFO)
    location = service.submit(b"text\ngood\n").location
    service.work()
    service.client.get(f"{location}/results?format=csv", headers={"X-Request-ID": "one:1"})
    service.client.get("/made-up/secret?text=secret")
    service.client.get("/livez")
    wait_for(lambda: len(lines(caplog)) == 3)
    submitted, fetched, nowhere = lines(caplog)
    assert (submitted.method, submitted.route, submitted.status) == ("POST", "/jobs", 202)
    assert fetched.request_id == "one:1"
    assert fetched.job == location.rpartition("/")[2]
    assert fetched.bytes == len(b"ref,Sentiment_Score,error\r\n1,0.04,\r\n") or fetched.bytes > 0
    assert fetched.ms > 0
    assert (nowhere.route, nowhere.status) == ("none", 404)
    assert "secret" not in str([vars(record) for record in lines(caplog)])


def test_the_access_log_can_be_turned_off(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """With the setting `access_log` off no line is written."""
    caplog.set_level(logging.DEBUG)
    service = make_service(settings.model_copy(update={"access_log": False}))
    service.client.get("/apitest", buffered=True)
    make_service(settings).client.get("/livez", buffered=True)
    # The line of the second request comes, and it is the only one.
    wait_for(lambda: lines(caplog))
    assert [line.route for line in lines(caplog)] == ["/livez"]


def test_lines_are_dropped_if_the_disk_is_too_slow(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No request waits for the log; a warning says how many lines were dropped."""
    monkeypatch.setattr(access_log, "MAX_LINES", 1)
    monkeypatch.setattr(access_log, "Thread", Mock())
    caplog.set_level(logging.INFO)
    log = access_log.AccessLog()
    for status in range(5):
        log.add(logging.INFO, {"method": "GET", "route": "/", "status": status})
    log.flush()
    assert [record.getMessage() for record in caplog.records] == [
        "GET / 0",
        "GET / 1",
        "3 lines of requests were dropped",
    ]


def test_a_request_id_of_the_client_is_used(service: Service) -> None:
    """It is in the response and in a problem; an id unfit for a log line is replaced."""
    answer = service.client.get("/jobs/x", headers={"X-Request-ID": "mine.1"})
    assert answer.headers["X-Request-ID"] == answer.json["request_id"] == "mine.1"
    for unfit in ("", "a b", 'a"b', "x" * 129, "caf\u00e9"):
        found = service.client.get("/livez", headers={"X-Request-ID": unfit}).headers[
            "X-Request-ID"
        ]
        assert found != unfit
        assert request_id(found) == found


def test_the_trace_is_passed_on_with_the_job(service: Service) -> None:
    """The job's record and the message have it; the thread's context is empty afterwards."""
    seen: list[dict[str, object]] = []

    def split(*_: str, soon: bool = False) -> None:
        seen.append({**fields(), "soon": soon})

    service.dispatch.split = split  # type: ignore[method-assign]
    headers = {"traceparent": TRACE, "Content-Type": "text/csv"}
    answer = service.client.post("/jobs", data=b"text\ngood\n", headers=headers)
    assert service.store.get(answer.json["id"]).spec.traceparent == TRACE
    assert seen[0]["traceparent"] == TRACE
    assert fields() == {}


@pytest.mark.parametrize(
    "presented",
    [None, "", "00-1-2-01", TRACE.upper(), TRACE.replace("00-", "ff-"), TRACE.replace("a", "0")],
)
def test_a_malformed_trace_is_ignored(presented: str | None) -> None:
    """A `traceparent` that breaks the rules of W3C's Trace Context is not passed on."""
    assert traceparent(presented) == ""


def test_a_later_version_of_a_trace_is_read() -> None:
    """Of a later version of `traceparent` the fields that version 00 has are used."""
    later = TRACE.replace("00-", "01-")
    assert traceparent(f" {later}-more ") == later
