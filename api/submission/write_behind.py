"""Writes what is received while more of it is."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

from api.submission.write_out import EarlyWriteBack


@contextmanager
def behind(file: BinaryIO) -> Iterator[Callable[[bytes], object]]:
    """A way to write to a file that goes on while its caller does; all is written at the end.

    One run of bytes at a time, so that no more than two are in memory. The first is written at
    once: most uploads have no more, and need no thread.

    Raises:
        OSError: a run could not be written; at the call behind it, or at the end.
    """
    last: Future[None] | None = None
    begun = False
    write_out = EarlyWriteBack(file)

    def write_now(chunk: bytes) -> None:
        file.write(chunk)
        write_out.wrote(len(chunk))

    def write(chunk: bytes) -> None:
        nonlocal last, begun
        if last:
            last.result()
        if begun:
            last = thread.submit(write_now, chunk)
        else:
            write_now(chunk)
            begun = True

    with ThreadPoolExecutor(1, thread_name_prefix="upload") as thread:
        yield write
        if last:
            last.result()
