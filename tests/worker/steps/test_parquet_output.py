"""A job with Parquet results ends when its file is complete, in spite of deaths and full disks."""

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow.parquet
import pytest
from support.doubles.length_model import length_score
from support.dying import Died
from support.in_memory import Service

from shared.config.settings import Settings
from shared.jobs.digest import Digest
from shared.jobs.state import State
from worker.steps import parquet_output

CSV = b"ref,text\n" + b"".join(b"r%d,%s\n" % (at, b"z" * at) for at in range(20))


def scored(service: Service) -> str:
    """Run a job until its parts are done and its finish is dispatched; return its id."""
    job_id = str(service.submit(CSV, format="parquet").json["id"])
    while service.dispatch.messages[0][0] != "finish":
        service.step()
    return job_id


def check(service: Service, job_id: str) -> None:
    """Assert that the job has succeeded, and that its file has every row."""
    assert service.store.get(job_id).state is State.SUCCEEDED
    content = service.client.get(f"/jobs/{job_id}/results").data
    rows = pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
    assert [row["ref"] for row in rows] == [f"r{at}" for at in range(20)]
    assert [row["Sentiment_Score"] for row in rows[1:]] == [
        length_score("z" * at) for at in range(1, 20)
    ]
    assert rows[0]["error"] == "the text is empty"


def test_a_second_finish_changes_nothing(service: Service) -> None:
    """The second finish finds the job ended, and leaves the file as it is."""
    job_id = scored(service)
    service.pipeline.finish(job_id)
    key = service.store.get(job_id).spec.whole_key
    content = service.blobs.read(key)
    service.pipeline.finish(job_id)
    assert service.blobs.read(key) == content
    check(service, job_id)


def test_a_finish_during_another(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one process makes the file, no other makes it too, or ends the job."""
    job_id, assemble, times = scored(service), parquet_output.assemble, 0

    def assembling(*args: Any) -> Digest:
        nonlocal times
        times += 1
        service.pipeline.finish(job_id)
        assert service.store.get(job_id).state is State.RUNNING
        return assemble(*args)

    monkeypatch.setattr(parquet_output, "assemble", assembling)
    service.pipeline.finish(job_id)
    assert times == 1
    check(service, job_id)


@pytest.mark.parametrize("written", [False, True])
def test_a_finish_that_dies(
    service: Service,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    written: bool,
) -> None:
    """When the lease of the dead process has run out, another one makes the file."""
    service.store._settings = settings.model_copy(update={"lease_seconds": 0.0})
    job_id, assemble = scored(service), parquet_output.assemble

    def die(*args: Any) -> None:
        if written:
            assemble(*args)
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(parquet_output, "assemble", die)
        with pytest.raises(Died):
            service.pipeline.finish(job_id)
    service.dispatch.messages.clear()
    assert service.store.get(job_id).state is State.RUNNING
    service.reconcile()
    service.work()
    check(service, job_id)


def test_a_full_disk_holds_the_finish_up(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job names the reason, and ends by itself when there is room."""
    service.store._settings = settings.model_copy(update={"lease_seconds": 0.0})
    job_id = scored(service)

    @contextmanager
    def full(_key: str) -> Iterator[io.BytesIO]:
        yield io.BytesIO()
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as filled:
        filled.setattr(service.blobs, "writing", full)
        for _ in range(5):
            service.work()
            service.reconcile()
    job = service.client.get(f"/jobs/{job_id}").json
    assert job["state"] == "running"
    assert "held up: its results cannot be put together: No space left on device" in job["detail"]
    service.work()
    check(service, job_id)
    assert "held up" not in service.client.get(f"/jobs/{job_id}").json["detail"]


def test_a_job_that_is_cancelled_at_its_finish(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job stays cancelled, and its file is deleted."""
    job_id, assemble = scored(service), parquet_output.assemble

    def assembling(*args: Any) -> Digest:
        service.client.post(f"/jobs/{job_id}/cancel")
        return assemble(*args)

    monkeypatch.setattr(parquet_output, "assemble", assembling)
    service.pipeline.finish(job_id)
    job = service.store.get(job_id)
    assert job.state is State.CANCELLED
    assert not service.blobs.exists(job.spec.whole_key)


def test_a_job_that_is_deleted_at_its_finish(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No blob of the job is left; neither is the file that was being written."""
    job_id = scored(service)

    def assembling(blobs: Any, spec: Any, _parts: int) -> Digest:
        service.client.delete(f"/jobs/{job_id}")
        blobs.put(spec.whole_key, b"PAR1")
        return Digest(sha256="0" * 64, size=4)

    monkeypatch.setattr(parquet_output, "assemble", assembling)
    service.pipeline.finish(job_id)
    assert not [key for key in service.blobs.contents if job_id in key]


def test_a_missing_part_fails_the_job(service: Service) -> None:
    """A job whose result part is missing fails, with that reason, if its rows are gone too."""
    job_id = scored(service)
    service.blobs.delete(service.store.get(job_id).spec.result_key(1))
    service.blobs.delete(service.store.get(job_id).spec.upload_key)
    service.work()
    job = service.client.get(f"/jobs/{job_id}").json
    assert job["state"] == "failed"
    assert "not in the blob store any more" in job["error"]
