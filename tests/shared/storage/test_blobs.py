"""Blobs as files of a folder."""

import errno
import os
from pathlib import Path

import pytest

from shared.storage.blobs import FolderBlobs


def test_folders_are_what_follows_a_key(tmp_path: Path) -> None:
    """Of each name one, whatever lies below it; none where there is nothing."""
    blobs = FolderBlobs(tmp_path / "blobs")
    assert blobs.folders("jobs/") == []
    for key in ("jobs/a/upload", "jobs/a/results/1", "jobs/b/upload", "other/c"):
        blobs.put(key, b"content")
    assert sorted(blobs.folders("jobs/")) == ["a", "b"]


def test_a_folder_is_quiet_since_something_was_last_written_in_it(tmp_path: Path) -> None:
    """Also where what is being written is not whole yet, and has no key."""
    blobs = FolderBlobs(tmp_path)
    for number in range(3):
        blobs.put(f"jobs/a/results/{number}", b"content")
    for path in (tmp_path / "jobs/a").rglob("*"):
        _age(path)
    _age(tmp_path / "jobs/a")
    assert blobs.quiet_seconds("jobs/a/") > 900
    with blobs.writing("jobs/a/results/4") as file:
        _age(tmp_path / "jobs/a/results")
        file.write(b"half")
        file.flush()
        assert blobs.quiet_seconds("jobs/a/") < 900


def _age(path: Path) -> None:
    """Make a file or folder look a quarter of an hour old."""
    then = path.stat().st_mtime - 1000
    os.utime(path, (then, then))


def test_a_blob_with_a_second_key_is_two(tmp_path: Path) -> None:
    """What becomes of the one does not concern the other; an older one is replaced."""
    blobs = FolderBlobs(tmp_path)
    blobs.put("jobs/a/one", b"one")
    blobs.put("jobs/a/two", b"two")
    blobs.put("jobs/b/two", b"older")
    keys = {"jobs/a/one": "jobs/b/deep/one", "jobs/a/two": "jobs/b/two"}
    blobs.link(keys)
    blobs.link(keys)
    blobs.put("jobs/a/one", b"another")
    blobs.delete("jobs/a/two")
    assert (blobs.read("jobs/b/deep/one"), blobs.read("jobs/b/two")) == (b"one", b"two")
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"one", "two"}


def test_what_is_not_there_has_no_second_key(tmp_path: Path) -> None:
    """Nothing appears in its name."""
    with pytest.raises(FileNotFoundError):
        FolderBlobs(tmp_path).link({"jobs/a/one": "jobs/b/one"})
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_where_there_are_no_links_a_blob_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems of networks have none."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    blobs = FolderBlobs(tmp_path)
    blobs.put("jobs/a/one", b"one")
    blobs.link({"jobs/a/one": "jobs/b/one"})
    assert blobs.read("jobs/b/one") == b"one"
