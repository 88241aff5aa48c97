"""The space on the disk of the blob store."""

import shutil
from pathlib import Path
from typing import NamedTuple

from shared.config.settings import Settings


class DiskSpace(NamedTuple):
    """The space on the disk of a folder, in bytes."""

    free: int
    total: int


def nearest_folder(folder: Path) -> Path:
    """The folder, or its nearest parent if it does not exist: the first write makes the folder."""
    return next((one for one in (folder, *folder.absolute().parents) if one.exists()), folder)


def disk_space(settings: Settings) -> DiskSpace | None:
    """The space on the disk that the blob store is on, or will be on.

    None if it cannot be read, or if blobs are in object storage, which has no end.
    """
    if settings.blobs:
        return None
    try:
        usage = shutil.disk_usage(nearest_folder(settings.blobs_dir))
    except OSError:
        return None
    return DiskSpace(usage.free, usage.total)
