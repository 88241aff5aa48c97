"""Keeps the files of models as they were when the worker started.

A scoring process that is started later must load the version that its main process serves, also if
the folder was replaced or removed meanwhile. So the main process holds the files open: the content
of an open file stays on the disk until it is closed. That needs no copy, and nothing is left when
the worker is killed.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

logger = logging.getLogger(__name__)

#: The open files of a process by their number. Linux has it; elsewhere nothing is kept.
_OPEN_FILES = Path("/proc/self/fd")

_held: list[BinaryIO] = []


@contextmanager
def room_for_links() -> Iterator[Path | None]:
    """Yield a folder for `keep_files`, which is removed in the end; None if none can be made."""
    try:
        room = tempfile.TemporaryDirectory(prefix="scorelane-models-", ignore_cleanup_errors=True)
    except OSError as error:
        logger.warning("the files of the models are not kept: %s", error)
        yield None
        return
    with room as folder:
        yield Path(folder)


def keep_files(folder: Path, room: Path | None) -> Path:
    """Hold the files of a folder open, for this process and those that it forks from now on.

    Args:
        folder: a model folder.
        room: where to make the new folder; None: nowhere.

    Returns:
        A new folder with links to the open files, under their names; or `folder` itself if they
        cannot be kept here. Then a process that finds other files must not use them.
    """
    if room is None or not _OPEN_FILES.is_dir():
        return folder
    try:
        kept = room / folder.name
        kept.mkdir(parents=True)
        for path in folder.iterdir():
            if path.is_file():
                file = path.open("rb")
                _held.append(file)
                (kept / path.name).symlink_to(_OPEN_FILES / str(file.fileno()))
    except OSError as error:
        logger.warning("the files of %s are not kept: %s", folder, error)
        return folder
    return kept
