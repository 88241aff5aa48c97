"""Workers die while models appear, change and disappear under running jobs; the folder fails."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.changing_models import NAME, SHORT, ChangingModels, wait_serving
from support.faulty import Faulty, SentJob
from support.small_disk import fill, small_disk
from support.waiting import wait_for

pytestmark = pytest.mark.faults

Start = Callable[..., Faulty]
Measured = Callable[[str], None]

#: Rows of the job under which the versions change. `FAULT_ROWS=500000` takes minutes.
ROWS = int(os.environ.get("FAULT_ROWS", "60000"))

#: How often the versions change, and a worker or one of its processes is killed.
CHANGES = 10


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    with small_disk(tmp_path / "disk", 4 * 2**20) as path:
        yield path


def serve(service: Faulty, folder: Path, pace: float = 0.0) -> ChangingModels:
    """The models folder of a service, with one model; its worker is started by the test."""
    models = ChangingModels(service, folder, 0.0, pace=pace)
    service.env["SCORELANE_DEFAULT_MODEL"] = NAME
    return models


def test_workers_die_while_versions_change_under_a_job(
    start: Start, measured: Measured, tmp_path: Path
) -> None:
    """Ten versions and ten `kill -9` of workers and scoring processes under a running job.

    Each row is scored by the version that its job names, and no question is refused.
    """
    service = start(**SHORT, default_model=NAME, replaced_seconds="1")
    models = serve(service, tmp_path / "moody", pace=0.005)
    workers = [service.start_worker() for _ in range(2)]
    service.wait_ready()
    wait_serving(service, workers)
    scores = {models.current(): 0.0}
    job = service.submit_rows(ROWS)
    service.wait_for_rows(job.location, 1)
    jobs, kept = [], models.current()

    def named(one: SentJob) -> str:
        model = service.job(one.location)["model"]
        return f"{model['name']}@{model['version']}"

    for change in range(1, CHANGES + 1):
        scores[models.put(change / 100)] = change / 100
        service.kill_in_turn(workers, change)
        jobs.append(service.submit_rows(50))
        assert models.score() in scores.values()
        models.wait_served(next(reversed(scores)))
        wait_serving(service, workers)
        jobs.append(service.submit_rows(50))
        assert models.score() in scores.values()
        # The version before the last two disappears once its jobs are done: who deletes it earlier,
        # while workers are killed, fails them, because a new process cannot load it any more.
        if len(scores) > 3:
            gone = [*scores][-3]
            assert gone != kept
            for one in jobs:
                if named(one) == gone:
                    service.wait_for_end(one.location)
            shutil.rmtree(models.folder / gone)
    models.hurry()
    for one in [*jobs, job]:
        models.check(one, scores[named(one)])
    assert len(set(map(named, jobs))) > CHANGES // 2
    measured(f"{ROWS:,} + {50 * len(jobs)} rows, {CHANGES} versions")


def test_the_models_folder_is_full(
    start: Start, measured: Measured, tmp_path: Path, disk: Path
) -> None:
    """A model that does not fit is not served, and the others are; it is when there is room."""
    service = start(**SHORT, processes="2", default_model=NAME)
    models = serve(service, tmp_path / "moody")
    shutil.copytree(models.folder, disk, dirs_exist_ok=True)
    models.folder = disk
    service.env["SCORELANE_MODELS_DIR"] = str(disk)
    worker = service.start_worker()
    service.wait_ready()
    first, stuffing = models.current(), fill(disk)
    # A copy that breaks off, as `cp` does: the card is there, and the model is not.
    source = tmp_path / "source"
    source.mkdir()
    second = models.write(source, 0.75)
    with pytest.raises(OSError, match="No space left"):
        copy(source, disk / "second")
    models.wait_failed("second", "second")
    models.check(service.submit_rows(100), 0.0)
    assert models.current() == first
    stuffing.unlink()
    shutil.rmtree(disk / "second")
    copy(source, disk / "second")
    wait_for(lambda: second in models.serving())
    wait_for(lambda: not models.failed())
    assert worker.poll() is None
    measured("100 rows meanwhile")


def copy(source: Path, folder: Path) -> None:
    """Copy a model folder in the order of the names: the card first."""
    folder.mkdir()
    for path in sorted(source.iterdir()):
        (folder / path.name).write_bytes(path.read_bytes())


def test_the_models_folder_is_read_only(
    start: Start, measured: Measured, tmp_path: Path, disk: Path
) -> None:
    """Workers write nothing into it: models that appear there are served as elsewhere."""
    service = start(**SHORT, processes="2", default_model=NAME)
    models = serve(service, tmp_path / "moody")
    shutil.copytree(models.folder, disk, dirs_exist_ok=True)
    mount = ["mount", "-o", "remount,ro", str(disk)]
    subprocess.run(mount, check=True)
    service.env["SCORELANE_MODELS_DIR"] = str(disk)
    service.start_worker()
    service.wait_ready()
    models.check(service.submit_rows(100), 0.0)
    subprocess.run([*mount[:2], "remount,rw", str(disk)], check=True)
    models.folder = disk
    second = models.put(0.75)
    subprocess.run(mount, check=True)
    models.wait_served(second)
    models.check(service.submit_rows(100), 0.75)
    measured("200 rows")


def test_a_folder_that_changes_while_it_is_read(
    start: Start, measured: Measured, tmp_path: Path
) -> None:
    """A hundred versions are written over each other: what is served is always one of them whole.

    The last one is served in the end.
    """
    service = start(**SHORT, processes="2", default_model=NAME, replaced_seconds="1")
    models = serve(service, tmp_path / "moody")
    service.start_worker()
    service.wait_ready()
    scores = {models.current(): 0.0}
    other = models.folder / "in-place"
    other.mkdir()
    for change in range(1, 101):
        name = models.write(other, change / 1000, name="other")
        scores[name] = change / 1000
        last = models.put(0.2 + change / 1000, force=True)
        scores[last] = 0.2 + change / 1000
        if change % 10 == 0:
            job = service.submit_rows(20)
            version = service.job(job.location)["model"]["version"]
            models.check(job, scores[f"{NAME}@{version}"])
    models.wait_served(last)
    models.wait_served(name)
    assert models.score("other") == 0.1
    wait_for(lambda: not models.failed())
    measured("200 versions")
