"""The space on the disk of the blob store."""

import shutil
from pathlib import Path
from typing import NamedTuple


class DiskSpace(NamedTuple):
    """The space on the disk of a folder, in bytes."""

    free: int
    total: int


def nearest_folder(folder: Path) -> Path:
    """The folder, or its nearest parent if it does not exist: the first write makes the folder."""
    return next((one for one in (folder, *folder.absolute().parents) if one.exists()), folder)


def disk_space(folder: Path) -> DiskSpace | None:
    """The space on the disk that a folder is on, or will be on; None if it cannot be read."""
    try:
        usage = shutil.disk_usage(nearest_folder(folder))
    except OSError:
        return None
    return DiskSpace(usage.free, usage.total)
