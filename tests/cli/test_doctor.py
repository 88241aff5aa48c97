"""`scorelane doctor` finds what is wrong, says what to do, and its status says how bad."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.programs import FAST, ROOT

from scorelane.commands.checks import host as host_examination
from scorelane.commands.checks import redis as redis_examination
from scorelane.commands.checks.findings import Finding, Weight, worst
from scorelane.commands.checks.host import (
    examine_blobs,
    examine_limits,
    examine_metrics_port,
    examine_models,
    examine_versions,
)
from scorelane.commands.checks.redis import examine_redis
from scorelane.commands.checks.service import examine_api, examine_workers
from scorelane.commands.main import cli
from scorelane.stack.folder import note_redis, settings_of_stack
from shared.config.settings import Settings
from shared.fleet import Worker
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink

Run = Callable[..., tuple[int, list[dict[str, str]]]]


@pytest.fixture
def run(redis_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command with the session's Redis; its status, and what it found."""
    monkeypatch.chdir(tmp_path)
    for name in ("redis_url", "key_prefix", "blobs_dir"):
        value = str(getattr(redis_settings, name))
        monkeypatch.setenv(f"SCORELANE_{name.upper()}", value)
    monkeypatch.setenv("SCORELANE_SERVE", "fast")

    def call(*options: str) -> tuple[int, list[dict[str, str]]]:
        done = CliRunner().invoke(cli, ["doctor", "--json", *options])
        return done.exit_code, json.loads(done.output)

    return call


def of(found: Any, about: str, text: str = "") -> Finding:
    """The one finding about something with these words in it."""
    [finding] = [one for one in found if one.about == about and text in one.said]
    assert isinstance(finding, Finding)
    # What is not well has advice, and what is well needs none.
    assert bool(finding.advice) is (finding.weight is not Weight.FINE)
    return finding


def a_worker(name: str, **changes: Any) -> Worker:
    usual = {
        "name": name,
        "host": "here",
        "release": "1",
        "libraries": {"numpy": "2.0"},
        "models": ["fast@1"],
        "processes": [1],
        "memory": 1,
        "started_at": 1.0,
        "clock_ahead": 0.0,
        "blobs": "same",
    }
    return Worker.model_validate(usual | changes)


def test_everything_is_looked_at(run: Run) -> None:
    """One that has no worker has a fault; the status is that of the worst."""
    status, found = run("--url", "http://127.0.0.1:9")
    looked_at = {one["about"] for one in found}
    assert {
        "settings",
        "versions",
        "limits",
        "blobs",
        "models",
        "redis",
        "clock",
        "api",
    } < looked_at
    [worker] = [one for one in found if one["about"] == "workers"]
    assert (worker["weight"], status) == ("fault", 2)
    assert "python -m worker" in worker["advice"]
    assert not Path("blobs").exists()


def test_a_wrong_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is none, and one whose value cannot be."""
    monkeypatch.setenv("SCORELANE_PROCESES", "2")
    monkeypatch.setenv("SCORELANE_PART_SECONDS", "soon")
    status, found = run()
    said = " ".join(one["said"] for one in found if one["about"] == "settings")
    assert "did you mean SCORELANE_PROCESSES?" in said
    assert "SCORELANE_PART_SECONDS cannot be 'soon': it must be a number above 0" in said
    assert status == 2


@pytest.mark.usefixtures("run")
def test_a_person_reads_it() -> None:
    """A line each, and what to do below it."""
    done = CliRunner().invoke(cli, ["doctor", "--url", "http://127.0.0.1:9"])
    assert "x  workers   No worker lives" in done.output
    assert "\n              Start one" in done.output
    assert done.output.splitlines()[-1].startswith("faults: ")


def test_redis_keeps_what_it_is_given(link: RedisLink, redis_settings: Settings) -> None:
    """No append-only file is a warning, a policy that forgets jobs a fault."""
    found = list(examine_redis(redis_settings, link))
    assert of(found, "redis", "append-only").weight is Weight.WARNING
    assert of(found, "redis", "answers").weight is Weight.FINE
    assert of(found, "clock").weight is Weight.FINE
    link.client.config_set("maxmemory-policy", "allkeys-lru")
    link.client.config_set("maxmemory", 1)
    try:
        # Under that limit no command is let in that takes memory; INFO is.
        found = list(examine_redis(redis_settings, link))
    finally:
        link.client.config_set("maxmemory", 0)
        link.client.config_set("maxmemory-policy", "noeviction")
    assert of(found, "redis", "allkeys-lru").weight is Weight.FAULT
    assert of(found, "redis", "of the 0 MB").weight is Weight.WARNING


def test_redis_is_old_slow_or_unlike_the_clock(
    link: RedisLink, redis_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is said."""
    monkeypatch.setattr(redis_examination, "LEAST_VERSION", (99, 0))
    monkeypatch.setattr(redis_examination, "SLOW", 0.0)
    monkeypatch.setattr(redis_examination, "MOST_SKEW", -1.0)
    found = list(examine_redis(redis_settings, link))
    assert "99.0" in of(found, "redis", "Redis is").advice
    assert of(found, "redis", "takes").weight is Weight.WARNING
    assert of(found, "clock").weight is Weight.WARNING


def test_redis_is_away_or_far() -> None:
    """Where it was looked for is said, without its password."""
    settings = Settings(redis_url="redis://:hidden@127.0.0.1:1/0")
    found = list(examine_redis(settings, RedisLink(settings)))
    assert of(found, "redis", "redis://127.0.0.1:1/0 does not answer").weight is Weight.FAULT
    assert "hidden" not in str(found)


def test_blobs_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And there is room for them; a folder that is not there yet is not made by looking."""
    assert of(examine_blobs(tmp_path / "new"), "blobs").weight is Weight.FINE
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    assert of(examine_blobs(tmp_path / "file"), "blobs").weight is Weight.FAULT
    monkeypatch.setattr(host_examination, "LITTLE_ROOM", 10**18)
    assert of(examine_blobs(tmp_path), "blobs").weight is Weight.WARNING
    monkeypatch.setattr(host_examination, "NO_ROOM", 10**18)
    assert of(examine_blobs(tmp_path), "blobs").weight is Weight.FAULT


def test_models_are_whole_and_served(tmp_path: Path) -> None:
    """A file that was changed is a fault; a default model that is not there a warning."""
    usual = Settings(models_dir=ROOT / "models", serve="fast")
    assert of(examine_models(usual), "models").weight is Weight.FINE
    other = usual.model_copy(update={"default_model": "mine"})
    assert of(examine_models(other), "models", "default").weight is Weight.WARNING
    folder = tmp_path / "fast"
    folder.mkdir()
    for file in FAST.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with (folder / "model.pkl").open("ab") as file:
        file.write(b"x")
    changed = usual.model_copy(update={"models_dir": tmp_path})
    assert "is not the file that its card names" in of(examine_models(changed), "models").said


def test_libraries_and_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other versions than were tested are named, with those."""
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("numpy==0.1\nno-such-package==1\npandas==0.2; sys_platform != 'x'\n")
    said = of(examine_versions(constraints), "versions").said
    assert "(0.1)" in said
    assert "(0.2)" in said
    assert "no-such" not in said
    assert list(examine_versions(tmp_path / "none")) == []
    monkeypatch.setattr(host_examination.resource, "getrlimit", lambda _: (256, 4096))
    assert of(examine_limits(), "limits").weight is Weight.WARNING


def test_a_port_of_metrics_that_is_taken() -> None:
    """It is a warning: a worker scores without it."""
    with host_examination.socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(metrics_port=taken.getsockname()[1])
        assert of(examine_metrics_port(settings), "metrics").weight is Weight.WARNING
    assert list(examine_metrics_port(Settings())) == []


def test_workers_are_alike(link: RedisLink, redis_settings: Settings) -> None:
    """Releases, libraries, models, clocks, and the folder of blobs."""
    fleet = RedisFleet(link, redis_settings)
    settings = redis_settings.model_copy(update={"default_model": "other"})

    def examined(*workers: Worker) -> list[Finding]:
        for worker in workers:
            fleet.announce(worker.name, [])
            fleet.describe(worker)
        return list(examine_workers(settings, link, "same", "1"))

    found = examined(a_worker("a"))
    assert of(found, "workers", "1 live").weight is Weight.FINE
    assert of(found, "workers", "default model").weight is Weight.WARNING
    found = examined(
        a_worker("b", release="2", libraries={"numpy": "2.1"}, models=["fast@2"], blobs="other"),
        a_worker("c", blobs="", clock_ahead=-60.0),
    )
    for words in ("releases differ", "numpy: 2.0, 2.1", "versions of fast: 1, 2"):
        assert of(found, "workers", words).weight is Weight.WARNING
    assert of(found, "clock", "-60 s").weight is Weight.WARNING
    assert of(found, "blobs", "same folder").weight is Weight.FAULT
    assert of(found, "blobs", "written by c").weight is Weight.FAULT


def test_who_answers_at_the_address(answers: Any) -> None:
    """Ready, not ready and why, something else, or nobody."""
    problem = {"type": "urn:scorelane:problem:no-model-yet", "detail": "No worker yet."}
    answers.add("GET /readyz", 200, {"status": "ok", "processes": {}})
    answers.add("GET /readyz", 503, problem)
    answers.add("GET /readyz", 200, b"hello")
    answers.add("GET /readyz", 200, {"status": "other"})
    assert of(examine_api(answers.url), "api").weight is Weight.FINE
    assert of(examine_api(answers.url), "api", "not ready").advice == "No worker yet."
    assert of(examine_api(answers.url), "api", "Something else").weight is Weight.FAULT
    assert of(examine_api(answers.url), "api", "Something else").weight is Weight.FAULT
    answers.add("GET /readyz", 502, b"a proxy")
    assert of(examine_api(answers.url), "api", "Something else").weight is Weight.FAULT
    for nobody in ("http://127.0.0.1:9", "nowhere"):
        assert of(examine_api(nobody), "api", "Nothing").weight is Weight.WARNING


def test_a_stack_on_this_machine_is_found(tmp_path: Path) -> None:
    """By the note in its data folder, unless a variable names another Redis."""
    usual = Settings()
    assert settings_of_stack(usual, tmp_path, {}) == usual
    note_redis(tmp_path, "unix:///somewhere")
    found = settings_of_stack(usual, tmp_path, {})
    assert (found.redis_url, found.blobs_dir) == ("unix:///somewhere", tmp_path / "blobs")
    assert settings_of_stack(usual, tmp_path, {"SCORELANE_REDIS_URL": "x"}) == usual


def test_the_worst_decides() -> None:
    """And where nothing was found, all is well."""
    assert worst([]) is Weight.FINE
    assert worst([Finding("x", weight, "") for weight in Weight]) is Weight.FAULT
