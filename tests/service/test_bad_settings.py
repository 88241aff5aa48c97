"""The real programs with invalid settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parent.parent.parent
WORKER = (sys.executable, "-m", "worker")
API = (
    sys.executable,
    "-m",
    "gunicorn",
    "--config",
    "python:api.gunicorn_conf",
    "--bind",
    "127.0.0.1:0",
    "api.wsgi:app",
)
SERVE = (str(Path(sys.executable).with_name("scorelane")), "serve", "--port", "0")


@pytest.mark.parametrize(
    ("command", "name", "value", "must", "status"),
    [
        (WORKER, "RETENTION_SECONDS", "-1", "a number above 0", 78),
        (API, "RETENTION_SECONDS", "-1", "a number above 0", 78),
        (WORKER, "WEBHOOK_SECRETS", "whsec_4711x", "Webhook secret 1", 78),
        (API, "WEBHOOK_SECRETS", "whsec_4711x", "Webhook secret 1", 78),
        (API, "API_KEYS", "alice sha256:4711x", "OWNER SCOPE,SCOPE sha256:HEX", 78),
        (SERVE, "WEBHOOK_SECRETS", "whsec_4711x", "Webhook secret 1", 3),
    ],
)
def test_a_setting_that_cannot_be_used(
    command: tuple[str, ...], name: str, value: str, must: str, status: int, tmp_path: Path
) -> None:
    """The program ends at once with one line, and an exit status that prevents a restart."""
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        f"SCORELANE_{name}": value,
    }
    done = subprocess.run(
        command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == status, done.stderr
    [line] = done.stderr.splitlines()
    assert f"SCORELANE_{name}" in line
    assert must in line
    assert "4711x" not in line
    assert not done.stdout
