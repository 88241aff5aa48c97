"""Where uploads and result parts lie: named runs of bytes, whole or not there."""

import contextlib
import errno
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Protocol

from typing_extensions import override


class Blobs(Protocol):
    """Named runs of bytes. A key is a path with `/`; a reader never sees half a blob."""

    def writing(self, key: str) -> contextlib.AbstractContextManager[BinaryIO]:
        """A file to write the blob to; it appears when the block ends, and not if it raises."""

    def put(self, key: str, content: bytes) -> None:
        """Write a whole blob, over an older one of that key."""

    def open(self, key: str, offset: int = 0) -> BinaryIO:
        """A file to read the blob from, at `offset` bytes.

        Raises:
            FileNotFoundError: there is no such blob.
        """

    def read(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        """The bytes of a blob, `length` of them from `offset`; -1: to its end.

        Raises:
            FileNotFoundError: there is no such blob.
        """

    def size(self, key: str) -> int:
        """The length of a blob, in bytes.

        Raises:
            FileNotFoundError: there is no such blob.
        """

    def exists(self, key: str) -> bool:
        """Whether there is such a blob."""

    def delete(self, key: str) -> None:
        """Delete a blob, or every blob whose key begins with `key` where that ends in `/`."""

    def link(self, keys: Mapping[str, str]) -> None:
        """Give blobs a second key each, of a blob of its own; without a copy where that can be.

        Args:
            keys: the new key of each, over an older blob of that key.

        Raises:
            FileNotFoundError: there is no such blob; those before it have their second key.
        """

    def folders(self, key: str) -> list[str]:
        """The names behind `key`, which ends in `/`, in the keys of blobs, up to the next `/`."""

    def quiet_seconds(self, key: str) -> float:
        """For how long nothing was written at keys that begin with `key`, which ends in `/`."""


class FolderBlobs(Blobs):
    """Blobs as files below one folder, which the API and the workers share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def identity(self) -> str:
        """A name of the folder's own, made at the first call; empty where it cannot be had.

        So two programs can tell whether they see the same folder.
        """
        path = self._folder / ".identity"
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError), path.open("x") as file:
                file.write(secrets.token_hex(8))
            return path.read_text()
        return ""

    def _path(self, key: str) -> Path:
        return self._folder / key

    @override
    @contextlib.contextmanager
    def writing(self, key: str) -> Iterator[BinaryIO]:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            try:
                yield file  # type: ignore[misc]  # the wrapper has all of BinaryIO
                file.flush()
                # A part is marked done, and a job accepted, on the strength of this file: it must
                # be on the disk before its name is, or a power cut leaves an empty one.
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
    def open(self, key: str, offset: int = 0) -> BinaryIO:
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
    def delete(self, key: str) -> None:
        path = self._path(key)
        if key.endswith("/"):
            # A worker may still be writing below it: what is left is deleted by that worker, which
            # finds its job gone.
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    @override
    def link(self, keys: Mapping[str, str]) -> None:
        for key, second in keys.items():
            path = self._path(second)
            path.parent.mkdir(parents=True, exist_ok=True)
            # Over an older one by its rename: a link to a name that is taken is refused.
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
        # Also into a file that is not whole yet, and has no key.
        folder = self._path(key)
        written = []
        for path in [folder, *folder.rglob("*")]:
            with contextlib.suppress(FileNotFoundError):  # it became whole, or went
                written.append(path.stat().st_mtime)
        return time.time() - max(written, default=0.0)


def _link(path: Path, new: Path) -> None:
    try:
        new.hardlink_to(path)
    except OSError as error:
        # A file system that has no links, or no more for this file.
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        shutil.copyfile(path, new)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
