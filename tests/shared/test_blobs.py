"""Blobs as files of a folder."""

import os
from pathlib import Path

from shared.blobs import FolderBlobs


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
