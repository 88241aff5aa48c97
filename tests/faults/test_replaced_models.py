"""Models that are replaced, damaged or removed while the service runs."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis
from support.constant_model import ConstantModel, CrashingModel, RaisingModel
from support.faulty import Faulty, SentJob
from support.waiting import wait_for

from benchmarks.runtime_package import make
from shared.card import read_card, write_card
from shared.config.settings import Settings
from shared.dispatch import CeleryDispatch, make_celery, small_queue
from shared.model import SCORE
from training.model_folder import new_model_folder

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]

#: A process takes this many seconds for a row, so that a job of 20,000 rows lasts for some seconds.
PACE = "0.0003"

#: Settings under which what is lost is found quickly.
SHORT = {
    "lease_seconds": "2",
    "reconcile_seconds": "0.5",
    "heartbeat_seconds": "0.5",
    "models_seconds": "0.2",
}


def serve_constant(service: Faulty, folder: Path, score: str) -> Path:
    """Let workers that start from now on serve a model that gives this score; its folder."""
    service.env |= make(folder, "constant", ConstantModel, f"{score} {PACE}")
    return folder / "models" / "constant"


def replace(folder: Path, score: str) -> None:
    """Replace a model as `scorelane add-model --force` does."""
    with new_model_folder(folder.parent, folder.name, force=True) as building:
        write(building, score)


def write(folder: Path, score: str) -> None:
    """Write another version of the model into a folder."""
    (folder / "model.constant").write_text(f"{score} {PACE}")
    write_card(folder, name="constant", format="constant", files=["model.constant"])


def kill_children(worker: subprocess.Popen[bytes]) -> None:
    """Kill all scoring processes of a worker, and wait until others have taken their places."""
    killed = psutil.Process(worker.pid).children()
    for child in killed:
        child.send_signal(signal.SIGKILL)
    psutil.wait_procs(killed, 10)


def sentiment(service: Faulty) -> float:
    """The score of a text; asked again, as clients do, while no process is there to answer."""

    def answered() -> Any:
        answer = service.client.post("/sentiment", json={"text": ["well"]})
        if answer.status_code == 503 and "no-worker" in answer.text:
            return None
        assert answer.status_code == 200, answer.text
        return answer

    return float(wait_for(answered).json()[0][SCORE])


def check(service: Faulty, job: SentJob, score: float) -> None:
    """Check that every row has this score, once and in order."""
    ended = service.wait_for_end(job.location)
    assert (ended["state"], ended["rows"]["failed"]) == ("succeeded", 0), ended["detail"]
    found = service.results(job.location)
    assert found["ref"].tolist() == job.sent["ref"].tolist()
    assert set(found[SCORE]) == {score}


def wait_served(service: Faulty, folder: Path) -> None:
    """Wait until new jobs get the version that a folder holds."""
    version = read_card(folder).version

    def is_served() -> bool:
        models = service.client.get("/models").json()["models"]
        return any(one["version"] == version and one["processes"] for one in models)

    wait_for(is_served)


def test_a_model_is_replaced_under_a_running_job(start: Start, tmp_path: Path) -> None:
    """A job keeps its version, also in processes that are started later; new jobs get the new one.

    The worker is not restarted.
    """
    service = start(**SHORT, processes="2")
    folder = serve_constant(service, tmp_path / "constant", "0.25")
    worker = service.start_worker()
    service.wait_ready()
    job = service.submit_rows(20_000)
    service.wait_for_rows(job.location, 1)
    replace(folder, "0.75")
    kill_children(worker)
    wait_served(service, folder)
    kill_children(worker)
    assert sentiment(service) == 0.75
    check(service, job, 0.25)
    check(service, service.submit_rows(100), 0.75)
    assert worker.poll() is None


def test_the_files_of_a_model_are_overwritten(start: Start, tmp_path: Path) -> None:
    """Processes that start later cannot load the version that was overwritten.

    They serve the new one, and a job of the old one says what it waits for: no row of it gets an
    error, and none the score of another version.
    """
    service = start(**SHORT)
    folder = serve_constant(service, tmp_path / "constant", "0.25")
    worker = service.start_worker()
    service.wait_ready()
    job = service.submit_rows(200_000)
    service.wait_for_rows(job.location, 1)
    write(folder, "0.75")
    wait_served(service, folder)
    kill_children(worker)
    wait_for(lambda: service.status("/readyz") == 200 and sentiment(service) == 0.75, 60)
    full_name = f"constant@{service.job(job.location)['model']['version']}"
    wait_for(lambda: f"No worker serves {full_name} at present" in detail(service, job))
    waiting = service.job(job.location)
    assert (waiting["state"], waiting["rows"]["failed"]) == ("running", 0)
    assert "is served in its place: after 600 s the job fails." in waiting["detail"]
    rows = service.client.get(f"{job.location}/results?partial=true&format=json").json()["rows"]
    assert {row[SCORE] for row in rows} == {0.25}
    assert worker.poll() is None


def detail(service: Faulty, job: SentJob) -> str:
    """What a job waits for."""
    return service.job(job.location)["detail"] or ""


def test_bad_models_do_not_keep_the_others_from_being_served(start: Start, tmp_path: Path) -> None:
    """A damaged, a cardless, a raising and a crashing model are named, each with the reason."""
    service = start(**SHORT, processes="2", serve="")
    good = serve_constant(service, tmp_path / "models", "0.25")
    make(tmp_path / "models", "raising", RaisingModel, "0.5 0")
    make(tmp_path / "models", "crashing", CrashingModel, "0.5 0")
    (good.parent / "damaged").mkdir()
    write(good.parent / "damaged", "0.5")
    (good.parent / "cardless").mkdir()
    write_card(good.parent / "damaged", name="damaged", format="constant", files=["model.constant"])
    (good.parent / "damaged" / "model.constant").write_text("cut off")
    service.env["SCORELANE_SERVE"] = ""
    worker = service.start_worker()
    service.wait_ready()
    reasons = {
        "damaged": "is not the file that its card names",
        "cardless": "has no card.json",
        "crashing": "2 processes in a row died while they loaded the model",
        "raising": "LookupError: it knows no word of this language",
    }
    assert sentiment(service) == 0.25
    found = wait_for(
        lambda: (
            (failed := service.client.get("/models").json()["failed"])
            and len(failed) == len(reasons)
            and failed
        )
    )
    for one in found:
        assert reasons[one["name"]] in one["reason"]
        assert os.sep + one["name"] in one["reason"] or one["name"] == "raising"
    ready = service.client.get("/readyz").json()
    assert ready["failed"] == sorted(reasons)
    assert [name.partition("@")[0] for name in ready["processes"]] == ["constant"]
    refused = service.client.post("/jobs?model=raising", json={"text": ["a"]})
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (
        422,
        "unknown-model",
    )
    # Its queue is not consumed: what waits there is for a worker that can load the model.
    queue = small_queue(read_card(good.parent / "raising").full_name)
    url = service.env["SCORELANE_REDIS_URL"]
    with make_celery(Settings(redis_url=url)) as celery, Redis.from_url(url) as redis:
        CeleryDispatch(celery).answer(queue.partition(".")[2])
        check(service, service.submit_rows(1000), 0.25)
        assert redis.llen(f"scorelane:{queue}") == 1
    assert worker.poll() is None
