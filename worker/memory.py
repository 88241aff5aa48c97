"""The memory of a worker: a setting of glibc, and the limit of a scoring process."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

#: Parameters of `mallopt`, from malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3

#: The files that hold a container's memory limit: cgroups version 2, and version 1.
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


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


def memory_bytes() -> int:
    """The memory of the machine, or the container's limit if that is less, in bytes."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in _CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # no such file, or it says "max"
            limits.append(int(path.read_text()))
    return min(limits)
