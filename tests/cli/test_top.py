"""`scorelane top` shows the present state of a service, also while the service is away."""

import io
from datetime import UTC, datetime

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from support.in_memory import Service, make_service

from scorelane.client.errors import ApiError, Unreachable
from scorelane.commands.common.exposition import samples_of
from scorelane.commands.common.service_snapshot import ServiceSnapshot, SnapshotReader
from scorelane.commands.top import _duration, _next_frame, _size, frame
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


def reader_of(service: Service) -> SnapshotReader:
    return SnapshotReader("http://127.0.0.1:5005/", transport=httpx.WSGITransport(app=service.app))


def text_of(snapshot: ServiceSnapshot) -> str:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(frame(snapshot, "http://here", NOW))
    return console.export_text()


def test_a_frame_has_models_workers_and_jobs(service: Service) -> None:
    """A frame shows waiting and running rows, and rates."""
    with reader_of(service) as reader:
        reader.read()
        service.scored(b"text\n" + b"good\n" * 30)
        service.submit(b"text\n" + b"good\n" * 20)
        service.client.post("/jobs", json={"text": ["good"]})
        page = text_of(reader.read())
    lines = [line.split() for line in page.splitlines()]
    assert "rows/s" in lines[1]
    assert "1 worker, 2 processes, 20 MB   0 jobs in work, 2 waiting" in page
    [model] = [line for line in lines if line[:1] == ["length@000000000001"]]
    assert model[1:3] == ["1", "10"]
    assert int(model[3]) > 0
    [worker] = [line for line in lines if line[:1] == ["host-1"]]
    assert worker == ["host-1", "0.1.0", "1:02:01", "2", "20", "MB", "100"]
    assert sum(line[1:2] == ["queued"] for line in lines) == 2


def test_rates_are_those_since_the_last_snapshot(service: Service) -> None:
    """The service's rate comes from its counters, a worker's from the rows in its heartbeats."""
    with reader_of(service) as reader:
        first = reader.read()
        assert first.rows_per_second is None
        service.scored(b"text\n" + b"good\n" * 30)
        service.fleet.describe(a_worker(rows=130))
        second = reader.read()
    seconds = second.at - first.at
    assert second.rows_per_second == pytest.approx(30 / max(seconds, 1e-3))
    assert second.rates["host-1"] == pytest.approx(30 / max(seconds, 1e-3))
    found = second.as_json()
    assert found["workers"][0]["rows_per_second"] == second.rates["host-1"]
    assert found["models"][0]["waiting_rows"] == 0


def test_an_idle_service(settings: Settings) -> None:
    """Without workers and jobs a frame has sentences instead of empty tables."""
    with reader_of(make_service(settings)) as reader:
        page = text_of(reader.read())
    assert "No worker is alive" in page
    assert "No job is waiting or running." in page


def test_a_service_that_is_away_is_shown_as_away() -> None:
    """`top` goes on while the service is away, so that a user sees it come back."""
    with SnapshotReader("http://127.0.0.1:9") as reader:
        with pytest.raises(Unreachable, match="start a service"):
            reader.read()
        assert "Nothing answers" in str(_next_frame(reader))


def test_a_key_without_the_scope_admin() -> None:
    """A key without the scope is an error, in the words of the service."""
    service = make_service(Settings.model_validate({"api_keys": "alice read sha256:" + "0" * 64}))
    with reader_of(service) as reader, pytest.raises(ApiError) as caught:
        reader.read()
    assert caught.value.status == 401


def test_sizes_and_times_are_short() -> None:
    """Sizes and durations are short enough for their columns."""
    assert [_size(5e6), _size(2.5e9)] == ["5 MB", "2.50 GB"]
    assert [_duration(0), _duration(3.21), _duration(61), _duration(3661), _duration(90061)] == [
        "",
        "3.2 s",
        "0:01:01",
        "1:01:01",
        "1 d 1:01:01",
    ]


def test_metrics_are_read_as_prometheus_reads_them(service: Service) -> None:
    """`samples_of` finds the same samples as Prometheus's own library."""
    page = service.client.get("/metrics").text
    page += 'x_total{a="one, \\"two\\"\\n\\\\",b="}"} 1e3\ny NaN\n'
    expected: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            expected.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    found = samples_of(page)
    assert len(found) > 10
    assert str(found) == str(expected)  # NaN is not equal to itself
    with pytest.raises(ValueError, match="no line of metrics"):
        samples_of("<html>")
