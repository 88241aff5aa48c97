"""The counters of the steps, the kinds of row errors, and the metrics server."""

import re
from pathlib import Path

import httpx
import pytest
from support.scraped import complaints, total

from shared.dispatch import Task
from shared.jobs.job_store import Answer
from shared.jobs.row_error_kinds import kind_of
from shared.telemetry.prometheus import MetricsCollector, counted
from shared.telemetry.shared_counters import SharedCounters
from worker.telemetry.journal import Journal
from worker.telemetry.measures import MEASURES
from worker.telemetry.metrics_server import MetricsServer

ROOT = Path(__file__).resolve().parents[3]


def page_of(counters: SharedCounters) -> str:
    return MetricsCollector(lambda: counted(counters, MEASURES)).page(None)[0].decode()


def test_steps_rows_and_errors_are_counted() -> None:
    """Steps are counted by name, rows by outcome, and errors by kind."""
    counters = SharedCounters()
    journal = Journal(counters)
    journal.read("0" * 32, 10, journal.now())
    journal.split("0" * 32, 2, journal.now())
    journal.score("fast@1", "0" * 32, 0, (8, 2), journal.now())
    journal.errors("fast@1", [None, "the text is empty", "something new"])
    journal.answer("fast@1", [], [Answer("1", b"", 1, 0), Answer("2", b"", 2, 0)], journal.now())
    journal.finish("0" * 32, journal.now())
    journal.join("0" * 32, 100, journal.now())
    page = page_of(counters)
    assert complaints(page) == []
    # What is retracted is logged by the step itself, when there is something.
    for task in set(Task) - {Task.RETRACT}:
        assert total(page, "scorelane_step_duration_seconds_count", task) == 1
    assert total(page, "scorelane_worker_rows_total", "completed") == 11
    assert total(page, "scorelane_worker_rows_total", "failed") == 2
    assert total(page, "scorelane_worker_small_jobs_total", "fast") == 2
    assert total(page, "scorelane_worker_parts_total") == 1
    assert total(page, "scorelane_worker_row_errors_total", "empty") == 1
    assert total(page, "scorelane_worker_row_errors_total", "other") == 1


def test_every_documented_error_has_a_kind() -> None:
    """No error in the table of docs/api.md has the kind `other`."""
    section = (ROOT / "docs/api.md").read_text().partition("## Rows with an error")[2]
    lines = [line for line in section.partition("##")[0].splitlines() if line.startswith("| ")]
    errors = [error for line in lines[1:] for error in re.findall("`([^`]+)`", line.split("|")[2])]
    errors = [error for error in errors if not error.startswith("...")]
    assert len(errors) > 8
    assert {error: kind_of(error) for error in errors if kind_of(error) == "other"} == {}
    assert kind_of("the text has a NUL character, at position 3") == "nul"
    assert kind_of("the text has 9 characters; at most 5 are scored") == "too_long"


def test_a_worker_answers_a_scrape() -> None:
    """The server answers `GET /metrics`, and 404 to any other path."""
    counters = SharedCounters()
    Journal(counters).split("0" * 32, 2, 0.0)
    server = MetricsServer(
        ("127.0.0.1", 0), MetricsCollector(lambda: counted(counters, MEASURES)).page
    )
    server.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        answer = httpx.get(f"{url}/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert total(answer.text, "scorelane_step_duration_seconds_count") == 1
        assert httpx.get(f"{url}/other").status_code == 404
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("address", "allowed", "host", "status"),
    [
        ("127.0.0.1", "", "rebound.example", 400),
        ("127.0.0.1", "", "rebound.example:9464", 400),
        ("127.0.0.1", "", "10.0.0.7:9464", 400),
        ("127.0.0.1", "", "a@127.0.0.1", 400),
        ("127.0.0.1", "", "localhost:9464", 200),
        ("127.0.0.1", "", "[::1]:9464", 200),
        ("127.0.0.1", "worker, b.example", "worker:9464", 200),
        ("127.0.0.1", "*", "rebound.example", 200),
        ("0.0.0.0", "", "10.0.0.7:9464", 200),
        ("0.0.0.0", "", "rebound.example", 400),
    ],
)
def test_a_scrape_under_a_foreign_name_is_refused(
    address: str, allowed: str, host: str, status: int
) -> None:
    """A web page that gives its own name this address (DNS rebinding) reads no metrics."""
    server = MetricsServer((address, 0), lambda _: (b"", "text/plain"), allowed)
    server.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/metrics"
        assert httpx.get(url, headers={"Host": host}).status_code == status
    finally:
        server.shutdown()
        server.server_close()
