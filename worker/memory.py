"""The memory of a worker: what glibc keeps, the limit of a scoring process, and what is free."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

#: Parameters of `mallopt`, from malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3

#: The files that hold a container's memory limit: cgroups version 2, and version 1.
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


#: The files of a control group: its limit, what it uses, and the counter of the part of that which
#: the kernel can drop; version 2, and version 1.
_GROUP_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
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


def forget_peak() -> None:
    """Return freed memory to the kernel, and forget what the process has used at most so far.

    Celery replaces a process by its highest memory ever. A model that takes twice its memory while
    it is loaded would have its process replaced after each task, to be loaded again.
    """
    with suppress(OSError, AttributeError):  # another C library, or no /proc
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")


def available_bytes(proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> int:
    """The memory that can be taken yet, of the machine and of each control group with a limit.

    Args:
        proc: where procfs is mounted.
        groups: where the control groups are mounted.
    """
    free = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with suppress(OSError, KeyError, ValueError):
        free.append(_counter(proc / "meminfo", "MemAvailable:") * 1024)
    for folder, (limit, usage, cache) in _control_groups(proc, groups):
        with suppress(OSError, KeyError, ValueError):  # no such file, or it says "max"
            most, used = (int((folder / name).read_text()) for name in (limit, usage))
            free.append(most - used + _counter(folder / "memory.stat", cache))
    return max(min(free), 0)


def _control_groups(proc: Path, groups: Path) -> Iterator[tuple[Path, tuple[str, str, str]]]:
    """The folders of this process's control groups and those around them, with their files."""
    lines: list[str] = []
    with suppress(OSError):
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            base, files = groups, _GROUP_FILES[0]
        elif "memory" in controllers.split(","):
            base, files = groups / "memory", _GROUP_FILES[1]
        else:
            continue
        # In a container the path may be the one outside of it; then only `base` exists.
        own = base / path.strip("/")
        for folder in (own, *own.parents):
            yield folder, files
            if folder == base:
                break


def _counter(path: Path, name: str) -> int:
    """The number that follows a name at the beginning of a line.

    Raises:
        KeyError: there is no such line.
    """
    lines = (line.split() for line in path.read_text().splitlines())
    return int({words[0]: words[1] for words in lines}[name])
