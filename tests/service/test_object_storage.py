"""The whole service with its blobs in object storage, on a real S3 server (SeaweedFS)."""

import hashlib
import io
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import object_storage
from support.faulty import Faulty, faulty
from support.programs import Programs, check_rows, kill, many_rows, programs
from support.waiting import wait_for

from scorelane.commands.doctor import examine
from shared.config.object_address import object_address
from shared.storage.blobs import BlobStore
from shared.storage.object_blobs import ObjectBlobs
from shared.storage.object_files import PIECE_BYTES

pytestmark = pytest.mark.stack

SHORT = {"lease_seconds": "3", "reconcile_seconds": "1", "heartbeat_seconds": "1"}


@pytest.fixture(scope="module")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that lead to a server of its own."""
    with object_storage.seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as variables:
        yield variables


@pytest.fixture(scope="module")
def service(
    seaweedfs: dict[str, str], tmp_path_factory: pytest.TempPathFactory, sockets: Path
) -> Iterator[Programs]:
    """The service with one worker of two processes, shared by the module."""
    folder, own = tmp_path_factory.mktemp("service"), Path(tempfile.mkdtemp(dir=sockets))
    settings: dict[str, Any] = {"blobs": f"s3://{object_storage.BUCKET}/service", **SHORT}
    settings |= {"archive_seconds": "1", "processes": "2"}
    with programs(folder, own, env=seaweedfs, **settings) as running:
        running.start_worker()
        running.wait_ready()
        yield running
        assert not (folder / "blobs").exists(), "something was written to the folder of blobs"


@pytest.fixture
def blobs(seaweedfs: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    """The blobs of the service."""
    for name, value in seaweedfs.items():
        monkeypatch.setenv(name, value)
    return ObjectBlobs(object_address(f"s3://{object_storage.BUCKET}/service"))


def test_a_csv_is_scored_and_deleted(service: Programs, blobs: BlobStore) -> None:
    """Every row comes back in its place, also by ranges; a deleted job leaves no blob."""
    content, sent = many_rows(50_000)
    location = service.submit(content)
    job = service.wait_for_end(location)
    assert job["rows"] == {"total": 50_000, "completed": 50_000, "failed": 0}, job["error"]
    check_rows(service.results(location), sent)
    whole = service.client.get(f"{location}/results").content
    ranges = [(0, 999), (1000, 700_000), (700_001, len(whole) - 1)]
    pieces = [
        service.client.get(f"{location}/results", headers={"Range": f"bytes={begin}-{end}"})
        for begin, end in ranges
    ]
    assert {one.status_code for one in pieces} == {206}
    assert b"".join(one.content for one in pieces) == whole
    folder = location.removeprefix("/") + "/"
    assert not blobs.exists(f"{folder}upload")
    assert blobs.exists(f"{folder}manifest.json")
    assert service.client.delete(location).status_code == 204
    assert not blobs.exists(f"{folder}manifest.json")
    assert blobs.quiet_seconds(folder) == float("inf")


def test_a_parquet_file_comes_back_as_parquet(service: Programs) -> None:
    """The upload takes several pieces, and is read by ranges; the file is made in the store."""
    _, sent = many_rows(200_000)
    table = pa.table({"stars": range(len(sent)), "ref": sent["ref"], "text": sent["text"]})
    upload = io.BytesIO()
    pq.write_table(table, upload, row_group_size=20_000, compression="none", use_dictionary=False)
    content = upload.getvalue()
    assert len(content) > PIECE_BYTES
    answer = service.client.post(
        "/jobs",
        content=content,
        params={"columns": "stars", "format": "parquet"},
        headers={"Content-Type": "application/vnd.apache.parquet"},
    )
    assert answer.status_code == 202, answer.text
    job = service.wait_for_end(answer.headers["Location"])
    assert job["rows"]["completed"] == 200_000, job["error"]
    results = service.client.get(f"{answer.headers['Location']}/results?format=parquet")
    frame = pq.read_table(io.BytesIO(results.content)).to_pandas()
    assert list(frame.pop("stars").astype(int)) == list(range(200_000))
    check_rows(frame.assign(error=frame["error"].fillna("")), sent)


def test_a_download_from_object_storage_itself(service: Programs, blobs: BlobStore) -> None:
    """The redirect leads to a file with the bytes of the ordinary download, also by ranges.

    The store checks the signature, and gives a browser the file's name. The file goes with the job.
    """
    content, sent = many_rows(100_000)
    location = service.submit(content)
    service.wait_for_end(location)
    url = f"{location}/results"
    answer = wait_for(lambda: _redirect(service.client.get(f"{url}?redirect=true")))
    body, whole = answer.json(), service.client.get(url)
    file = httpx.get(body["url"])
    assert file.content == whole.content
    assert (body["size"], body["sha256"]) == (
        len(file.content),
        hashlib.sha256(file.content).hexdigest(),
    )
    for name in ("Content-Disposition", "Content-Type"):
        assert file.headers[name].partition(";")[0] == whole.headers[name].partition(";")[0]
    rest = httpx.get(body["url"], headers={"Range": "bytes=1000-"})
    assert (rest.status_code, rest.content) == (206, whole.content[1000:])
    other = body["url"].replace("/direct/", "/results/")
    assert httpx.get(other).status_code == 403
    check_rows(service.results(location), sent)
    assert service.client.delete(location).status_code == 204
    assert httpx.get(body["url"]).status_code == 404
    assert blobs.quiet_seconds(location.removeprefix("/") + "/") == float("inf")


def _redirect(answer: httpx.Response) -> httpx.Response | None:
    return answer if answer.status_code == 307 else None


def test_small_jobs_are_archived(service: Programs, blobs: BlobStore) -> None:
    """They move to object storage, are found there, and a deleted one is erased."""
    rows = [{"ref": str(at), "text": "a good film"} for at in range(3)]
    answers = [service.client.post("/jobs", json=rows) for _ in range(2)]
    first, second = (one.headers["Location"] for one in answers)
    for location in (first, second):
        service.wait_for_end(location)
    wait_for(lambda: blobs.folders("ended/of-/"))
    assert _count(service, first) == 3
    assert service.client.delete(first).status_code == 204
    assert service.client.get(first).status_code in (404, 410)
    assert _count(service, second) == 3


def _count(service: Programs, location: str) -> int:
    return len(service.results(location))


def test_doctor_looks_at_object_storage(
    service: Programs, blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is well where it is; a bucket that is not there, and a wrong key, are faults."""
    del blobs
    for name in ("SCORELANE_REDIS_URL", "SCORELANE_BLOBS"):
        monkeypatch.setenv(name, service.env[name])

    def found() -> tuple[str, str]:
        of_blobs = [one for one in examine(None, Path("none")) if one.about == "blobs"]
        return of_blobs[0].severity.name, of_blobs[0].message

    assert found()[0] == "FINE"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    severity, message = found()
    assert severity == "FAULT"
    assert "denies access (SignatureDoesNotMatch)" in message


@pytest.fixture
def slow(seaweedfs: dict[str, str], tmp_path: Path, sockets: Path) -> Iterator[Faulty]:
    """Redis and the API, with a model of a fixed rate and a prefix of its own."""
    own = Path(tempfile.mkdtemp(dir=sockets))
    prefix = f"s3://{object_storage.BUCKET}/{tmp_path.name}-{time.time_ns()}"
    with faulty(
        tmp_path,
        own,
        variables=seaweedfs,
        processes="2",
        part_seconds="0.4",
        blobs=prefix,
        **SHORT,
    ) as running:
        yield running


def test_a_worker_is_killed_in_mid_job(slow: Faulty) -> None:
    """A scoring process and then the whole worker: another one scores the rest, each row once."""
    workers = [slow.start_worker()]
    slow.wait_ready()
    job = slow.submit_rows()
    slow.wait_for_rows(job.location, 10_000)
    slow.kill_in_turn(workers, 0)
    slow.wait_for_rows(job.location, 30_000)
    kill(workers.pop())
    slow.start_worker()
    slow.check(job)


def test_a_cancelled_job_is_retried(slow: Faulty) -> None:
    """The new job takes over the parts that were scored, by copies within the store."""
    slow.start_worker()
    slow.wait_ready()
    job = slow.submit_rows()
    slow.wait_for_rows(job.location, 20_000)
    assert slow.client.post(f"{job.location}/cancel").status_code in (200, 202)
    slow.wait_for_end(job.location)
    answer = slow.client.post(f"{job.location}/retry")
    assert answer.status_code == 202, answer.text
    assert slow.client.delete(job.location).status_code == 204
    slow.check(replace(job, location=answer.headers["Location"]))
