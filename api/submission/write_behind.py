"""Write-behind and early sync: storing an upload while more of it is received."""

import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

#: Sync a file each time that this many bytes were written, unless a sync is under way.
SYNC_BYTES = 8 * 1024 * 1024


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

    def write_now(chunk: bytes) -> None:
        file.write(chunk)
        sync.wrote(len(chunk))

    def write(chunk: bytes) -> None:
        nonlocal pending, is_first
        if pending:
            pending.result()
        if is_first:
            write_now(chunk)
            is_first = False
        else:
            pending = thread.submit(write_now, chunk)

    with early_sync(file) as sync, ThreadPoolExecutor(1, thread_name_prefix="upload") as thread:
        yield write
        if pending:
            pending.result()


@contextmanager
def early_sync(file: BinaryIO) -> Iterator["EarlySync"]:
    """Sync a file while it is still growing; at the block's end no sync is under way.

    A job is accepted only after an `fsync` of its upload. With all 100 MB left to it, it took half
    as long as the upload. To have the kernel start to write (`sync_file_range`) saved little of
    that: it does not flush the cache of the disk.

    Raises:
        OSError: the file could not be synced; the `fsync` would not report it a second time.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="sync") as thread:
        sync = EarlySync(file, thread)
        yield sync
        sync.finish()


class EarlySync:
    """Syncs a file in a thread each time that much was written to it."""

    def __init__(self, file: BinaryIO, thread: ThreadPoolExecutor) -> None:
        """Take the file, and the thread; the thread starts with the first sync."""
        self._file = file
        self._thread = thread
        self._unsynced = 0
        self._pending: Future[None] | None = None

    def wrote(self, count: int) -> None:
        """Record that `count` more bytes were appended to the file.

        Raises:
            OSError: a sync has failed.
        """
        self._unsynced += count
        if self._unsynced < SYNC_BYTES or (self._pending and not self._pending.done()):
            return
        self.finish()
        try:
            descriptor = self._file.fileno()
        except io.UnsupportedOperation:
            # It is no file of the system, such as an object that is being sent.
            descriptor = -1
        self._unsynced = 0
        if descriptor >= 0:
            self._pending = self._thread.submit(_sync, descriptor)

    def finish(self) -> None:
        """Wait for the sync that is under way.

        Raises:
            OSError: it has failed.
        """
        pending, self._pending = self._pending, None
        if pending:
            pending.result()


def _sync(descriptor: int) -> None:
    # macOS has no `fdatasync`.
    getattr(os, "fdatasync", os.fsync)(descriptor)
