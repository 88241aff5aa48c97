"""The memory that a program may take (of the machine, of its control groups) and takes."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")


class _Group(NamedTuple):
    """A control group that may have a limit: its folder, and the names of its files."""

    folder: Path
    limit: str
    usage: str
    #: The counter in `memory.stat` of that part of the usage which the kernel can drop.
    cache: str


def memory_bytes(proc: Path = PROC, groups: Path = GROUPS) -> int:
    """The memory of the machine, or the lowest limit of a control group if that is less, in bytes.

    Args:
        proc: where procfs is mounted.
        groups: where the control groups are mounted.
    """
    limits = [_machine_bytes()]
    for group in _groups(proc, groups):
        with suppress(OSError, ValueError):  # no such file, or it says "max"
            limits.append(_number(group.folder / group.limit))
    return min(limits)


def available_bytes(proc: Path = PROC, groups: Path = GROUPS) -> int:
    """The memory that can be taken yet, of the machine and of each control group with a limit.

    Args:
        proc: where procfs is mounted.
        groups: where the control groups are mounted.
    """
    free = [_machine_bytes()]
    with suppress(OSError, KeyError, ValueError):
        free.append(_counter(proc / "meminfo", "MemAvailable:") * 1024)
    for group in _groups(proc, groups):
        with suppress(OSError, KeyError, ValueError):  # no such file, or it says "max"
            left = _number(group.folder / group.limit) - _number(group.folder / group.usage)
            free.append(left + _counter(group.folder / "memory.stat", group.cache))
    return max(min(free), 0)


def resident_bytes(pid: int, proc: Path = PROC) -> int:
    """The resident memory of a process, in bytes; 0 if it has ended, or there is no /proc."""
    with suppress(OSError, ValueError, IndexError):
        pages = int((proc / str(pid) / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def own_bytes(pid: int, proc: Path = PROC) -> int:
    """The memory of a process that the kernel cannot drop, in bytes; 0 as for `resident_bytes`.

    That is its resident memory without mapped files, which processes share.
    """
    with suppress(OSError):
        status = (proc / str(pid) / "status").read_text()
        found = re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB$", status, re.MULTILINE)
        return 1024 * sum(map(int, found))
    return 0


def _machine_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _groups(proc: Path, groups: Path) -> Iterator[_Group]:
    """This process's control groups and those around them, of version 2 and version 1."""
    lines: list[str] = []
    with suppress(OSError):
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            base, names = groups, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            base = groups / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        # In a container the path may be the one outside of it; then only `base` exists.
        own = base / path.strip("/")
        for folder in (own, *own.parents):
            yield _Group(folder, *names)
            if folder == base:
                break


def _number(path: Path) -> int:
    """The number that a file holds.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    return int(path.read_text())


def _counter(path: Path, name: str) -> int:
    """The number that follows a name at the beginning of a line.

    Raises:
        KeyError: there is no such line.
    """
    lines = (line.split() for line in path.read_text().splitlines())
    return int({words[0]: words[1] for words in lines}[name])
