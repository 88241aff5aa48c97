import hashlib
import logging
import os
from pathlib import Path

import pytest

from shared import private_copies
from shared.errors.model import DigestMismatch
from shared.private_copies import open_copy, room_for_copies

CONTENT = b"some arrays"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file, and a folder for temporary files of its own."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    file = tmp_path / "mapped.npz"
    file.write_bytes(CONTENT)
    return file


def folders(path: Path) -> list[Path]:
    return list((path.parent / "temporary").iterdir())


def test_a_copy_stays_as_it_was_when_its_file_is_overwritten(path: Path) -> None:
    """A file that is overwritten where it is changes no copy of it, and none that is opened later.

    The folder of the copies goes with the block.
    """
    with room_for_copies():
        with open_copy(path, DIGEST) as first:
            path.write_bytes(b"others")
            with open_copy(path, DIGEST) as second:
                assert first.read() == second.read() == CONTENT
                assert os.fstat(first.fileno()).st_ino == os.fstat(second.fileno()).st_ino
        assert len(folders(path)) == 1
    assert folders(path) == []


@pytest.mark.parametrize("in_room", [True, False])
def test_another_content_is_refused(path: Path, in_room: bool) -> None:
    """What is opened has the digest that was asked for, in a worker and outside of one."""
    other = hashlib.sha256(b"others").hexdigest()
    if in_room:
        with room_for_copies(), pytest.raises(DigestMismatch):
            open_copy(path, other)
    else:
        with pytest.raises(DigestMismatch):
            open_copy(path, other)


def test_outside_of_a_worker_the_file_is_read_into_memory(path: Path) -> None:
    """A program that loads a model for itself leaves no copy on the disk."""
    with open_copy(path, DIGEST) as file:
        path.write_bytes(b"others")
        assert file.read() == CONTENT
    assert folders(path) == []


def test_without_room_on_the_disk_the_file_is_read_into_memory(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full or read-only disk costs memory, and keeps no model from being loaded."""
    with room_for_copies():
        (room,) = folders(path)
        room.rmdir()
        with caplog.at_level(logging.WARNING), open_copy(path, DIGEST) as file:
            assert file.read() == CONTENT
    assert "is read into memory" in caplog.text


def test_folders_of_killed_workers_are_removed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker removes what one that was killed has left, and not what a living one has."""
    left = path.parent / "temporary" / "scorelane-mapped-left"
    left.mkdir()
    (left / DIGEST).write_bytes(CONTENT)
    monkeypatch.setattr(private_copies, "_NEW_SECONDS", -1.0)
    with room_for_copies():
        (living,) = folders(path)
        private_copies._remove_abandoned(living.parent)
        assert folders(path) == [living]


def test_a_folder_that_is_new_is_left_alone(path: Path) -> None:
    """Its worker may not have locked it yet."""
    new = path.parent / "temporary" / "scorelane-mapped-new"
    new.mkdir()
    with room_for_copies():
        assert new.exists()


def test_a_copy_that_is_removed_stays_with_those_that_have_it(path: Path) -> None:
    """The disk gets its room back when the last process lets go; later ones copy the file again."""
    with room_for_copies():
        (room,) = folders(path)
        with open_copy(path, DIGEST) as file:
            private_copies.remove_copy(DIGEST)
            assert list(room.iterdir()) == []
            assert file.read() == CONTENT
        private_copies.remove_copy(DIGEST)
        open_copy(path, DIGEST).close()
        assert [one.name for one in room.iterdir()] == [DIGEST]


def test_processes_that_copy_at_the_same_time_use_one_copy(path: Path) -> None:
    """The copy that was there first stays, so the page cache holds the content once."""
    with room_for_copies(), open_copy(path, DIGEST) as first:
        # As if this process had not seen it.
        (room,) = folders(path)
        private_copies._copy(path, room / DIGEST, DIGEST)
        found = os.fstat(first.fileno()).st_ino
        assert [(one.name, one.stat().st_ino) for one in room.iterdir()] == [(DIGEST, found)]
