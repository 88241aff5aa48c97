"""The machine and the versions that a figure was measured with."""

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_LIBRARIES = (
    "scorelane", "celery", "redis", "hiredis", "flask", "gunicorn", "numpy", "pandas",
    "scikit-learn", "polars", "pyarrow", "onnxruntime", "keras", "tensorflow-cpu", "tensorflow",
)  # fmt: skip


def machine() -> dict[str, Any]:
    """The machine and the versions that a figure was measured with."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _first_match("/proc/cpuinfo", r"model name\s*:\s*(.+)") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        # Includes other programs: figures from a busy machine are less reliable.
        "load_at_begin": round(os.getloadavg()[0], 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "libraries": {name: found for name in _LIBRARIES if (found := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _first_match(path: str, pattern: str) -> str | None:
    try:
        found = re.search(pattern, Path(path).read_text(encoding="utf-8"))
    except OSError:
        return None
    return found.group(1).strip() if found else None
