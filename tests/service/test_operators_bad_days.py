"""What operators see of the service after programs have died, with the real programs."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from support.programs import ROOT, Programs, kill
from support.waiting import wait_for

from shared.config.settings import PREFIX

pytestmark = pytest.mark.stack


def seen(service: Programs) -> dict[str, Any]:
    answer = service.client.get("/service")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_what_is_logged_while_redis_is_away_is_seen_afterwards(fragile: Programs) -> None:
    """Without Redis the page is a 503; later both programs' errors of that time are listed."""
    fragile.start_worker()
    fragile.wait_ready()
    wait_for(lambda: seen(fragile)["history"]["samples"])
    fragile.redis.send_signal(signal.SIGTERM)
    fragile.redis.wait(30)
    fragile.client.timeout = 15
    answer = fragile.client.get("/service")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:scorelane:problem:store-unavailable"
    log = fragile.folder / "worker.log"
    wait_for(lambda: "no heartbeat: Redis does not answer" in log.read_text())
    fragile.start_redis()

    def messages(program: str) -> str:
        errors = seen(fragile)["errors"]
        return " | ".join(one["message"] for one in errors if one["program"] == program)

    wait_for(lambda: "no heartbeat: Redis does not answer" in messages("worker"))
    wait_for(lambda: "Redis: " in messages("api"))
    # The history was written to Redis's disk, and goes on.
    before = len(seen(fragile)["history"]["samples"])
    assert before > 0
    wait_for(lambda: len(seen(fragile)["history"]["samples"]) > before)


def test_a_dead_fleet_is_a_fault_for_the_page_and_for_doctor(fragile: Programs) -> None:
    """When the last worker has died, the API says so, and doctor from outside repeats it."""
    worker = fragile.start_worker()
    fragile.wait_ready()
    wait_for(lambda: seen(fragile)["history"]["samples"])
    kill(worker)

    def faults() -> list[dict[str, Any]]:
        return [one for one in seen(fragile)["findings"] if one["level"] == "fault"]

    wait_for(lambda: any("No worker is alive" in one["message"] for one in faults()))
    now = seen(fragile)["now"]
    assert (now["workers"], now["processes"], now["models"]) == (0, 0, [])
    elsewhere = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from scorelane.commands.main import main; main()",
            "doctor",
            "--json",
            "--url",
            str(fragile.client.base_url),
        ],
        cwd=fragile.folder,
        env=elsewhere | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    found = json.loads(done.stdout)
    of_api, *others = [one for one in found if one["level"] == "fault"]
    assert "is not ready" in of_api["message"]
    assert others == faults()
