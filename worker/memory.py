"""What a worker asks of the C library's memory, and how much a process may hold."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

#: Of malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


#: Where a container's limit stands, by version 2 and 1 of cgroups.
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next part.

    By itself it gives arrays back to the kernel at once, which must clear each page when they are
    wanted again: a tenth of the scoring time. What is kept is what the largest part took.
    """
    with suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, 64 * 2**20)
        libc.mallopt(M_TRIM_THRESHOLD, 512 * 2**20)


def most_process_bytes(processes: int) -> int:
    """What a process of the worker may hold: four fifths of its share of the memory.

    Of the machine's memory, or of what the container may have where that is less.
    """
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in _CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # no such file, or it says "max"
            limits.append(int(path.read_text()))
    return min(limits) * 4 // 5 // processes


def resident_bytes(pid: int) -> int:
    """What a process holds; 0 where there is none, or no /proc that says it."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0
