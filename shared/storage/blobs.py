"""The blob store, which holds uploads and result parts: named bytes, complete or absent.

`Blobs` is what every store can do. `FolderBlobs` keeps blobs in a folder, and
`shared.storage.object_blobs.ObjectBlobs` in object storage; `shared.storage.opening` decides.
"""

import contextlib
import errno
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from typing_extensions import override

Item = TypeVar("Item")
Result = TypeVar("Result")


class Blobs(Protocol):
    """Named bytes. A key is a path with `/`; a reader never sees an incomplete blob.

    Attributes:
        at_once: how many blobs are best read at a time, because each waits for a network.

    Where blobs have checksums (`shared.storage.sealed`), every method that reads raises
    `shared.errors.service.DataDamaged` instead of giving other bytes than were written.
    """

    at_once: int = 1

    def writing(self, key: str) -> contextlib.AbstractContextManager[BinaryIO]:
        """A file to write the blob to. The blob appears when the block ends, unless it raises."""

    def put(self, key: str, content: bytes) -> None:
        """Write a whole blob; it replaces an older blob with that key."""

    def open(self, key: str, offset: int = 0, *, expect: int = -1) -> BinaryIO:
        """Open the blob for reading, at `offset` bytes.

        Args:
            key: of the blob.
            offset: where to read first, in bytes.
            expect: about how many bytes will be read from there; -1: all. It is a hint, by which a
                store over a network decides how much it asks for at a time.

        Raises:
            FileNotFoundError: there is no such blob.
        """

    def read(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        """Read `length` bytes of a blob from `offset`; -1: to its end.

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
        """Delete a blob; if `key` ends in `/`, delete every blob whose key begins with it.

        A missing blob is no error.
        """

    def link(self, keys: Mapping[str, str]) -> None:
        """Make a second blob with the same content from each of some blobs.

        The bytes are not copied if the store can avoid it.

        Args:
            keys: the key of each new blob by the key of its source. A new blob replaces an older
                one with its key.

        Raises:
            FileNotFoundError: a source is missing; the new blobs before it were made.
        """

    def folders(self, key: str) -> list[str]:
        """The names between `key`, which ends in `/`, and the next `/` in the keys of blobs.

        Some stores go on giving a name for a while after the last blob under it was deleted.
        """

    def quiet_seconds(self, key: str) -> float:
        """Seconds since the last write to a key that begins with `key`, which ends in `/`.

        If there is no such blob, the number is large.
        """


class ErasableBlobs(Blobs, Protocol):
    """Blobs of which a part can be erased in place.

    `SealedBlobs` are not of this kind: a part that is erased would not match its checksum. So what
    is kept here needs checksums of its own, as the lines of `shared.storage.archive` have.
    """

    def blank(self, key: str, offset: int, length: int) -> None:
        """Overwrite `length` bytes of a blob from `offset` with blanks; a missing blob is no error.

        Readers may see a part of the change.
        """


class BlobStore(ErasableBlobs, Protocol):
    """A store that a program opens: blobs, and an id by which programs know that they share it."""

    def identity(self) -> str:
        """An id of the store, made at the first call; empty if it cannot be read or written.

        By it two programs can tell whether they see the same store.
        """

    def remove_unfinished(self) -> int:
        """Remove what processes that died have left of blobs that never became visible.

        Returns:
            The number of unfinished blobs. A store that holds them next to the other blobs of a
            job, and removes them with these, returns 0.
        """


def for_each(blobs: Blobs, read: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Call `read` for each of some items, several at a time if the store is better read so.

    Raises:
        Exception: what the first call that raised has raised.
    """
    if blobs.at_once == 1:
        return [read(one) for one in items]
    with ThreadPoolExecutor(blobs.at_once, thread_name_prefix="blobs") as threads:
        calls = [threads.submit(copy_context().run, read, one) for one in items]
        try:
            return [call.result() for call in calls]
        finally:
            threads.shutdown(cancel_futures=True)


def will_read(file: BinaryIO, begin: int, end: int) -> None:
    """Tell a file that the bytes from `begin` to before `end` are read next.

    A file over a network then asks for them at once; a file of the system needs no such hint.
    """
    if hint := getattr(file, "will_read", None):
        hint(begin, end)


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
