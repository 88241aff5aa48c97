"""Workers die while they write results to a folder of a user, or to a file for downloads."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from support import object_storage
from support.faulty import Faulty
from support.programs import kill
from support.s3_proxy import S3Proxy, s3_proxy
from support.waiting import wait_for

pytestmark = pytest.mark.faults

#: So few rows are scored soon, and their results take several pieces of 8 MiB.
ROWS, NOTE_BYTES = 6000, 5000

SHORT = {"lease_seconds": "3", "reconcile_seconds": "1", "heartbeat_seconds": "1"}

#: The second piece of a file, and the manifest: a process that dies there has left something.
PIECE, MANIFEST = ("PUT", "partNumber=2"), ("PUT", "manifest.json")


@dataclass
class Storage:
    """A real S3 server behind a proxy, with a file of rows."""

    proxy: S3Proxy
    variables: dict[str, str]
    s3: Any

    def keys(self, prefix: str) -> list[str]:
        """The names of the objects below a prefix."""
        found = self.s3.list_objects_v2(Bucket=object_storage.BUCKET, Prefix=prefix)
        return [one["Key"].removeprefix(prefix) for one in found.get("Contents", [])]

    def uploads(self, prefix: str) -> list[str]:
        """The names of objects of which an upload has begun, and has not ended."""
        found = self.s3.list_multipart_uploads(Bucket=object_storage.BUCKET, Prefix=prefix)
        return [one["Key"].removeprefix(prefix) for one in found.get("Uploads", [])]

    def read(self, key: str) -> bytes:
        """The content of an object."""
        content: bytes = self.s3.get_object(Bucket=object_storage.BUCKET, Key=key)["Body"].read()
        return content

    def submit(self, service: Faulty, folder: str) -> str:
        """Submit the file with an output; returns the path of the job."""
        place = f"s3://{object_storage.BUCKET}"
        body = {"input": f"{place}/in.csv", "output": f"{place}/{folder}", "columns": "note"}
        answer = service.client.post("/jobs", json=body)
        assert answer.status_code == 202, answer.text
        location: str = answer.headers["Location"]
        return location


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    with _storage(tmp_path) as found:
        yield found


@contextmanager
def _storage(folder: Path) -> Iterator[Storage]:
    with object_storage.seaweedfs(folder) as variables, s3_proxy(variables) as (proxy, proxied):
        s3: Any = object_storage.client(variables)
        lines = [f"{row},text number {row},{row:0{NOTE_BYTES}}" for row in range(ROWS)]
        content = "\n".join(["ref,text,note", *lines, ""]).encode()
        s3.put_object(Bucket=object_storage.BUCKET, Key="in.csv", Body=content)
        yield Storage(proxy, proxied, s3)


def _started(start: Callable[..., Faulty], storage: Storage, **settings: str) -> Faulty:
    places = f"* both s3://{object_storage.BUCKET}/"
    return start(variables=storage.variables, places=places, **SHORT, **settings)


def test_a_worker_dies_while_it_writes_an_output(
    start: Callable[..., Faulty], storage: Storage
) -> None:
    """Twice, in the file and before the manifest: the next one writes all, and leaves no piece."""
    service = _started(start, storage)
    worker = service.start_worker()
    service.wait_ready()
    storage.proxy.hold = PIECE
    location = storage.submit(service, "out/")
    for point in (PIECE, MANIFEST):
        storage.proxy.wait_for_held()
        kill(worker)
        storage.proxy.drop()
        if point is PIECE:
            storage.proxy.hold = MANIFEST
            worker = service.start_worker()
        assert "manifest.json" not in storage.keys("out/")
        assert service.job(location)["state"] == "running"
    storage.proxy.refuse_every = 5
    service.start_worker()
    ended = service.wait_for_end(location)
    assert ended["state"] == "succeeded", ended["detail"]
    storage.proxy.refuse_every = 0
    manifest = json.loads(storage.read("out/manifest.json"))
    [file] = manifest["files"]
    assert sorted(storage.keys("out/")) == sorted(["manifest.json", file["name"]])
    assert storage.uploads("out/") == []
    content = storage.read(f"out/{file['name']}")
    assert (file["size"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert content == service.client.get(f"{location}/results").content
    assert content.count(b"\n") == ROWS + 1 == file["rows"] + 1


def test_a_job_ends_while_its_worker_is_dead(
    start: Callable[..., Faulty], storage: Storage
) -> None:
    """Cancelled or deleted: the next worker removes what is left in the folders of both jobs."""
    service = _started(start, storage, sweep_seconds="1")
    left = {}
    for folder, point in (("one/", PIECE), ("two/", MANIFEST)):
        worker = service.start_worker()
        service.wait_ready()
        storage.proxy.hold = point
        location = storage.submit(service, folder)
        storage.proxy.wait_for_held()
        kill(worker)
        left[folder] = storage.uploads(folder) + storage.keys(folder)
        storage.proxy.drop()
        if folder == "one/":
            assert service.client.post(f"{location}/cancel").status_code == 200
        else:
            assert service.client.delete(location).status_code == 204
    assert all(left.values()), left
    service.start_worker()
    for folder in left:
        wait_for(lambda at=folder: storage.uploads(at) == storage.keys(at) == [], 120)


def test_a_process_dies_while_it_writes_a_file_for_downloads(
    start: Callable[..., Faulty], storage: Storage
) -> None:
    """The rows come as always meanwhile; then the redirect leads to a file with the same bytes."""
    service = _started(start, storage, blobs=f"s3://{object_storage.BUCKET}/service")
    worker = service.start_worker()
    service.wait_ready()
    location = storage.submit(service, "out/")
    assert service.wait_for_end(location)["state"] == "succeeded"
    whole = service.client.get(f"{location}/results").content
    url, folder = f"{location}/results?redirect=true", f"service{location}/direct/"
    storage.proxy.hold = PIECE
    first = service.client.get(url, headers={"Prefer": "wait=0"})
    assert (first.status_code, first.content) == (200, whole)
    storage.proxy.wait_for_held()
    [process, *_] = psutil.Process(worker.pid).children()
    process.kill()
    assert storage.keys(folder) == []
    assert service.client.get(url, headers={"Prefer": "wait=0"}).status_code == 200
    storage.proxy.drop()
    answer = wait_for(lambda: _redirect(service.client.get(url)), 120)
    assert httpx.get(answer.headers["Location"]).content == whole
    assert service.client.delete(location).status_code == 204
    assert storage.keys(folder) == []


def _redirect(answer: httpx.Response) -> httpx.Response | None:
    return answer if answer.status_code == 307 else None
