"""The blob store, which holds uploads and result parts: named bytes, complete or absent.

`Blobs` is what every store can do. `shared.storage.folder_blobs` keeps blobs in a folder, and
`shared.storage.object_blobs` in object storage; `shared.storage.opening` decides.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import BinaryIO, Protocol, TypeVar

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
