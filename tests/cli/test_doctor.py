"""`scorelane doctor` finds what is wrong; its exit code is the worst severity."""

import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.doctor import Run, a_worker, of
from support.programs import FAST, ROOT

from scorelane.commands.checks import host as host_examination
from scorelane.commands.checks.host import (
    examine_limits,
    examine_metrics_port,
    examine_models,
    examine_versions,
)
from scorelane.commands.checks.redis import examine_redis
from scorelane.commands.checks.service import examine_api, examine_workers
from scorelane.commands.main import cli
from scorelane.stack.folder import Addresses, settings_of_stack, write_addresses
from shared.config.settings import Settings
from shared.fleet import Worker
from shared.monitoring import blob_findings as blob_checks
from shared.monitoring import redis_findings as redis_checks
from shared.monitoring.blob_findings import blob_findings
from shared.monitoring.findings import Finding, Severity, worst
from shared.monitoring.worker_findings import worker_findings
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink


def test_everything_is_examined(run_doctor: Run) -> None:
    """All checks run; a missing worker is a fault, and the exit code is the worst severity."""
    status, found = run_doctor("--url", "http://127.0.0.1:9")
    examined_subjects = {one["about"] for one in found}
    assert {
        "settings",
        "versions",
        "limits",
        "blobs",
        "models",
        "redis",
        "clock",
        "api",
    } < examined_subjects
    [worker] = [one for one in found if one["about"] == "workers"]
    assert (worker["level"], status) == ("fault", 2)
    assert "python -m worker" in worker["advice"]
    assert not Path("blobs").exists()


def test_a_wrong_setting_is_named(run_doctor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown variable and a value that cannot be used are named."""
    monkeypatch.setenv("SCORELANE_PROCESES", "2")
    monkeypatch.setenv("SCORELANE_PART_SECONDS", "soon")
    status, found = run_doctor()
    messages = " ".join(one["message"] for one in found if one["about"] == "settings")
    assert "did you mean SCORELANE_PROCESSES?" in messages
    assert "SCORELANE_PART_SECONDS cannot be 'soon': it must be a number above 0" in messages
    assert status == 2


@pytest.mark.usefixtures("run_doctor")
def test_a_person_reads_it() -> None:
    """Each finding is a line, with its advice below it."""
    done = CliRunner().invoke(cli, ["doctor", "--url", "http://127.0.0.1:9"])
    assert "x  workers   No worker is alive" in done.output
    assert "\n              Start one" in done.output
    assert done.output.splitlines()[-1].startswith("faults: ")


def test_redis_that_may_lose_data(link: RedisLink, redis_settings: Settings) -> None:
    """A missing append-only file is a warning, and a policy that evicts keys is a fault."""
    found = list(examine_redis(redis_settings, link))
    assert of(found, "redis", "append-only").severity is Severity.WARNING
    assert of(found, "redis", "answers").severity is Severity.FINE
    assert of(found, "redis", "has no maxmemory").severity is Severity.WARNING
    assert of(found, "clock").severity is Severity.FINE
    link.client.config_set("maxmemory-policy", "allkeys-lru")
    link.client.config_set("maxmemory", 1)
    try:
        # Above its limit Redis refuses all commands that need memory, but not INFO.
        found = list(examine_redis(redis_settings, link))
    finally:
        link.client.config_set("maxmemory", 0)
        link.client.config_set("maxmemory-policy", "noeviction")
    assert of(found, "redis", "allkeys-lru").severity is Severity.FAULT
    assert of(found, "redis", "of the 0 MB").severity is Severity.WARNING
    assert of(found, "redis", "may use 0 MB").severity is Severity.WARNING


def test_redis_has_few_connections_left(link: RedisLink, redis_settings: Settings) -> None:
    """Near its limit is a warning: workers that get no connection take no work, without a word."""
    most = link.client.config_get("maxclients")["maxclients"]
    # Redis may still count some connections of tests before this one.
    limit = link.client.info("clients")["connected_clients"] + 25
    link.client.config_set("maxclients", limit)
    others = [RedisLink(redis_settings) for _ in range(24)]
    try:
        for other in others:
            other.client.ping()
        found = list(examine_redis(redis_settings, link))
    finally:
        for other in others:
            other.close()
        link.client.config_set("maxclients", most)
    assert of(found, "redis", f"of the {limit} connections").severity is Severity.WARNING


def test_redis_is_old_slow_or_unlike_the_clock(
    link: RedisLink, redis_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that is too old is a fault; one without fixes, and slowness, are warnings."""
    monkeypatch.setattr(redis_checks, "LEAST_MAINTAINED", (99, 0))
    monkeypatch.setattr(redis_checks, "LEAST_VERSION", (99, 0))
    monkeypatch.setattr(redis_checks, "SLOW", 0.0)
    monkeypatch.setattr(redis_checks, "MOST_SKEW", -1.0)
    found = list(examine_redis(redis_settings, link))
    assert "99.0" in of(found, "redis", "server is").advice
    assert of(found, "redis", "no security fixes").severity is Severity.WARNING
    assert of(found, "redis", "takes").severity is Severity.WARNING
    assert of(found, "clock").severity is Severity.WARNING


def test_redis_is_away_or_far() -> None:
    """The message has the address of Redis, without the password."""
    settings = Settings(redis_url="redis://:hidden@127.0.0.1:1/0")
    found = list(examine_redis(settings, RedisLink(settings)))
    assert of(found, "redis", "redis://127.0.0.1:1/0 does not answer").severity is Severity.FAULT
    assert "hidden" not in str(found)


def test_blobs_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is writable and has free space; the check does not make a missing folder."""
    assert (
        of(blob_findings(Settings(blobs_dir=tmp_path / "new")), "blobs").severity is Severity.FINE
    )
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    assert (
        of(blob_findings(Settings(blobs_dir=tmp_path / "file")), "blobs").severity is Severity.FAULT
    )
    monkeypatch.setattr(blob_checks, "LITTLE_ROOM", 10**18)
    assert of(blob_findings(Settings(blobs_dir=tmp_path)), "blobs").severity is Severity.WARNING
    monkeypatch.setattr(blob_checks, "NO_ROOM", 10**18)
    assert of(blob_findings(Settings(blobs_dir=tmp_path)), "blobs").severity is Severity.FAULT


def test_models_are_whole_and_served(tmp_path: Path) -> None:
    """A changed file is a fault, and a missing default model is a warning."""
    usual = Settings(models_dir=ROOT / "models", serve="fast")
    assert of(examine_models(usual), "models").severity is Severity.FINE
    other = usual.model_copy(update={"default_model": "mine"})
    assert of(examine_models(other), "models", "default").severity is Severity.WARNING
    folder = tmp_path / "fast"
    folder.mkdir()
    for file in FAST.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with (folder / "model.pkl").open("ab") as file:
        file.write(b"x")
    changed = usual.model_copy(update={"models_dir": tmp_path})
    assert "is not the file that its card names" in of(examine_models(changed), "models").message


def test_a_bad_model_among_others_is_named(tmp_path: Path) -> None:
    """A folder that cannot be served is a fault, and the others are examined."""
    shutil.copytree(FAST, tmp_path / "fast")
    shutil.copytree(FAST, tmp_path / "copy")
    (tmp_path / "empty").mkdir()
    found = list(examine_models(Settings(models_dir=tmp_path)))
    assert of(found, "models", "empty: ").severity is Severity.FAULT
    assert "has no card.json" in of(found, "models", "empty: ").message
    assert of(found, "models", "matches its card").severity is Severity.FINE


def test_libraries_and_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions that differ from the tested ones are named, and few open files are a warning."""
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("numpy==0.1\nno-such-package==1\npandas==0.2; sys_platform != 'x'\n")
    message = of(examine_versions(constraints), "versions").message
    assert "(0.1)" in message
    assert "(0.2)" in message
    assert "no-such" not in message
    assert list(examine_versions(tmp_path / "none")) == []
    monkeypatch.setattr(host_examination.resource, "getrlimit", lambda _: (256, 4096))
    assert of(examine_limits(), "limits").severity is Severity.WARNING


def test_a_port_of_metrics_that_is_taken() -> None:
    """A port that another program has is a warning: a worker scores without its metrics."""
    with host_examination.socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(metrics_port=taken.getsockname()[1])
        assert of(examine_metrics_port(settings), "metrics").severity is Severity.WARNING
    assert list(examine_metrics_port(Settings())) == []


def test_workers_are_alike(link: RedisLink, redis_settings: Settings) -> None:
    """Workers are compared by release, libraries, models, clock and folder of blobs."""
    fleet = RedisFleet(link, redis_settings)
    settings = redis_settings.model_copy(update={"default_model": "other"})

    def examined(*workers: Worker) -> list[Finding]:
        for worker in workers:
            fleet.announce(worker.name, [])
            fleet.describe(worker)
        return list(examine_workers(settings, link, "same", "1"))

    found = examined(a_worker("a"))
    assert of(found, "workers", "1 worker is alive").severity is Severity.FINE
    assert of(found, "workers", "default model").severity is Severity.WARNING
    found = examined(
        a_worker("b", release="2", libraries={"numpy": "2.1"}, models=["fast@2"], blobs="other"),
        a_worker("c", blobs="", clock_ahead=-60.0),
    )
    for words in ("releases of the workers differ", "numpy: 2.0, 2.1", "versions of fast: 1, 2"):
        assert of(found, "workers", words).severity is Severity.WARNING
    assert of(found, "clock", "-60 s").severity is Severity.WARNING
    assert of(found, "blobs", "same blob store").severity is Severity.FAULT
    assert of(found, "blobs", "written by c").severity is Severity.FAULT


def test_what_workers_cannot_serve(link: RedisLink, redis_settings: Settings) -> None:
    """A model that a worker has and cannot load is a fault; a worker that loads is a warning."""
    fleet = RedisFleet(link, redis_settings)
    fleet.describe(a_worker("a", failed={"mine": "LookupError: a word"}))
    fleet.describe(a_worker("b", processes=[]))
    found = list(examine_workers(redis_settings, link, "same", "1"))
    assert of(found, "models", "a does not serve mine: LookupError: a word")
    assert of(found, "workers", "b has no process that is ready").severity is Severity.WARNING


def test_groups_of_workers_with_other_libraries(redis_settings: Settings) -> None:
    """All is well while each version has its group; what fits none is a fault."""

    def found(*workers: Worker) -> list[Finding]:
        serving = {name for worker in workers for name in worker.models}
        return list(worker_findings(redis_settings, workers, serving, blobs="same", release="1"))

    why = "its card names numpy 1.26; here, numpy 2.0"
    first = a_worker("a", models=["fast@1", "mine@2"], declined={"mine@1": why}, accepts="same")
    second = a_worker("b", libraries={"numpy": "1.26"}, models=["mine@1"], accepts="same")
    alone, both = (
        found(first),
        found(first, second.model_copy(update={"declined": {"mine@2": why}})),
    )
    assert of(alone, "models", f"No worker serves mine@1: {why}").severity is Severity.WARNING
    served = of(both, "models", "mine@1 is served by b, and left to others by a")
    assert served.severity is Severity.FINE
    assert max(one.severity for one in both) is Severity.FINE
    lacks = found(first.model_copy(update={"models": ["fast@1"]}))
    assert of(lacks, "models", "No worker serves mine@1").severity is Severity.FAULT
    mixed = [first, second.model_copy(update={"accepts": "proven"})]
    mixing = list(worker_findings(redis_settings, mixed, {"mine@1"}, blobs="same", release="1"))
    assert of(mixing, "workers", "numpy: 1.26, 2.0").severity is Severity.WARNING


def test_the_api_at_an_address(answers: Any) -> None:
    """The API is ready, or is not and says why; or something else answers, or nothing."""
    problem = {"type": "urn:scorelane:problem:no-model-yet", "detail": "No worker yet."}
    answers.add("GET /readyz", 200, {"status": "ok", "processes": {}})
    answers.add("GET /readyz", 503, problem)
    answers.add("GET /readyz", 200, b"hello")
    answers.add("GET /readyz", 200, {"status": "other"})
    assert of(examine_api(answers.url), "api").severity is Severity.FINE
    assert of(examine_api(answers.url), "api", "not ready").advice == "No worker yet."
    assert of(examine_api(answers.url), "api", "Something other").severity is Severity.FAULT
    assert of(examine_api(answers.url), "api", "Something other").severity is Severity.FAULT
    answers.add("GET /readyz", 502, b"a proxy")
    assert of(examine_api(answers.url), "api", "Something other").severity is Severity.FAULT
    for nobody in ("http://127.0.0.1:9", "nowhere"):
        assert of(examine_api(nobody), "api", "Nothing").severity is Severity.WARNING


def test_the_settings_of_a_stack(tmp_path: Path) -> None:
    """Redis and blobs are those of the data folder, unless a variable names another Redis."""
    usual = Settings()
    assert settings_of_stack(usual, tmp_path, {}) == usual
    write_addresses(tmp_path, Addresses("unix:///somewhere", "http://127.0.0.1:1"))
    found = settings_of_stack(usual, tmp_path, {})
    assert (found.redis_url, found.blobs_dir) == ("unix:///somewhere", tmp_path / "blobs")
    assert settings_of_stack(usual, tmp_path, {"SCORELANE_REDIS_URL": "x"}) == usual


def test_the_worst_decides() -> None:
    """The worst severity wins; without findings all is well."""
    assert worst([]) is Severity.FINE
    assert worst([Finding("x", weight, "") for weight in Severity]) is Severity.FAULT


def test_the_metrics_of_a_worker_that_runs() -> None:
    """In a worker's container the worker has the port: that is no warning."""

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"scorelane_rows_total 1\n")

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Metrics) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        settings = Settings(metrics_port=server.server_port)
        assert of(examine_metrics_port(settings), "metrics").severity is Severity.FINE
        thread.join()
