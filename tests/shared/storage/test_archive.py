"""Segments of ended small jobs in the blob store."""

import logging
from pathlib import Path

import pytest
from support.doubles.blobs import InMemoryBlobs

from shared.jobs.job_ids import new_job_id
from shared.storage.archive import Archive, Entry
from shared.storage.blobs import Blobs
from shared.storage.folder_blobs import FolderBlobs


@pytest.fixture(params=["memory", "folder"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return InMemoryBlobs() if request.param == "memory" else FolderBlobs(tmp_path)


@pytest.fixture
def archive(blobs: Blobs) -> Archive:
    return Archive(blobs)


def entry(owner: str = "me", expires: float = 1000.0, made: float = 5.0, text: str = "") -> Entry:
    content = {"record": {"state": "succeeded"}, "result": text}
    return Entry(new_job_id(made), owner, expires, content)


def written(archive: Archive, entries: list[Entry]) -> list[str]:
    segments = archive.segments_of(entries)
    for folder, content in segments.items():
        archive.write(folder, content)
    return list(segments)


def test_jobs_are_found_by_their_ids(archive: Archive) -> None:
    """Jobs of several owners, times and expiries share segments, and each is found."""
    text = ' {"id":"' + "0" * 32 + '"\n é\ud800'
    entries = [
        entry(owner, expires, made, text)
        for owner in ("", "a/b", "me")
        for expires in (1000.0, 90_000.0)
        for made in (5.0, 6.0, 50_000.0)
    ]
    assert len(written(archive, entries)) == 3 * 2 * 2
    for one in entries:
        assert archive.find(one.id, 900.0) == one
    assert archive.find("0" * 32, 900.0) is None
    assert archive.find(new_job_id(5.0), 900.0) is None
    newest = sorted(entries, key=lambda one: one.id, reverse=True)
    assert list(archive.newest_first(None, None, 900.0)) == newest
    mine = [one for one in newest if one.owner == "me"]
    assert list(archive.newest_first("me", mine[2].id, 900.0)) == mine[3:]


def test_a_damaged_line_is_one_lost_job(
    archive: Archive, blobs: Blobs, caplog: pytest.LogCaptureFixture
) -> None:
    """A job whose bytes have changed is not served, and named in the log; others are."""
    entries = sorted((entry() for _ in range(3)), key=lambda one: one.id)
    (folder,) = written(archive, entries)
    content = blobs.read(f"{folder}jobs")
    damaged = content.replace(b"succeeded", b"succeedet", 1)
    blobs.put(f"{folder}jobs", damaged[:-9])
    with caplog.at_level(logging.ERROR):
        found = [archive.find(one.id, 0.0) for one in entries]
    assert found == [None, entries[1], None]
    assert f"{folder}jobs is damaged" in caplog.text


def test_an_erased_job_leaves_blanks(archive: Archive, blobs: Blobs) -> None:
    """Erasing overwrites exactly the bytes of one job; to erase it again is no error."""
    entries = [entry(text="secret"), entry(text="other")]
    (folder,) = written(archive, entries)
    size = blobs.size(f"{folder}jobs")
    for _ in range(2):
        archive.erase(entries[0].id)
    content = blobs.read(f"{folder}jobs")
    assert (len(content), b"secret" in content) == (size, False)
    assert archive.find(entries[0].id, 0.0) is None
    assert archive.find(entries[1].id, 0.0) == entries[1]


def test_expired_segments_are_deleted(archive: Archive, blobs: Blobs) -> None:
    """After a day also the ids are forgotten, and no folder is left of them."""
    early, late = entry(expires=1000.0), entry(expires=9000.0)
    written(archive, [early, late])
    assert archive.expire(2000.0) == 1
    assert archive.find(early.id, 2000.0) == Entry(early.id, "me", 1000.0 + 86400)
    assert archive.find(late.id, 2000.0) == late
    assert archive.expire(10_000.0) == 1
    assert archive.expire(200_000.0) == 0
    assert archive.find(early.id, 200_000.0) is None
    assert archive.expire(200_000.0) == 0
    assert blobs.folders("ended/of-me/") == []
