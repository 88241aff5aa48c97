"""How a program finds out the memory that it may take, and what of it is free."""

import os
from pathlib import Path

import pytest

from shared.machine_memory import available_bytes, memory_bytes, own_bytes

GIB = 2**30


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A procfs of a machine with 8 GiB free."""
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text(f"MemTotal: 99 kB\nMemAvailable:   {8 * 2**20} kB\n")
    return proc


def group(folder: Path, limit: object, used: int, cache: int, version: int = 2) -> None:
    """Make the files of a control group."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        2: ("memory.max", "memory.current", "inactive_file"),
    }[version]
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 7\n{names[2]} {cache}\n")


def least_of(proc: Path, groups: Path) -> int:
    """The free memory, if the machine that runs the test has more."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    found = available_bytes(proc, groups)
    assert found <= machine
    return found


@pytest.mark.parametrize("path", ["/", "/system.slice/worker.service", "/not/here"])
@pytest.mark.parametrize("version", [1, 2])
def test_a_limit_of_a_control_group_counts(
    proc: Path, tmp_path: Path, path: str, version: int
) -> None:
    """That of the process, and those around it; what the kernel can drop from its cache is free."""
    groups = tmp_path / "groups"
    base = groups / "memory" if version == 1 else groups
    line = f"4:cpu,memory:{path}" if version == 1 else f"0::{path}"
    (proc / "self" / "cgroup").write_text(f"9:name=systemd:/\n{line}\n")
    group(base, GIB, 700 * 2**20, 100 * 2**20, version)
    assert least_of(proc, groups) == 424 * 2**20
    assert memory_bytes(proc, groups) == GIB
    if path != "/":
        group(base / path[1:], GIB // 2, 400 * 2**20, 0, version)
        assert least_of(proc, groups) == 112 * 2**20
        assert memory_bytes(proc, groups) == GIB // 2


def test_without_limits_the_memory_of_the_machine_counts(proc: Path, tmp_path: Path) -> None:
    """A group without a limit, a group whose files are missing, or no group at all."""
    machine = min(8 * GIB, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    assert available_bytes(proc, tmp_path) == machine
    (proc / "self" / "cgroup").write_text("0::/one/two\n")
    group(tmp_path / "one", "max", 5, 5)
    assert available_bytes(proc, tmp_path) == machine
    assert memory_bytes(proc, tmp_path) >= machine
    group(tmp_path / "one", 5, 900, 0)
    assert available_bytes(proc, tmp_path) == 0
    assert available_bytes(tmp_path / "nothing", tmp_path) >= machine


def test_mapped_files_are_not_a_process_s_own(proc: Path) -> None:
    """Processes share them, and the kernel drops them when memory is short."""
    (proc / "7").mkdir()
    lines = ["Name:\tworker", "VmRSS:\t  300 kB", "RssAnon:\t  90 kB", "RssFile:\t  200 kB"]
    (proc / "7" / "status").write_text("\n".join([*lines, "RssShmem:\t  10 kB", "Threads:\t1"]))
    assert (own_bytes(7, proc), own_bytes(8, proc)) == (100 * 1024, 0)
