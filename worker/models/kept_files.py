"""Keeps the files of a model as they were when the worker found it.

A scoring process that loads a version later must load the one that its main process serves, also if
the folder was replaced or removed meanwhile. So the main process holds the files open. Processes
that it forks later inherit them, and those that it has forked before open them by `/proc`. The
content of an open file stays on the disk until it is closed. That needs no copy before one is
needed, and nothing is left if the worker is killed.
"""

import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self

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
            self._open({path.name: path for path in folder.iterdir() if path.is_file()})
        except OSError as error:
            logger.warning("the files of %s are not kept: %s", folder, error)

    @classmethod
    def of_process(cls, folder: Path, opened: Mapping[str, int], pid: int) -> Self:
        """The files of a model folder that another process of the same user has open.

        Args:
            folder: the folder in which they were.
            opened: the descriptor that the other process has of each, by the file's name.
            pid: the other process.

        Raises:
            OSError: it has closed them.
        """
        kept = cls.__new__(cls)
        kept._name, kept._files = folder.name, {}
        kept._open({name: Path(f"/proc/{pid}/fd/{file}") for name, file in opened.items()})
        return kept

    def _open(self, paths: Mapping[str, Path]) -> None:
        for name, path in paths.items():
            self._files[name] = path.open("rb")

    @property
    def descriptors(self) -> dict[str, int]:
        """The descriptor of each open file, by its name."""
        return {name: file.fileno() for name, file in self._files.items()}

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
        self._files = {}

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
