"""The memory of a replica, and settings of the C library's memory allocator."""

import ctypes
import gc
import os
from contextlib import suppress
from pathlib import Path

from shared.machine_memory import PROC, resident_bytes

#: The parameters of `mallopt`, from malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8

#: The most freed bytes that a heap keeps at its end, and the size from which a block is mapped by
#: itself, outside the heaps.
TRIM_BYTES, MMAP_BYTES = 16 * 1024 * 1024, 8 * 1024 * 1024


def give_back() -> None:
    """Return freed memory to the system, also from the middle of a heap.

    Call it after a large body: its many small values leave holes. The error of one that was refused
    may still hold it, in a cycle with its traceback.
    """
    gc.collect()
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def share_memory() -> None:
    """Limit a process to two heaps, and let them keep freed memory. Call it before threads start.

    By default glibc gives a process up to eight heaps per core, and memory that a thread frees
    stays in the thread's heap. With 24 clients that download results as Parquet a process grew to
    400 MB; with two heaps it grows to 200 MB.

    By default glibc also returns free memory at the end of a heap to the system. The next megabyte
    of an upload then faults the same pages in again, 40,000 of them in an upload of 100 MB.

    Other C libraries are left as they are.
    """
    with suppress(OSError, AttributeError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(M_ARENA_MAX, 2)
        library.mallopt(M_TRIM_THRESHOLD, TRIM_BYTES)
        library.mallopt(M_MMAP_THRESHOLD, MMAP_BYTES)


def replica_bytes(proc: Path = PROC) -> int:
    """The resident memory of all processes of this replica, in bytes.

    These are gunicorn's main process, which is the parent of this one, and its children. Memory
    that they share counts once for each, so this is rather too much. Without gunicorn it is the
    memory of this process alone.
    """
    parent, own = os.getppid(), os.getpid()
    pids = {own}
    with suppress(OSError, ValueError):
        if _command(proc, parent) == _command(proc, own):
            children = proc / str(parent) / "task" / str(parent) / "children"
            pids |= {parent, *map(int, children.read_text().split())}
    return sum(resident_bytes(pid, proc) for pid in pids)


def _command(proc: Path, pid: int) -> bytes:
    return (proc / str(pid) / "cmdline").read_bytes()
