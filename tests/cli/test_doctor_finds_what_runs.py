"""`scorelane doctor` finds out what runs, and reports no fault of what does not."""

import json
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.doctor import Run, a_worker

from scorelane.commands.checks import running as running_check
from scorelane.commands.checks.outside import examine_by_api
from scorelane.commands.checks.running import find_deployment
from scorelane.commands.main import cli
from scorelane.stack.folder import Addresses, running_addresses, write_addresses
from shared.config.settings import Settings
from shared.monitoring.findings import Severity, fault, fine
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Settings of a machine on which no Redis and no API listens; the current folder is empty."""
    monkeypatch.chdir(tmp_path)
    for name in ("SCORELANE_REDIS_URL", "SCORELANE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SCORELANE_SERVE", "fast")
    monkeypatch.setattr(running_check, "DEFAULT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(running_check, "_has_workers", lambda _: False)
    return Settings(redis_url="redis://127.0.0.1:1")


def install(monkeypatch: pytest.MonkeyPatch, *, api: bool, worker: bool) -> None:
    """Let doctor find these programs, and no others, as it does in the images."""
    missing = {"gunicorn"} if not api else set()
    missing |= {"pandas"} if not worker else set()
    monkeypatch.setattr(running_check, "find_spec", lambda name: None if name in missing else name)


@pytest.mark.usefixtures("nothing_runs")
def test_nothing_runs() -> None:
    """No fault is reported: only that no service runs, and how to start one."""
    done = CliRunner().invoke(cli, ["doctor", "--json"])
    findings = json.loads(done.output)
    assert [one for one in findings if one["level"] == "fault"] == []
    [service] = [one for one in findings if one["about"] == "service"]
    assert "No service runs here" in service["message"]
    assert "scorelane serve" in service["advice"]
    assert done.exit_code == 1
    assert {one["about"] for one in findings}.isdisjoint({"redis", "api", "workers"})
    assert {one["about"] for one in findings} >= {"settings", "blobs", "models"}


def test_the_service_at_an_address(nothing_runs: Settings, answers: Any, tmp_path: Path) -> None:
    """A service elsewhere is examined from outside, without the Redis and the models here."""
    answers.add("GET /readyz", 200, {"status": "ok", "processes": {}})
    answers.add("GET /service", 200, {"findings": []})
    done = CliRunner().invoke(cli, ["doctor", "--json", "--url", f"{answers.url}/"])
    findings = json.loads(done.output)
    assert f"{answers.url} is ready." in [one["message"] for one in findings]
    subjects = {one["about"] for one in findings}
    assert subjects.isdisjoint({"redis", "workers", "models", "blobs"})
    found = find_deployment(nothing_runs, answers.url, tmp_path, {})
    assert found.finding.severity is Severity.FINE


@pytest.mark.usefixtures("nothing_runs")
def test_a_service_elsewhere_is_asked_for_its_findings(answers: Any) -> None:
    """What its API sees of Redis and the workers is listed as if doctor had run there."""
    there = [
        fine("redis", "Redis 8.0 answers.").as_json(),
        fault("workers", "No worker is alive: jobs wait.", "Start one.").as_json(),
    ]
    answers.add("GET /readyz", 200, {"status": "ok", "processes": {}})
    answers.add("GET /service", 200, {"now": {}, "findings": there})
    done = CliRunner().invoke(cli, ["doctor", "--json", "--url", answers.url])
    assert json.loads(done.output)[-2:] == there
    assert done.exit_code == 2


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"type": "urn:scorelane:problem:key-wanted", "detail": "x"}, "SCORELANE_API_KEY"),
        (403, {"type": "urn:scorelane:problem:wrong-scope", "detail": "x"}, "scope admin"),
        (404, {"type": "urn:scorelane:problem:not-found", "detail": "x"}, "too old"),
        (503, {"type": "urn:scorelane:problem:store-unavailable", "detail": "Away."}, "Away."),
        (200, {"findings": [{"about": "redis"}]}, "cannot be read"),
        (200, {"findings": [{"level": 1}]}, "cannot be read"),
        (200, {"findings": 5}, "cannot be read"),
    ],
)
def test_a_service_that_does_not_say_what_it_finds(
    answers: Any, status: int, body: dict[str, Any], words: str
) -> None:
    """Doctor says what is not examined, and what that needs."""
    answers.add("GET /service", status, body)
    [finding] = examine_by_api(answers.url)
    assert words in finding.message
    assert (finding.severity is Severity.WARNING) is (status == 503)


def test_a_service_at_the_default_address(
    nothing_runs: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that compose publishes on this machine is found without `--url`."""
    with socket.create_server(("127.0.0.1", 0)) as api:
        url = f"http://127.0.0.1:{api.getsockname()[1]}"
        monkeypatch.setattr(running_check, "DEFAULT_URL", url)
        found = find_deployment(nothing_runs, None, tmp_path, {})
    assert (found.settings, found.api_url) == (None, url)
    assert "docker compose exec worker scorelane doctor" in found.finding.message


def test_a_stack_that_runs_on_the_data_folder(nothing_runs: Settings) -> None:
    """Its Redis, its blobs and its API are examined; a stack that has stopped is not found."""
    with tempfile.TemporaryDirectory(prefix="lane-") as folder:
        data, path = Path(folder), f"{folder}/redis.sock"
        write_addresses(data, Addresses(f"unix://{path}", "http://127.0.0.1:7"))
        assert running_addresses(data) is None
        with socket.socket(socket.AF_UNIX) as redis:
            redis.bind(path)
            redis.listen()
            found = find_deployment(nothing_runs, None, data, {})
            named = find_deployment(nothing_runs, "http://127.0.0.1:8", data, {})
        stopped = find_deployment(nothing_runs, None, data, {})
    assert found.settings is not None
    assert (found.settings.redis_url, found.settings.blobs_dir) == (
        f"unix://{path}",
        data / "blobs",
    )
    assert (found.api_url, named.api_url) == ("http://127.0.0.1:7", "http://127.0.0.1:8")
    assert "`scorelane serve` runs here" in found.finding.message
    assert not stopped.runs


def test_workers_with_the_default_settings(link: RedisLink, redis_settings: Settings) -> None:
    """Programs that were started by hand, without any variable, are found by their workers."""
    folder = Path("no-such-folder")
    assert not running_check._has_workers(redis_settings)
    fleet = RedisFleet(link, redis_settings)
    fleet.announce("a", [])
    fleet.describe(a_worker("a"))
    found = find_deployment(redis_settings, None, folder, {})
    assert (found.settings, found.api_url) == (redis_settings, running_check.DEFAULT_URL)


def test_in_the_container_of_the_api(
    run_doctor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no models and no libraries of a worker, and needs none."""
    install(monkeypatch, api=True, worker=False)
    monkeypatch.setenv("SCORELANE_MODELS_DIR", str(tmp_path / "none"))
    _, findings = run_doctor()
    [models] = [one for one in findings if one["about"] == "models"]
    assert models["level"] == "fine"
    assert "api" in {one["about"] for one in findings}
    [service] = [one for one in findings if one["about"] == "service"]
    assert "the API can run here" in service["message"]


def test_in_the_container_of_a_worker(run_doctor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No API listens there, and none is missed; `--url` names one to examine."""
    install(monkeypatch, api=False, worker=True)
    _, findings = run_doctor()
    assert "api" not in {one["about"] for one in findings}
    [service] = [one for one in findings if one["about"] == "service"]
    assert "a worker can run here. The API runs elsewhere" in service["message"]
    _, findings = run_doctor("--url", "http://127.0.0.1:9")
    assert "api" in {one["about"] for one in findings}
