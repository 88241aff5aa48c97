"""Write-behind: a chunk is written while the next one is received."""

import errno
import io
import os
from pathlib import Path
from threading import Event

import pytest

from api.submission import write_behind as module
from api.submission.write_behind import write_behind


def test_all_is_written_in_order(tmp_path: Path) -> None:
    """With no chunk, one or many, everything is written at the end of the block."""
    for runs in (0, 1, 2, 100):
        path = tmp_path / f"{runs}"
        with path.open("wb") as file, write_behind(file) as write:
            for run in range(runs):
                write(b"%d," % run)
        assert path.read_bytes() == b"".join(b"%d," % run for run in range(runs))


class Slow(io.BytesIO):
    """A file whose second write waits until it may go on, and whose third write fails."""

    def __init__(self) -> None:
        super().__init__()
        self.may, self.runs = Event(), 0

    def write(self, chunk: bytes) -> int:  # type: ignore[override]
        self.runs += 1
        if self.runs == 2:
            assert self.may.wait(10)
        if self.runs == 3:
            raise OSError(errno.ENOSPC, "full")
        return super().write(chunk)


def test_the_caller_goes_on_meanwhile() -> None:
    """The next chunk is received during a write. The next write, or the end, raises an error."""
    file = Slow()
    with pytest.raises(OSError, match="full"), write_behind(file) as write:  # noqa: PT012  at its end
        write(b"a")
        write(b"b")
        assert file.getvalue() == b"a"
        file.may.set()
        write(b"c")
    assert file.getvalue() == b"ab"


def test_a_large_file_is_synced_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is synced after each step, but not while a sync is under way."""
    may, synced = Event(), []

    def sync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        assert may.wait(10)

    monkeypatch.setattr(module, "_sync", sync)
    monkeypatch.setattr(module, "SYNC_BYTES", 100)
    path = tmp_path / "upload"
    with path.open("wb", buffering=0) as file, write_behind(file) as write:
        for _ in range(9):
            write(b"." * 40)
        assert len(synced) <= 1
        may.set()
    assert synced[0] >= 120
    assert path.stat().st_size == 360


def test_a_failed_sync_fails_the_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system reports an error of the disk once, so the `fsync` at the end would not see it."""

    def sync(_: int) -> None:
        raise OSError(errno.EIO, "the disk")

    monkeypatch.setattr(module, "_sync", sync)
    monkeypatch.setattr(module, "SYNC_BYTES", 100)
    for runs in (3, 30):
        with (  # noqa: PT012  at its end
            pytest.raises(OSError, match="the disk"),
            (tmp_path / "upload").open("wb") as file,
            write_behind(file) as write,
        ):
            for _ in range(runs):
                write(b"." * 40)


def test_what_is_no_file_of_the_system_is_not_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object in a store is written without a sync."""
    monkeypatch.setattr(module, "SYNC_BYTES", 2)
    file = io.BytesIO()
    with write_behind(file) as write:
        for _ in range(9):
            write(b"...")
    assert len(file.getvalue()) == 27
