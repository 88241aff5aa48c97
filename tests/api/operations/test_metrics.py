"""`/metrics` and `/workers`, in memory: names, labels and values."""

import re
from functools import partial
from typing import Any

import pytest
from support.in_memory import Service
from support.scraped import check_openmetrics, complaints, total

from shared.fleet import Worker
from shared.jobs.usage import Used, today


@pytest.fixture(autouse=True)
def _close_responses(service: Service) -> None:
    """Make the test client close each response, as a server does: that is when it is counted."""
    service.client.open = partial(service.client.open, buffered=True)  # type: ignore[method-assign]


def page(service: Service, **headers: str) -> str:
    answer = service.client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def some_work(service: Service) -> None:
    service.scored(b"ref,text\n1,good\n2,\n3,nothing\n")
    service.client.post("/jobs", json={"text": ["good"]})
    service.work()
    service.client.get("/jobs/" + "f" * 32)
    service.client.get("/nowhere")


def test_names_and_format_follow_prometheus(service: Service) -> None:
    """Prometheus's parser and linter accept the page; `Accept` can ask for OpenMetrics."""
    some_work(service)
    assert complaints(page(service)) == []
    accept = "application/openmetrics-text; version=1.0.0"
    check_openmetrics(page(service, Accept=accept))


def test_rows_jobs_and_requests_are_counted(service: Service) -> None:
    """Rows are counted by outcome, requests by method, template of the path, and status."""
    before = page(service)
    some_work(service)
    after = page(service)

    def grown(name: str, *labels: str) -> float:
        return total(after, name, *labels) - total(before, name, *labels)

    assert grown("scorelane_rows_total", "completed") == 2
    assert grown("scorelane_rows_total", "failed") == 2
    assert grown("scorelane_jobs_ended_total", "succeeded") == 2
    assert grown("scorelane_http_requests_total", "POST", "/jobs", "202") == 2
    assert grown("scorelane_http_requests_total", "GET", "/jobs/<job_id>", "404") == 1
    assert grown("scorelane_http_requests_total", "none", "404") == 1
    assert grown("scorelane_http_request_duration_seconds_count", "POST", "/jobs") == 2
    assert grown("scorelane_upload_duration_seconds_count", "bulk") == 1
    assert grown("scorelane_upload_bytes_total", "bulk") == 29


def test_rows_with_an_error_are_counted_from_none(service: Service) -> None:
    """Prometheus sees no growth of a counter that begins with its first row: it begins with 0."""
    service.submit(b"text\ngood\n")
    service.work()
    assert re.search(r'scorelane_rows_total\{[^}]*outcome="failed"[^}]*\} 0\.0', page(service))


def test_waiting_work_is_shown_by_model(service: Service) -> None:
    """The rows and jobs that no worker has started are shown, and are 0 when all is done."""
    service.submit(b"text\ngood\nbad\n")
    service.client.post("/jobs", json={"text": ["good"]})
    found = page(service)
    assert total(found, "scorelane_waiting_rows", "length") > 0
    assert total(found, "scorelane_waiting_jobs", "length", "bulk") == 1
    assert total(found, "scorelane_waiting_jobs", "length", "small") == 1
    assert total(found, "scorelane_model_processes", "length") == 1
    service.work()
    found = page(service)
    assert total(found, "scorelane_waiting_rows") == total(found, "scorelane_waiting_jobs") == 0


def test_the_backlog_is_the_time_that_a_process_takes(service: Service) -> None:
    """The rows that wait, by the rate of the model; at least 1 while a job is there, then 0."""
    name = "scorelane_backlog_seconds"
    assert total(page(service), name) == 0
    rows = b"".join(b"%d\n" % number for number in range(500))
    service.submit(b"text\n" + rows)
    waiting = total(page(service), "scorelane_waiting_rows", "length")
    assert total(page(service), name, "length") == waiting / 10  # rows per second
    service.work()
    assert total(page(service), name) == 0
    service.client.post("/jobs", json={"text": ["good"]})
    assert total(page(service), name, "length") == 1


def test_the_backlog_is_known_without_workers(service: Service) -> None:
    """What waits can be scaled by when the last worker has gone."""
    service.submit(b"text\n" + b"good\n" * 500)
    service.fleet._processes = 0
    found = page(service)
    assert total(found, "scorelane_model_processes") == 0
    assert total(found, "scorelane_backlog_seconds", "length") > 40


def test_occupied_threads_are_counted(service: Service) -> None:
    """A stream, a wait for a job and a wait for an answer each count 1 while they last."""

    def occupied() -> tuple[float, ...]:
        found = page(service)
        names = [("scorelane_event_streams",)]
        names += [("scorelane_waiting_requests", what) for what in ("job", "sentiment")]
        return tuple(total(found, *name) for name in names)

    before = occupied()
    seen: list[Any] = []

    def note(*_: Any) -> Any:
        seen.append(tuple(now - then for now, then in zip(occupied(), before, strict=True)))
        return []

    waiting = service.client.post("/jobs", json={"text": ["good"]}).location
    open_stream = service.app.test_client().get(f"{waiting}/events", buffered=False)
    note()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service.store, "wait", lambda *_: note() == [])
        service.client.get(waiting, headers={"Prefer": "wait=3"})
        patch.setattr(service.store, "listen", note)
        assert service.client.post("/sentiment", json={"text": ["good"]}).status_code == 503
    open_stream.close()
    note()
    assert seen[0] == (1, 0, 0)
    assert seen[1] == (1, 1, 0)
    assert seen[2] == (1, 0, 1)
    assert seen[-1] == (0, 0, 0)


def test_an_unknown_method_or_path_makes_no_label(service: Service) -> None:
    """Clients cannot create time series by inventing methods and paths."""
    service.client.open("/jobs", method="BREW")
    service.client.get("/made/up")
    found = page(service)
    assert "BREW" not in found
    assert "made" not in found


def test_the_workers_are_listed(service: Service) -> None:
    """`/workers` shows each live worker as it last described itself."""
    assert service.client.get("/workers").json == {"workers": []}
    service.fleet.describe(
        Worker(
            name="here-1",
            host="here",
            release="1",
            libraries={},
            models=["length@1"],
            processes=[5, 6],
            memory=20,
            started_at=1.0,
            clock_ahead=0.0,
        )
    )
    [worker] = service.client.get("/workers").json["workers"]
    assert (worker["name"], worker["processes"]) == ("here-1", [5, 6])
    assert worker["started_at"] == "1970-01-01T00:00:01.000Z"
    assert total(page(service), "scorelane_workers") == 1
    assert total(page(service), "scorelane_worker_memory_bytes") == 20


def test_usage_by_owner(service: Service) -> None:
    """What was scored is counted by owner; owners without a series of their own are one."""
    some_work(service)
    service.store._accounts[today(0), "alice", "k", "m@1"] = Used(7, 2, 100, 1_500_000)
    after = page(service)
    assert total(after, "scorelane_usage_rows_total", "alice", "completed") == 7
    assert total(after, "scorelane_usage_rows_total", "alice", "failed") == 2
    assert total(after, "scorelane_usage_bytes_total", "alice") == 100
    assert total(after, "scorelane_usage_scoring_seconds_total", "alice") == 1.5
    assert total(after, "scorelane_usage_rows_total", "completed") == 2 + 7
