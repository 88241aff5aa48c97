"""Write-behind: a chunk is written while the next one is received."""

import errno
import io
from pathlib import Path
from threading import Event

import pytest

from api.submission import write_behind as module
from api.submission.write_behind import EarlyWriteBack, start_write_back, write_behind


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


def test_a_large_file_goes_to_the_disk_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is written back once, so the `fsync` at the end has little to do."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(module, "start_write_back", lambda _, *part: asked.append(part))
    monkeypatch.setattr(module, "WRITE_BACK_BYTES", 100)
    with (tmp_path / "upload").open("wb") as file, write_behind(file) as write:
        for _ in range(9):
            write(b"." * 40)
    assert asked == [(0, 120), (120, 120), (240, 120)]


def test_write_back_does_not_fail(tmp_path: Path) -> None:
    """It raises no error, with a file of the system or without one."""
    with (tmp_path / "upload").open("wb", buffering=0) as file:
        file.write(b"." * 4096)
        start_write_back(file.fileno(), 0, 4096)
    EarlyWriteBack(io.BytesIO()).wrote(module.WRITE_BACK_BYTES)
