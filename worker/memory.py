"""The memory of a scoring process: what it keeps of freed memory, and how much it may take."""

import ctypes
from contextlib import suppress
from pathlib import Path

from shared.machine_memory import memory_bytes

#: Parameters of `mallopt`, from malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next part.

    By default glibc returns large arrays to the kernel at each free, and the kernel must clear
    every page again for the next array: that takes a tenth of the scoring time. A process then
    keeps as much memory as its largest part needed.
    """
    with suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, 64 * 2**20)
        libc.mallopt(M_TRIM_THRESHOLD, 512 * 2**20)


def max_process_bytes(processes: int) -> int:
    """The memory that one scoring process may use, in bytes: four fifths of its equal share."""
    return memory_bytes() * 4 // 5 // processes


def forget_peak() -> None:
    """Return freed memory to the kernel, and forget what the process has used at most so far.

    Celery replaces a process by its highest memory ever. A model that takes twice its memory while
    it is loaded would have its process replaced after each task, to be loaded again.
    """
    with suppress(OSError, AttributeError):  # another C library, or no /proc
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
