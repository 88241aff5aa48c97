"""Files as they go to a service and come from it: in constant memory, and whole or not there."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

#: Bytes read, sent or written at once.
CHUNK = 1 << 20


@contextmanager
def appearing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to; it appears under its name when the block ends, not if it raises.

    What exists and is no plain file (/dev/null, a named pipe) is written to as it is.
    """
    path = path.resolve()
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        with path.open("wb") as file:
            yield file
        return
    # Not tempfile: a file of its making can be read by nobody else, also after the rename.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def chunks_of(source: bytes | BinaryIO, on_sent: Callable[[int], None]) -> Iterator[bytes]:
    """The content in runs of bytes; `on_sent` is told how many were taken so far."""
    sent = 0
    runs = [source] if isinstance(source, bytes) else iter(lambda: source.read(CHUNK), b"")
    for run in runs:
        yield run
        sent += len(run)
        on_sent(sent)


def size_left(file: BinaryIO) -> int | None:
    """Bytes from here to the end of a plain file; None for a pipe and the like."""
    try:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            return status.st_size - file.tell()
    except OSError:
        pass
    return None
