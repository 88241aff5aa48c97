"""`scorelane top` shows a service as it is, and keeps showing it while it is away."""

import io
from datetime import UTC, datetime

import httpx
import pytest
from rich.console import Console
from support.in_memory import Service, make_service

from scorelane.client.errors import ApiError, Unreachable
from scorelane.commands.service_snapshot import ServiceSnapshot, SnapshotReader
from scorelane.commands.top import _age, _next, _size, frame
from shared.config.settings import Settings
from shared.fleet import Worker

NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def service(settings: Settings) -> Service:
    service = make_service(settings)
    service.fleet.describe(a_worker(rows=100))
    return service


def a_worker(rows: int) -> Worker:
    return Worker(
        name="host-1",
        host="host",
        release="0.1.0",
        libraries={},
        models=["length@1"],
        processes=[5_000_000, 6_000_000],
        memory=20_000_000,
        clock_ahead=0.0,
        rows=rows,
        started_at=datetime(2026, 1, 1, 10, 58, 29, tzinfo=UTC).timestamp(),
    )


def looks(service: Service) -> SnapshotReader:
    return SnapshotReader("http://127.0.0.1:5005/", transport=httpx.WSGITransport(app=service.app))


def shown(look: ServiceSnapshot) -> str:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(frame(look, "http://here", NOW))
    return console.export_text()


def test_a_frame_has_models_workers_and_jobs(service: Service) -> None:
    """With what waits, what runs, and how fast."""
    with looks(service) as view:
        view.look()
        service.scored(b"text\n" + b"good\n" * 30)
        service.submit(b"text\n" + b"good\n" * 20)
        service.client.post("/jobs", json={"text": ["good"]})
        page = shown(view.look())
    lines = [line.split() for line in page.splitlines()]
    assert "rows/s" in lines[1]
    assert "1 worker, 2 processes, 20 MB   0 jobs in work, 2 waiting" in page
    [model] = [line for line in lines if line[:1] == ["length@000000000001"]]
    assert model[1:3] == ["1", "10"]
    assert int(model[3]) > 0
    [worker] = [line for line in lines if line[:1] == ["host-1"]]
    assert worker == ["host-1", "0.1.0", "1:02:01", "2", "20", "MB", "100"]
    assert sum(line[1:2] == ["queued"] for line in lines) == 2


def test_rates_are_those_since_the_last_look(service: Service) -> None:
    """Of the service by its totals, of a worker by what it said at its heartbeats."""
    with looks(service) as view:
        first = view.look()
        assert first.rows_per_second is None
        service.scored(b"text\n" + b"good\n" * 30)
        service.fleet.describe(a_worker(rows=130))
        second = view.look()
    seconds = second.at - first.at
    assert second.rows_per_second == pytest.approx(30 / max(seconds, 1e-3))
    assert second.rates["host-1"] == pytest.approx(30 / max(seconds, 1e-3))
    found = second.as_json()
    assert found["workers"][0]["rows_per_second"] == second.rates["host-1"]
    assert found["models"][0]["waiting_rows"] == 0


def test_nothing_there_is_said(settings: Settings) -> None:
    """No worker, no job: a sentence each, and no empty table."""
    with looks(make_service(settings)) as view:
        page = shown(view.look())
    assert "No worker lives" in page
    assert "No job waits or runs." in page


def test_a_service_that_is_away_is_shown_as_away() -> None:
    """It does not end: whoever watches a restart wants to see it come back."""
    with SnapshotReader("http://127.0.0.1:9") as view:
        with pytest.raises(Unreachable, match="start a service"):
            view.look()
        assert "Nothing answers" in str(_next(view))


def test_a_key_that_may_not_look_is_told_so() -> None:
    """The service's own words."""
    service = make_service(Settings.model_validate({"api_keys": "alice read sha256:" + "0" * 64}))
    with looks(service) as view, pytest.raises(ApiError) as refused:
        view.look()
    assert refused.value.status == 401


def test_sizes_and_times_are_short() -> None:
    """They fit their columns."""
    assert [_size(5e6), _size(2.5e9)] == ["5 MB", "2.50 GB"]
    assert [_age(0), _age(3.21), _age(61), _age(3661), _age(90061)] == [
        "",
        "3.2 s",
        "0:01:01",
        "1:01:01",
        "1 d 1:01:01",
    ]
