"""Keeps the files of a model as they were when the worker started.

A scoring process that is started later must load the version that its main process serves, also if
the folder was replaced or removed meanwhile. So the main process holds the files open, and the
processes that it forks inherit them: the content of an open file stays on the disk until it is
closed. That needs no copy before one is needed, and nothing is left if the worker is killed.
"""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

logger = logging.getLogger(__name__)

#: The bytes that are copied at a time.
_CHUNK = 2**20


class KeptFiles:
    """The files of one model folder, held open by this process and those that it forks."""

    def __init__(self, folder: Path) -> None:
        """Open the files of a model folder.

        If that fails they are not kept: a later process must then find them unchanged.
        """
        self._name = folder.name
        self._files: dict[str, BinaryIO] = {}
        try:
            for path in folder.iterdir():
                if path.is_file():
                    self._files[path.name] = path.open("rb")
        except OSError as error:
            logger.warning("the files of %s are not kept: %s", folder, error)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    @contextmanager
    def copy(self) -> Iterator[Path]:
        """Yield a temporary folder with a copy of the files.

        Raises:
            OSError: there is no room for it.
        """
        with tempfile.TemporaryDirectory(prefix="scorelane-model-") as room:
            folder = Path(room) / self._name
            folder.mkdir()
            for name, file in self._files.items():
                with (folder / name).open("wb") as copied:
                    for chunk in _content(file):
                        copied.write(chunk)
            yield folder


def _content(file: BinaryIO) -> Iterator[bytes]:
    offset = 0
    # By offset: all processes that inherited the open file share its position.
    while chunk := os.pread(file.fileno(), _CHUNK, offset):
        yield chunk
        offset += len(chunk)
