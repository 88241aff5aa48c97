"""What only the blob store in a folder does; `test_blobs_contract` has the rest."""

import errno
import os
from pathlib import Path

import pytest

from shared.storage.folder_blobs import FolderBlobs


def test_a_folder_is_quiet_since_something_was_last_written_in_it(tmp_path: Path) -> None:
    """A write to a blob that is not complete yet, and has no key, counts as well."""
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
    """Set the times of a file or folder a quarter of an hour back."""
    then = path.stat().st_mtime - 1000
    os.utime(path, (then, then))


def test_where_there_are_no_links_a_blob_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems have no hard links: the blob is copied."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    blobs = FolderBlobs(tmp_path)
    blobs.put("jobs/a/one", b"one")
    blobs.link({"jobs/a/one": "jobs/b/one"})
    assert blobs.read("jobs/b/one") == b"one"


def test_blobs_are_for_their_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may neither read a blob nor enter a folder, whatever the process's umask is."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    before = os.umask(0o022)
    try:
        blobs = FolderBlobs(tmp_path / "deep/blobs")
        blobs.put("jobs/a/one", b"one")
        blobs.link({"jobs/a/one": "jobs/b/one"})
        monkeypatch.setattr(Path, "hardlink_to", refuse)
        blobs.link({"jobs/a/one": "jobs/c/copied"})
    finally:
        os.umask(before)
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
