"""Write-behind and early write-back: storing an upload while more of it is received."""

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import BinaryIO

#: Start the write-back to the disk each time that this many bytes were written.
WRITE_BACK_BYTES = 16 * 1024 * 1024

#: From linux/fs.h: start the write-back, and do not wait for it.
_SYNC_FILE_RANGE_WRITE = 2


@contextmanager
def write_behind(file: BinaryIO) -> Iterator[Callable[[bytes], object]]:
    """Give a `write` that a background thread carries out; at the block's end all is written.

    At most one chunk is being written at a time, so no more than two are in memory. The first chunk
    is written in the calling thread: most uploads have only one, and need no second thread.

    Raises:
        OSError: a chunk could not be written; raised by the next `write`, or at the block's end.
    """
    pending: Future[None] | None = None
    is_first = True
    write_back = EarlyWriteBack(file)

    def write_now(chunk: bytes) -> None:
        file.write(chunk)
        write_back.wrote(len(chunk))

    def write(chunk: bytes) -> None:
        nonlocal pending, is_first
        if pending:
            pending.result()
        if is_first:
            write_now(chunk)
            is_first = False
        else:
            pending = thread.submit(write_now, chunk)

    with ThreadPoolExecutor(1, thread_name_prefix="upload") as thread:
        yield write
        if pending:
            pending.result()


class EarlyWriteBack:
    """Has the kernel write a file to the disk while the file is still growing.

    A job is accepted only after an `fsync` of its upload. Without this, the `fsync` of 100 MB took
    half as long as the upload. This only saves time: the `fsync` reports what failed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._started = self._written = 0

    def wrote(self, count: int) -> None:
        """Record that `count` more bytes were appended to the file."""
        self._written += count
        if self._written - self._started >= WRITE_BACK_BYTES:
            with suppress(OSError):  # the file has no descriptor: it is not a file of the system
                start_write_back(self._file.fileno(), self._started, self._written - self._started)
            self._started = self._written


def start_write_back(descriptor: int, offset: int, length: int) -> None:
    """Start writing a range of a file to the disk, where the system can (Linux)."""
    with suppress(AttributeError):  # the C library has no sync_file_range
        ctypes.CDLL(None).sync_file_range(
            ctypes.c_int(descriptor),
            ctypes.c_int64(offset),
            ctypes.c_int64(length),
            ctypes.c_uint(_SYNC_FILE_RANGE_WRITE),
        )
