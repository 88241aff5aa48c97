"""What is received is written behind it."""

import errno
import io
from pathlib import Path
from threading import Event

import pytest

from api.submission import write_behind as module
from api.submission.write_behind import EarlyWriteBack, start_write_back, write_behind


def test_all_is_written_in_order(tmp_path: Path) -> None:
    """At the end of the block, whether it came in one run, in many or not at all."""
    for runs in (0, 1, 2, 100):
        path = tmp_path / f"{runs}"
        with path.open("wb") as file, write_behind(file) as write:
            for run in range(runs):
                write(b"%d," % run)
        assert path.read_bytes() == b"".join(b"%d," % run for run in range(runs))


class Slow(io.BytesIO):
    """Writes a second run when it may, and no third."""

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
    """While a run is written the next one may be received; a failure comes with the next, or at
    the end.
    """
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
    """Step by step, and no byte twice; so little is left to wait for at its end."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(module, "start_write_back", lambda _, *part: asked.append(part))
    monkeypatch.setattr(module, "WRITE_BACK_BYTES", 100)
    with (tmp_path / "upload").open("wb") as file, write_behind(file) as write:
        for _ in range(9):
            write(b"." * 40)
    assert asked == [(0, 120), (120, 120), (240, 120)]


def test_the_system_takes_a_part_of_a_file(tmp_path: Path) -> None:
    """What is asked of it is no error, for a file or for what is none."""
    with (tmp_path / "upload").open("wb", buffering=0) as file:
        file.write(b"." * 4096)
        start_write_back(file.fileno(), 0, 4096)
    EarlyWriteBack(io.BytesIO()).wrote(module.WRITE_BACK_BYTES)
