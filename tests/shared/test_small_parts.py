"""Errors, blobs, progress and settings: what both programs rely on."""

import pickle
from pathlib import Path

import pytest

from shared.errors.input import UnknownModel
from shared.errors.service import JobNotFound
from shared.jobs.job import Job
from shared.jobs.job_ids import is_job_id, new_job_id
from shared.jobs.spec import Spec
from shared.jobs.state import State
from shared.storage.folder_blobs import FolderBlobs
from shared.tables.csv_layout import CsvLayout


def a_job(**about: object) -> Job:
    spec = Spec(
        id=new_job_id(),
        model="fast",
        version="0" * 12,
        kind="bulk",
        layout=CsvLayout(start=10),
        size=1010,
    )
    return Job(spec=spec, **{"created_at": 0.0, "cut_bytes": 10, **about})


def test_an_error_survives_pickling() -> None:
    """Celery and multiprocessing pass on an error with its message and its code."""
    error = pickle.loads(pickle.dumps(UnknownModel(model="x", why="", models="a")))  # noqa: S301
    assert isinstance(error, UnknownModel)
    assert str(error) == "There is no model 'x'. The models here: a."
    assert (error.code, JobNotFound(job_id="1").code) == ("unknown-model", "job-not-found")


def test_ids_sort_by_their_time() -> None:
    """Ids are 32 hex digits that sort by time; nothing else is taken for an id."""
    job_id = new_job_id()
    assert is_job_id(job_id)
    assert not any(map(is_job_id, ["", job_id[1:], job_id + "0", job_id.upper() + "G", "../" * 11]))
    assert job_id[:12] <= new_job_id()[:12]


def test_a_blob_is_complete_or_absent(tmp_path: Path) -> None:
    """A failed write leaves no blob and no temporary file."""
    blobs = FolderBlobs(tmp_path)

    def write_half() -> None:
        with blobs.writing("jobs/1/upload") as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    with pytest.raises(FileNotFoundError):
        blobs.read("jobs/1/upload")
    assert list((tmp_path / "jobs/1").iterdir()) == []


def test_blobs_are_read_by_range_and_deleted_by_folder(tmp_path: Path) -> None:
    """A range of a blob can be read, and the blobs of a job are deleted together."""
    blobs = FolderBlobs(tmp_path)
    blobs.put("jobs/1/upload", b"0123456789")
    blobs.put("jobs/1/upload", b"abcdefghij")
    blobs.put("jobs/2/upload", b"other")
    assert blobs.read("jobs/1/upload", 3, 4) == b"defg"
    blobs.delete("jobs/1/")
    blobs.delete("jobs/1/")
    with pytest.raises(FileNotFoundError):
        blobs.read("jobs/1/upload")
    assert blobs.read("jobs/2/upload") == b"other"


def test_progress_is_estimated_until_the_upload_is_split() -> None:
    """Until the rows are counted, their number is scaled up from the bytes that were cut."""
    job = a_job(state=State.RUNNING, started_at=100.0, cut_rows=50, cut_bytes=510, completed=25)
    assert job.progress == pytest.approx(0.25)
    assert job.rows_per_second(110.0) == pytest.approx(2.5)
    assert job.eta_seconds(110.0) == pytest.approx(30)
    split = job.model_copy(update={"total": 50})
    assert split.progress == pytest.approx(0.5)


def test_nothing_is_known_of_a_job_that_waits() -> None:
    """A job that no worker has begun has no rate and no ETA; an ended one has an ETA of 0."""
    job = a_job()
    assert (job.progress, job.rows_per_second(1.0), job.eta_seconds(1.0)) == (0.0, None, None)
    ended = a_job(state=State.SUCCEEDED, started_at=1.0, finished_at=2.0, completed=3, total=3)
    assert (ended.progress, ended.eta_seconds(9.0), ended.rows_per_second(9.0)) == (1.0, 0.0, 3.0)
