"""Models that appear, change and disappear while the service runs."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.changing_models import NAME, SHORT, ChangingModels, scoring_pids
from support.faulty import faulty
from support.waiting import wait_for

PROCESSES = 2


@pytest.fixture
def models(tmp_path: Path, sockets: Path) -> Iterator[ChangingModels]:
    """The models folder of a service whose API runs; the test starts the worker."""
    own = Path(tempfile.mkdtemp(dir=sockets))
    settings = {"default_model": NAME, "serve": "", "replaced_seconds": "0.5"}
    with faulty(tmp_path, own, processes=str(PROCESSES), **(SHORT | settings)) as service:
        yield ChangingModels(service, tmp_path / "moody", 0.25, pace=0.002)


@pytest.fixture
def worker(models: ChangingModels) -> subprocess.Popen[bytes]:
    """A worker with two processes that are ready."""
    worker = models.service.start_worker()
    models.service.wait_ready()
    wait_for(lambda: models.service.processes() == PROCESSES)
    return worker


def test_a_model_that_appears_is_served_by_the_same_processes(
    models: ChangingModels, worker: subprocess.Popen[bytes]
) -> None:
    """Another model and another version are served without a restart."""
    pids = scoring_pids(worker)
    other = models.put(0.5, name="other")
    models.wait_served(other)
    assert models.score("other") == 0.5
    second = models.put(0.75)
    models.wait_served(second)
    assert models.score() == 0.75
    wait_for(lambda: set(models.serving().values()) == {PROCESSES})
    assert len(models.serving()) == 3
    models.check(models.service.submit_rows(1000), 0.75)
    assert scoring_pids(worker) == pids


def test_a_job_keeps_the_version_that_is_replaced_under_it(
    models: ChangingModels, worker: subprocess.Popen[bytes]
) -> None:
    """New jobs get the new version at once, and the old one is unloaded when its job has ended."""
    first = models.current()
    job = models.service.submit_rows(20_000)
    models.service.wait_for_rows(job.location, 1)
    second = models.put(0.75, force=True)
    models.wait_served(second)
    assert models.service.job(job.location)["state"] == "running"
    assert models.score() == 0.75
    models.hurry()
    models.check(models.service.submit_rows(200), 0.75)
    models.check(job, 0.25)
    wait_for(lambda: models.serving() == {second: PROCESSES})
    assert first != second
    assert worker.poll() is None


def test_a_model_that_disappears_takes_no_new_jobs_and_ends_its_own(
    models: ChangingModels, worker: subprocess.Popen[bytes]
) -> None:
    """Its running job ends; then it is unloaded, and comes back with its folder."""
    other = models.put(0.5, name="other")
    models.wait_served(other)
    job = models.service.submit_rows(20_000)
    models.service.wait_for_rows(job.location, 1)
    away = models.folder.parent / "away"
    (models.folder / NAME).rename(away)
    wait_for(lambda: not models.current())
    # Each process of the API learns it within a second.
    wait_for(lambda: post(models) == 422)
    assert models.service.job(job.location)["state"] == "running"
    models.hurry()
    models.check(job, 0.25)
    wait_for(lambda: models.serving() == {other: PROCESSES})
    away.rename(models.folder / NAME)
    wait_for(models.current)
    assert models.score() == 0.25
    assert worker.poll() is None


def post(models: ChangingModels) -> int:
    """The status of a job of one row."""
    return models.service.client.post(f"/jobs?model={NAME}", json={"text": ["a"]}).status_code


def test_models_that_cannot_be_loaded_change_nothing(models: ChangingModels) -> None:
    """`GET /models` says why; the version before them goes on, in the same processes."""
    models.service.env |= {
        "SCORELANE_TRIAL_SECONDS": "15",
        "SCORELANE_MAX_PROCESS_BYTES": str(400 * 2**20),
    }
    worker = models.service.start_worker()
    models.service.wait_ready()
    wait_for(lambda: models.service.processes() == PROCESSES)
    first, pids = models.current(), scoring_pids(worker)
    for mood, reason in (
        ("raises", "LookupError: it knows no word of this language"),
        ("leaves", "ended the process that loaded it, with exit status 3."),
        ("crashes", "was ended by SIGSEGV."),
        ("eats", "takes more than"),
        ("hangs", "was not loaded within 15 s"),
    ):
        models.put(0.75, mood, force=mood != "raises")
        models.wait_failed(NAME, reason)
        assert models.current() == first
        models.check(models.service.submit_rows(100), 0.25)
    second = models.put(0.5, force=True)
    models.wait_served(second)
    wait_for(lambda: not models.failed())
    assert scoring_pids(worker) == pids


def test_a_folder_that_is_copied_slowly_is_served_when_it_is_whole(
    models: ChangingModels, worker: subprocess.Popen[bytes]
) -> None:
    """Until then nothing of it is loaded, and it is reported only if it stays as it is."""
    first, source = models.current(), models.folder.parent / "source"
    source.mkdir()
    second = models.write(source, 0.75)
    content = (source / f"model.{NAME}").read_bytes()
    copied = models.folder / "copied"
    copied.mkdir()
    (copied / "card.json").write_bytes((source / "card.json").read_bytes())
    with (copied / f"model.{NAME}").open("wb") as file:
        for byte in content[:-1]:
            file.write(bytes([byte]))
            file.flush()
            assert models.current() == first
        models.wait_failed("copied", "is not the file that its card names")
        file.write(content[-1:])
    wait_for(lambda: models.serving().get(second) == PROCESSES)
    wait_for(lambda: not models.failed())
    # The folder that is named like the model has the version for new jobs.
    assert models.current() == first
    assert worker.poll() is None


def test_a_models_folder_that_is_away_changes_nothing(
    models: ChangingModels, worker: subprocess.Popen[bytes]
) -> None:
    """It is logged once; what changed meanwhile is found when the folder is back."""
    first = models.current()
    away = models.folder.with_name("away")
    models.folder.rename(away)
    log = models.service.folder / "worker.log"
    wait_for(lambda: "the models folder cannot be read" in log.read_text())
    models.check(models.service.submit_rows(100), 0.25)
    assert models.current() == first
    models.folder, home = away, models.folder
    second = models.put(0.75)
    models.folder = home
    away.rename(home)
    models.wait_served(second)
    assert log.read_text().count("the models folder cannot be read") == 1
    assert worker.poll() is None
