"""What only blobs in object storage do; `test_blobs_contract` has the rest."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from support import object_storage
from support.s3_proxy import s3_proxy

from shared.config.object_address import ObjectAddress, object_address
from shared.storage import object_connection
from shared.storage.blob_process import ProcessBlobs
from shared.storage.object_blobs import ObjectBlobs
from shared.storage.object_errors import CredentialsExpired, ObjectStorageError
from shared.storage.object_files import HEAD_BYTES, PIECE_BYTES
from shared.storage.object_store import open_object_store
from shared.storage.sealed import SealedBlobs
from shared.storage.unfinished import remove_unfinished

pytest.importorskip("obstore", reason="the extra object-storage")


@pytest.mark.process
def test_expired_credentials_are_asked_for_again(
    moto: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role has new ones after a while: the call waits for them, and not for ever."""
    monkeypatch.setattr(object_connection, "RENEWAL_PAUSES", (0.01, 0.01, 0.01))
    opened = []
    with s3_proxy(moto) as (proxy, variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

        def open_store(address: ObjectAddress) -> Any:
            opened.append(address)
            proxy.expired = len(opened) < renewed
            return open_object_store(address)

        renewed = 3
        blobs = ObjectBlobs(object_address(f"s3://{object_storage.BUCKET}/renewed"), open_store)
        blobs.put("a", b"content")
        assert len(opened) == 3
        renewed, proxy.expired = 100, True
        with pytest.raises(CredentialsExpired, match="Renew them"):
            blobs.read("a")
        assert len(opened) == 6
        proxy.expired = False
        assert blobs.read("a") == b"content"


@pytest.mark.process
def test_a_bucket_that_is_not_there_is_no_missing_blob(
    moto: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise jobs would fail, and a sweep would believe that all blobs are gone."""
    for name, value in moto.items():
        monkeypatch.setenv(name, value)
    blobs = ObjectBlobs(object_address("s3://no-bucket/a"))
    for call in (blobs.read, blobs.open, blobs.exists, blobs.folders, blobs.size):
        with pytest.raises(ObjectStorageError, match="does not exist"):
            call("a/b")
    with pytest.raises(ObjectStorageError, match="does not exist"):
        blobs.put("a", b"content")
    assert blobs.identity() == ""


def test_an_upload_that_breaks_off_leaves_nothing_in_the_store(objects: ObjectBlobs) -> None:
    """Neither an object nor an upload that costs money."""
    with pytest.raises(ValueError, match="broken"):
        _break_off(objects)
    assert objects.folders("") == []
    assert remove_unfinished(objects.address, -1000) == 0


def _break_off(blobs: ObjectBlobs) -> None:
    with blobs.writing("a/b") as file:
        file.write(b"x" * (3 * PIECE_BYTES))
        raise ValueError("broken")


@pytest.mark.process
def test_what_a_dead_process_has_left_is_removed(
    seaweedfs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time, and not that of another prefix. (moto gives all uploads one time.)"""
    for name, value in seaweedfs.items():
        monkeypatch.setenv(name, value)
    objects = ObjectBlobs(object_address(f"s3://{object_storage.BUCKET}/left"))
    client = object_storage.client(dict(os.environ))
    for prefix in (objects.address.prefix, "another"):
        client.create_multipart_upload(Bucket=object_storage.BUCKET, Key=f"{prefix}/jobs/a/upload")
    assert objects.remove_unfinished() == 0
    assert remove_unfinished(objects.address, -1000) == 1
    assert remove_unfinished(objects.address, -1000) == 0
    another = object_address(f"s3://{object_storage.BUCKET}/another")
    assert remove_unfinished(another, -1000) == 1


@pytest.mark.process
def test_how_many_requests_it_takes(
    seaweedfs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part costs 2 requests to read, the first one of an upload, and 1 to write or to check."""
    with s3_proxy(seaweedfs) as (proxy, variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        blobs = SealedBlobs(ObjectBlobs(object_address(f"s3://{object_storage.BUCKET}/counted")))

        def count() -> int:
            seen, proxy.seen = proxy.seen, []
            return len(seen)

        content = os.urandom(1000) * 3000
        blobs.put("jobs/a/upload", content)
        assert count() == 1
        for number, requests in enumerate((2, 1, 1)):
            begin = 1000 + number * 700_000
            assert blobs.read("jobs/a/upload", begin, 700_000) == content[begin : begin + 700_000]
            assert count() == requests
        blobs.put("jobs/a/results/1", content[: HEAD_BYTES // 2])
        assert count() == 1
        with blobs.open("jobs/a/results/1") as file:
            assert file.read() == content[: HEAD_BYTES // 2]
        assert count() == 1
        blobs.size("jobs/a/results/1")
        blobs.read("jobs/a/results/1", 0, HEAD_BYTES // 2)
        assert count() == 2
        with blobs.open("jobs/a/upload") as file:
            assert file.read() == content
        assert count() == 1
        with blobs.writing("jobs/a/long") as file:
            file.write(content * 10)
        assert count() == 1 + 4 + 1


@pytest.mark.process
def test_texts_are_stored_as_they_are(
    seaweedfs: dict[str, str], seaweedfs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SeaweedFS compresses what it takes for a text; that costs more than all else it does."""
    for name, value in seaweedfs.items():
        monkeypatch.setenv(name, value)
    blobs = ObjectBlobs(object_address(f"s3://{object_storage.BUCKET}/texts"))
    volumes = list(seaweedfs_folder.rglob("*.dat"))
    before = sum(one.stat().st_size for one in volumes)
    content = b"ref,text\n" + b"17,the same words again and again\n" * 100_000
    blobs.put("put", content)
    with blobs.writing("written") as file:
        for _ in range(6):
            file.write(content)
    volumes = list(seaweedfs_folder.rglob("*.dat"))
    assert len(content) * 6 > 2 * PIECE_BYTES
    assert sum(one.stat().st_size for one in volumes) - before > 7 * len(content)


@pytest.mark.process
def test_throttling_is_waited_out(
    seaweedfs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request in three gets a 503: all is written and read all the same."""
    with s3_proxy(seaweedfs) as (proxy, variables):
        proxy.refuse_every = 3
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        blobs = SealedBlobs(ObjectBlobs(object_address(f"s3://{object_storage.BUCKET}/throttled")))
        content = os.urandom(1000) * 20_000
        for number in range(3):
            with blobs.writing(f"jobs/{number}") as file:
                file.write(content)
            assert blobs.read(f"jobs/{number}") == content
        blobs.link({"jobs/0": "jobs/linked"})
        blobs.delete("jobs/")
        assert blobs.folders("jobs/") == []
        assert proxy.refused > 3


@pytest.mark.process
def test_a_forked_process_is_refused_instead_of_hanging(moto: dict[str, str]) -> None:
    """Obstore would wait for threads that are not there."""
    program = """
import os, sys
from shared.config.object_address import ObjectAddress, object_address
from shared.storage import object_connection
from shared.storage.object_blobs import ObjectBlobs
blobs = ObjectBlobs(object_address("s3://bucket/forked"))
blobs.put("a", b"content")
if os.fork() == 0:
    try:
        blobs.read("a")
    except RuntimeError as error:
        print(error, flush=True)
    os._exit(0)
os.wait()
"""
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | moto,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "before this process was forked" in found.stdout, found.stderr


@pytest.mark.process
def test_a_helper_that_was_killed_is_started_again(
    moto: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call that finds it dead raises as a disk does; the next one works."""
    for name, value in moto.items():
        monkeypatch.setenv(name, value)
    blobs = ProcessBlobs(f"s3://{object_storage.BUCKET}/helped")
    before = set(psutil.Process().children())
    blobs.put("a", b"content")
    [helper] = set(psutil.Process().children()) - before
    helper.send_signal(signal.SIGKILL)
    helper.wait()
    with pytest.raises(OSError, match="has ended"):
        blobs.read("a")
    assert blobs.read("a") == b"content"
    with pytest.raises(FileNotFoundError):
        blobs.read("b")
    blobs.close()
