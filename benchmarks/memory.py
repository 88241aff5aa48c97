"""The peak memory of each program, after a short file and after a long one."""

import re
import tempfile
from pathlib import Path

from benchmarks.report import Options, Table, within
from benchmarks.reviews import save
from benchmarks.service import Running, service
from benchmarks.transfer import transfer

#: The maximum peak memory of the API, a worker process with `fast`, and Redis, in MB.
FLOORS = {"api": 200.0, "worker processes": 400.0, "redis": 64.0}

TITLES = {"api": "the API", "worker processes": "a worker process", "redis": "Redis"}


def run(options: Options) -> list[Table]:
    """Send a short file, then a long one, to one service; measure its programs after each."""
    sizes = (100_000, 300_000) if options.quick else (100_000, 5_000_000)
    table = Table("Peak memory, with `fast`", ("", "peak", ""))
    table.notes = [
        "Resident memory of the largest process of each program (VmHWM); of Redis, what it has",
        "allocated. One service scored both files, the short one first.",
    ]
    serve_fast = {"SCORELANE_SERVE": "fast"}
    with (
        tempfile.TemporaryDirectory(prefix="scorelane-bench-") as folder,
        service(env=serve_fast) as running,
    ):
        source, target = Path(folder) / "texts.csv", Path(folder) / "scores.csv"
        for size in sizes:
            rows = save(options, source, size)
            transfer(running, source, target)
            for name, peak in peaks(running).items():
                title = f"{TITLES[name]}, after {rows:,} rows"
                table.rows.append(within(title, peak, FLOORS[name], unit="MB"))
            with target.open("rb") as file:
                lines = sum(1 for _ in file) - 1
            table.check(lines == rows, f"{lines:,} rows came back of {rows:,}")
    return [table]


def peaks(running: Running) -> dict[str, float]:
    """Program -> the peak of its memory since its start, in MB.

    For a program with several processes it is the peak of the largest one; for Redis it is the
    memory that it has allocated.
    """
    found = {name: max(map(_peak, running.pids[name])) for name in TITLES if name != "redis"}
    with running.redis() as redis:
        found["redis"] = redis.info("memory")["used_memory_peak"] / 2**20
    return found


def _peak(pid: int) -> float:
    """The peak resident memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    if found is None:
        raise RuntimeError(f"process {pid} has ended")
    return int(found[1]) / 1024
