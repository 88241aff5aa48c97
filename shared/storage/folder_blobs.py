"""Blobs as files in a folder."""

import contextlib
import errno
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from typing_extensions import override

from shared.storage.blobs import BlobStore


class FolderBlobs(BlobStore):
    """Blobs as files in one folder, which the API and the workers share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @override
    def identity(self) -> str:
        path = self._folder / ".identity"
        with contextlib.suppress(OSError):
            _make_folder(self._folder)
            with contextlib.suppress(FileExistsError), path.open("x") as file:
                file.write(secrets.token_hex(8))
            return path.read_text()
        return ""

    @override
    def remove_unfinished(self) -> int:
        return 0  # its temporary files are in the folders of their jobs

    def _path(self, key: str) -> Path:
        return self._folder / key

    @override
    @contextlib.contextmanager
    def writing(self, key: str) -> Iterator[BinaryIO]:
        path = self._path(key)
        _make_folder(path.parent)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            try:
                yield file  # type: ignore[misc]  # the wrapper has all methods of BinaryIO
                file.flush()
                # A job is accepted, and a part marked done, because this file exists: its content
                # must be on the disk before its name, or a power cut leaves an empty file.
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        _sync_folder(path.parent)

    @override
    def put(self, key: str, content: bytes) -> None:
        with self.writing(key) as file:
            file.write(content)

    @override
    def open(self, key: str, offset: int = 0, *, expect: int = -1) -> BinaryIO:
        del expect
        file = self._path(key).open("rb")
        file.seek(offset)
        return file

    @override
    def read(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        with self.open(key, offset) as file:
            return file.read(length)

    @override
    def size(self, key: str) -> int:
        return self._path(key).stat().st_size

    @override
    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    @override
    def blank(self, key: str, offset: int, length: int) -> None:
        with contextlib.suppress(FileNotFoundError), self._path(key).open("r+b") as file:
            file.seek(offset)
            file.write(b" " * length)
            file.flush()
            os.fsync(file.fileno())

    @override
    def delete(self, key: str) -> None:
        path = self._path(key)
        if key.endswith("/"):
            # A worker may still write into the folder. It deletes what it has written when it finds
            # that its job is gone.
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    @override
    def link(self, keys: Mapping[str, str]) -> None:
        for key, second in keys.items():
            path = self._path(second)
            _make_folder(path.parent)
            # Link to a new name and rename it: linking to a name that exists is refused.
            new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
            try:
                _link(self._path(key), new)
                new.replace(path)
            finally:
                new.unlink(missing_ok=True)
        for folder in {self._path(second).parent for second in keys.values()}:
            _sync_folder(folder)

    @override
    def folders(self, key: str) -> list[str]:
        try:
            return [entry.name for entry in os.scandir(self._path(key)) if entry.is_dir()]
        except FileNotFoundError:
            return []

    @override
    def quiet_seconds(self, key: str) -> float:
        # Writes to files that are not complete, and have no key yet, count too.
        folder = self._path(key)
        written = []
        for path in [folder, *folder.rglob("*")]:
            with contextlib.suppress(FileNotFoundError):  # it was completed or deleted meanwhile
                written.append(path.stat().st_mtime)
        return time.time() - max(written, default=0.0)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, for their owner only: what is in it may be a text."""
    # Not `parents=True`: it makes the folders above with the usual mode.
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _link(path: Path, new: Path) -> None:
    try:
        new.hardlink_to(path)
    except OSError as error:
        # The file system has no hard links, or allows no more of them for this file.
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        new.touch(mode=0o600)
        shutil.copyfile(path, new)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
