"""A Parquet upload is cut into parts with stored rows, in spite of deaths and full disks."""

import errno
import io
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.doubles.length_model import length_score
from support.in_memory import Service, make_service
from support.problems import refused

from shared.config.settings import Settings
from shared.tables import parquet_rows

ROWS = 40


def parquet(rows: int = ROWS) -> bytes:
    file = io.BytesIO()
    columns = {
        "text": ["x" * (at % 50 + 1) for at in range(rows)],
        "stars": [at / 2 for at in range(rows)],
    }
    pq.write_table(pa.table(columns), file, row_group_size=7)
    return file.getvalue()


def submit(service: Service, content: bytes | None = None) -> Any:
    answer = service.client.post(
        "/jobs?columns=stars",
        data=content or parquet(),
        content_type="application/vnd.apache.parquet",
    )
    assert answer.status_code == 202, answer.text
    return answer


def check(service: Service, location: str, count: int = ROWS) -> None:
    job = service.client.get(location).json
    assert job["state"] == "succeeded", job
    rows = service.client.get(f"{location}/results?format=json").json["rows"]
    assert rows == [
        {
            "ref": str(at + 1),
            "Sentiment_Score": length_score("x" * (at % 50 + 1)),
            "error": None,
            "stars": str(at / 2),
        }
        for at in range(count)
    ]
    # The stored rows are deleted with the upload.
    assert not any("/rows/" in key or "upload" in key for key in service.blobs.contents)


def test_parts_have_the_same_number_of_rows(service: Service) -> None:
    """The row groups of the file make no difference."""
    accepted = submit(service)
    service.work()
    check(service, accepted.location)
    assert service.model.calls == [4] * 10


@pytest.mark.parametrize("before", [0, 4])
def test_a_split_that_died_goes_on(service: Service, before: int) -> None:
    """The next split continues after the recorded parts, and does not cut or score them again."""
    accepted = submit(service)
    put, written = service.blobs.put, []

    def dying(key: str, content: bytes) -> None:
        if "/rows/" in key:
            if len(written) == before:
                raise KeyboardInterrupt
            written.append(key)
        put(key, content)

    with (
        mock.patch.object(service.blobs, "put", dying),
        pytest.raises(KeyboardInterrupt),
    ):
        service.pipeline.split(accepted.json["id"])
    service.dispatch.split("", accepted.json["id"])
    service.work()
    check(service, accepted.location)
    assert sum(service.model.calls) == ROWS


def test_a_split_takes_turns(settings: Settings) -> None:
    """A long split lets other tasks run in between, and continues where it stopped."""
    service = make_service(settings.model_copy(update={"task_time_limit": 1e-9}))
    accepted = submit(service, parquet(10))
    service.pipeline.split(accepted.json["id"])
    assert list(service.dispatch.messages)[-1] == ("split", accepted.json["id"])
    job = service.store.get(accepted.json["id"])
    assert (job.total, job.parts) == (None, 1)
    service.work()
    check(service, accepted.location, 10)


@pytest.mark.parametrize("steps", [2, 5])
def test_a_job_that_the_store_has_lost(settings: Settings, steps: int) -> None:
    """The job is restored from its manifest, and no part is scored twice."""
    settings = settings.model_copy(update={"lease_seconds": 0.0})
    service = make_service(settings)
    accepted = submit(service)
    for _ in range(steps):
        service.step()
    service.lose()
    service.reconcile()
    service.work()
    check(service, accepted.location)
    assert sum(service.model.calls) == ROWS


@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_a_job_that_ends_while_it_is_split(service: Service, end: str) -> None:
    """The rows that the split has stored meanwhile are removed."""
    accepted = submit(service)
    put = service.blobs.put

    def ending(key: str, content: bytes) -> None:
        if key.endswith("rows/000003.ndjson"):
            if end == "cancel":
                service.client.post(f"{accepted.location}/cancel")
            else:
                service.client.delete(accepted.location)
        put(key, content)

    with mock.patch.object(service.blobs, "put", ending):
        service.pipeline.split(accepted.json["id"])
    service.work()
    left = sorted(key.rpartition("/")[2] for key in service.blobs.contents)
    # A job that was cancelled may be retried.
    assert left == (["kept", "manifest.json"] if end == "cancel" else [])
    if end == "cancel":
        again = service.client.post(f"{accepted.location}/retry")
        service.work()
        check(service, again.location)


def test_a_full_disk_holds_the_job_up(service: Service) -> None:
    """The job names the reason, and the split goes on when there is room."""
    accepted = submit(service)
    full = OSError(errno.ENOSPC, "No space left on device")
    with mock.patch.object(service.blobs, "put", side_effect=full):
        service.pipeline.split(accepted.json["id"])
    job = service.client.get(accepted.location).json
    assert job["state"] == "running"
    assert "No space left" in job["detail"]
    service.dispatch.split("", accepted.json["id"])
    service.work()
    check(service, accepted.location)


def test_unreadable_pages_fail_the_job(service: Service) -> None:
    """The job fails with that reason, and its stored rows are removed."""
    content = bytearray(parquet(4000))
    middle = len(content) // 4
    content[middle : middle + 2000] = b"\xff" * 2000
    accepted = submit(service, bytes(content))
    service.work()
    job = service.client.get(accepted.location).json
    assert job["state"] == "failed"
    assert "The Parquet file cannot be read" in job["error"]
    assert not any("/rows/" in key for key in service.blobs.contents)


@pytest.fixture
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows may take 20 times the size of their file, or 10,000 bytes."""
    monkeypatch.setattr(parquet_rows, "ALWAYS_ALLOWED_BYTES", 10_000)
    monkeypatch.setattr(parquet_rows, "MAX_EXPANSION", 20)


def of_texts(texts: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"text": texts}), file, compression="zstd", write_statistics=False)
    return file.getvalue()


def post(service: Service, content: bytes, query: str = "") -> Any:
    media_type = "application/vnd.apache.parquet"
    return service.client.post(f"/jobs{query}", data=content, content_type=media_type)


@pytest.mark.usefixtures("small_bounds")
@pytest.mark.parametrize("query", ["", "?validate=true"])
def test_a_tiny_file_of_many_rows_is_refused(service: Service, query: str) -> None:
    """The same text again and again takes no space in Parquet: a kilobyte can hold a billion."""
    content = of_texts(pa.nulls(9000, pa.string()))
    assert len(content) < 3000
    answer = post(service, content, query)
    assert "it has 9,000 rows" in refused(service, answer, 422, "bad-parquet")


@pytest.mark.usefixtures("small_bounds")
def test_a_tiny_file_of_long_texts_fails_its_job(service: Service) -> None:
    """What the rows take is only seen while they are stored; then the job fails, and they go."""
    accepted = post(service, of_texts(["x" * 500] * 400))
    assert accepted.status_code == 202, accepted.text
    service.work()
    job = service.client.get(accepted.location).json
    assert job["state"] == "failed"
    assert "times its size" in job["error"]
    assert not any("/rows/" in key for key in service.blobs.contents)


def test_equal_texts_in_a_small_file_are_scored(service: Service) -> None:
    """A small file may expand by any factor, as a test file with one text does."""
    content = of_texts(["x" * 300] * 2000)
    assert len(content) * 100 < 2000 * 300
    accepted = post(service, content)
    service.work()
    assert service.client.get(accepted.location).json["rows"]["completed"] == 2000


def test_too_large_unpacked_rows_fail_the_job(settings: Settings) -> None:
    """A file that would unpack to a thousand times its size is not unpacked to its end."""
    service = make_service(settings.model_copy(update={"max_upload_bytes": 100_000}))
    file = io.BytesIO()
    pq.write_table(pa.table({"text": ["x" * 100] * 10_000}), file, compression="zstd")
    accepted = service.client.post(
        "/jobs", data=file.getvalue(), content_type="application/vnd.apache.parquet"
    )
    service.work()
    job = service.client.get(accepted.location).json
    assert job["state"] == "failed"
    assert "more than 100,000 bytes" in job["error"]
