"""What operators see of the service at `GET /service`, with the real programs."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from support.programs import ROOT, Programs, kill, many_rows, programs
from support.waiting import wait_for

from shared.config.settings import PREFIX

pytestmark = pytest.mark.stack


ROWS = 20_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, sockets: Path) -> Iterator[Programs]:
    """The service with two API processes, two workers, and one unknown setting."""
    folder = tmp_path_factory.mktemp("operators")
    own = Path(tempfile.mkdtemp(dir=sockets))
    env = {"SCORELANE_RETENTION_SECOND": "5"}
    with programs(folder, own, env=env, processes="2", heartbeat_seconds="0.5") as running:
        for _ in range(2):
            running.start_worker()
        wait_for(lambda: seen(running)["now"]["processes"] == 4)
        yield running


def seen(service: Programs) -> dict[str, Any]:
    answer = service.client.get("/service")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_history_is_there_before_anybody_looks(service: Programs) -> None:
    """Both API processes give the same samples, one each ten seconds, with the rows of a job."""
    content, _ = many_rows(ROWS)
    service.wait_for_end(service.submit(content))

    def samples_of_one() -> list[dict[str, Any]]:
        # A connection of its own each time: either process answers.
        answer = httpx.get(f"http://127.0.0.1:{service.port}/service", timeout=60)
        assert answer.status_code == 200, answer.text
        samples: list[dict[str, Any]] = answer.json()["history"]["samples"]
        return samples

    wait_for(lambda: any(one["rows_per_second"] for one in samples_of_one()), seconds=60)
    samples = samples_of_one()
    slots = [datetime.fromisoformat(one["time"]).timestamp() // 10 for one in samples]
    assert len(set(slots)) == len(slots)
    assert all(one["worker_memory"] > 1e8 and one["redis_memory"] > 1e5 for one in samples[1:])
    for _ in range(8):
        assert samples_of_one()[: len(samples)] == samples
    now = seen(service)["now"]
    assert (now["workers"], now["processes"]) == (2, 4)
    assert [one["processes"] for one in now["models"]] == [4]
    assert set(now["releases"]["workers"]) == {now["releases"]["api"]}
    # Of gunicorn's main process and both of its children.
    [api] = service.running("api")
    processes = [psutil.Process(api.pid), *psutil.Process(api.pid).children()]
    resident = sum(one.memory_info().rss for one in processes)
    assert now["memory"]["api"]["used"] == pytest.approx(resident, rel=0.2)


def test_errors_of_all_programs_are_in_one_place(service: Programs) -> None:
    """Warnings that the API and the workers have logged, equal ones of several workers once."""

    def logged() -> list[dict[str, Any]]:
        errors = seen(service)["errors"]
        return [one for one in errors if "RETENTION_SECOND" in one["message"]]

    wait_for(lambda: sorted(one["program"] for one in logged()) == ["api", "worker"])
    wait_for(lambda: {one["program"]: one["count"] for one in logged()}["worker"] >= 2)
    assert {one["level"] for one in logged()} == {"warning"}
    assert {one["logger"] for one in logged()} == {"shared.telemetry.logs"}


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
    # The last heartbeat of a process may run out after that of its worker.
    now = wait_for(lambda: not (now := seen(fragile)["now"])["models"] and now)
    assert (now["workers"], now["processes"]) == (0, 0)
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
