"""The parts of the one-machine stack, without starting it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scorelane.commands.serve import _new_lines
from scorelane.stack import programs, supervisor
from scorelane.stack.environment import (
    environment,
    with_absolute_paths,
)
from scorelane.stack.guard import Guard, carry_out
from scorelane.stack.programs import Program
from scorelane.stack.restarts import MOST, Restarts
from scorelane.stack.start import Start, leaves_anything
from scorelane.stack.supervisor import Plan, run
from shared.config.settings import Settings
from shared.errors.service import BadKey, BadSettings, NoKeys


def test_restarts_are_bounded() -> None:
    """A program that ends soon after each start is given up; a long life clears its record."""
    now = 0.0
    restarts = Restarts(60.0, clock=lambda: now)
    for _ in range(3):
        assert [restarts.may_restart() for _ in range(MOST)] == [True] * MOST
        assert not restarts.may_restart()
        now += 60.0


def test_paths_count_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every path among the settings is absolute for the programs, however it is spelled."""
    names = [name for name, field in Settings.model_fields.items() if "Path" in str(field)]
    assert len(names) >= 4
    monkeypatch.chdir(tmp_path)
    for name in names:
        monkeypatch.setenv(f"SCORELANE_{name.upper()}", f"some/{name}")
    monkeypatch.setenv("scorelane_api_keys_file", "some/other")
    env = environment(with_absolute_paths(Settings()))
    for name in set(names) - {"api_keys_file"}:
        assert env[f"SCORELANE_{name.upper()}"] == str(tmp_path / "some" / name)
    assert "scorelane_api_keys_file" not in env
    assert env["SCORELANE_API_KEYS_FILE"].startswith(str(tmp_path / "some"))


@pytest.mark.parametrize(
    ("setting", "content", "error", "message"),
    [
        ("API_KEYS_FILE", None, BadSettings, "keys.txt.*cannot be read"),
        ("API_KEYS_FILE", "nonsense", BadKey, "Line 1 of the API keys in .*keys.txt"),
        ("REDIS_PASSWORD_FILE", None, BadSettings, "SCORELANE_REDIS_PASSWORD_FILE"),
        ("WEBHOOK_SECRETS_FILE", None, BadSettings, "SCORELANE_WEBHOOK_SECRETS_FILE"),
        ("LOG_LEVEL", "INFO", NoKeys, "no keys"),
    ],
)
def test_settings_are_checked_before_anything_starts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    content: str | None,
    error: type[Exception],
    message: str,
) -> None:
    """A file of keys that cannot be used, or an open door without keys, is an error at once."""
    monkeypatch.chdir(tmp_path)
    if content:
        (tmp_path / "keys.txt").write_text(content)
    monkeypatch.setenv(f"SCORELANE_{setting}", "INFO" if setting == "LOG_LEVEL" else "keys.txt")
    monkeypatch.setattr(supervisor, "find_models_once", pytest.fail)
    plan = Plan(data=str(tmp_path / "data"), host="0.0.0.0", port=0, processes=1, models=None)
    with pytest.raises(error, match=message):
        run(plan)
    assert not (tmp_path / "data").exists()


def test_the_guard_stops_the_present_process_of_each_service() -> None:
    """A process that was replaced is left alone: its number may be another program's by now."""
    old, new = (
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, process_group=0)
        for _ in range(2)
    )
    orders = [{"service": "Worker", "pid": one.pid, "grace": 0.0} for one in (old, new)]
    carry_out(orders)
    assert new.wait() in (-signal.SIGTERM, -signal.SIGKILL)
    assert old.poll() is None
    os.killpg(old.pid, signal.SIGKILL)
    for one in (old, new):
        with one:
            pass


def test_the_log_of_a_service_that_was_started_again(tmp_path: Path) -> None:
    """Lines are read once, also after the log was begun anew."""
    log = tmp_path / "api.log"
    log.write_bytes(b"one\ntwo\nthr")
    lines, position = _new_lines(log, 4)
    assert lines == [b"two"]
    assert _new_lines(log, position) == ([], position)
    log.write_bytes(b"new\n")
    assert _new_lines(log, position) == ([b"new"], 4)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SCORELANE_BLOBS", "s3://bucket/prefix"),
        ("SCORELANE_WEBHOOK_SECRETS", "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
    ],
)
def test_what_reaches_out_is_ended_in_order(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    """Without blobs elsewhere, callbacks and spans a service may be killed with its folder."""
    assert not leaves_anything(Settings())
    monkeypatch.setenv(setting, value)
    assert leaves_anything(Settings())


class Graces(Guard):
    """A guard without a process, which only notes what grace each program gets."""

    def __init__(self) -> None:
        self.given: list[float] = []

    def stop(self, service: subprocess.Popen[bytes], *, name: str, grace: float) -> None:
        """Note the grace."""
        self.given.append(grace)


@pytest.mark.parametrize(
    ("may_kill", "graces"), [(True, [0.0, 0.0]), (False, [programs.START_GRACE, 60.0])]
)
def test_a_service_for_one_file_ends_at_once(
    tmp_path: Path, may_kill: bool, graces: list[float]
) -> None:
    """Its programs are killed: their folder is removed, so there is nothing to end in order."""
    (tmp_path / "logs").mkdir()
    guard = Graces()
    start = Start(tmp_path, {**os.environ}, guard, seconds=60.0, may_kill=may_kill)
    service = start.service(Program("One", [sys.executable, "-c", "pass"], grace=60.0))
    service.works()
    service._process.wait()
    assert guard.given == graces
