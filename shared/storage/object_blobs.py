"""Blobs in object storage: Amazon S3 and those that speak its protocol, Google's, and Azure's."""

import errno
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, cast

from typing_extensions import override

from shared.config.object_address import ObjectAddress
from shared.storage.blobs import BlobStore, for_each
from shared.storage.object_connection import BLOBS, ObjectConnection
from shared.storage.object_ends import ObjectEnds
from shared.storage.object_errors import ObjectStorageError
from shared.storage.object_files import (
    HEAD_BYTES,
    PIECE_BYTES,
    TAIL_BYTES,
    ObjectReader,
    ObjectWriter,
    Range,
)
from shared.storage.unfinished import remove_unfinished

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta, UpdateVersion
    from obstore.store import ObjectStore

logger = logging.getLogger(__name__)

#: The most pieces of one upload that are sent at a time; each is in memory.
PIECES_AT_A_TIME = 2

#: The most blobs that are read at a time where many are: each waits some 30 ms for Amazon's S3.
READS_AT_A_TIME = 8

_IDENTITY, _CLOCK = ".identity", ".clock"

#: How often a change in place is tried again, because another process has changed the blob.
_CHANGES = 10


class ObjectBlobs(BlobStore):
    """Blobs as objects with a common prefix.

    A process may use it only if no process from which it was forked has: the threads of obstore do
    not survive a fork. Making it uses nothing.
    """

    at_once = READS_AT_A_TIME

    def __init__(
        self,
        address: ObjectAddress,
        open_store: Callable[[ObjectAddress], "ObjectStore"] | None = None,
        *,
        named_in: str = BLOBS,
    ) -> None:
        """Take what it needs; see `ObjectConnection`."""
        self.address = address
        self._connection = ObjectConnection(address, open_store, named_in)
        self._call, self._errors = self._connection.call, self._connection.errors
        self._ends = ObjectEnds()

    @property
    def _store(self) -> "ObjectStore":
        return self._connection.store

    @override
    def identity(self) -> str:
        import obstore  # noqa: PLC0415  as all imports of it: see `shared.storage.opening`
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415

        with suppress(OSError), self._errors():
            with suppress(AlreadyExistsError):
                content = secrets.token_hex(8).encode()
                obstore.put(self._store, _IDENTITY, content, mode="create")
            return self.read(_IDENTITY).decode()
        return ""

    @override
    def remove_unfinished(self) -> int:
        return remove_unfinished(self.address)

    @override
    @contextmanager
    def writing(self, key: str) -> Iterator[BinaryIO]:
        writer = ObjectWriter(lambda content: self._put(key, content))
        try:
            yield cast("BinaryIO", writer)
        except BaseException:
            writer.break_off()
            raise
        writer.commit()

    @override
    def put(self, key: str, content: bytes) -> None:
        self._put(key, content)

    def _put(self, key: str, content: bytes | Iterator[bytes]) -> None:
        import obstore  # noqa: PLC0415

        self._ends.forget(key)
        # A multipart upload, if it takes several pieces; obstore aborts it if a piece raises.
        put = partial(obstore.put, chunk_size=PIECE_BYTES, max_concurrency=PIECES_AT_A_TIME)
        if isinstance(content, bytes):
            self._call(lambda store: put(store, key, content))
            return
        with self._errors():  # not again: its pieces come only once
            put(self._store, key, content)

    @override
    def open(self, key: str, offset: int = 0, *, expect: int = -1) -> BinaryIO:
        if offset == 0 and expect < 0:
            first, meta = self._first(key)
        else:
            # Each part of a job reads a range of one upload, and a download asks for the length of
            # each result first: the end of a blob is read once. Its length is asked for each time.
            first, meta = (expect > 0 and self._ends.get(key)) or self._last(key)
            self._ends.keep(key, first, meta)

        def fetch(begin: int, end: int) -> Range:
            options: GetOptions = {"range": (begin, end)}
            if meta["e_tag"]:
                options["if_match"] = meta["e_tag"]
            try:
                return self._range(key, options)[0]
            except OSError:
                self._ends.forget(key)
                raise

        return cast("BinaryIO", ObjectReader(first, fetch, offset))

    def _first(self, key: str) -> "tuple[Range, ObjectMeta]":
        return self._or_empty(key, {"range": (0, HEAD_BYTES)})

    def _last(self, key: str) -> "tuple[Range, ObjectMeta]":
        if self.address.scheme != "az":
            return self._or_empty(key, {"range": {"suffix": TAIL_BYTES}})
        # Azure has no ranges that count from the end.
        meta = self._head(key)
        if not meta["size"]:
            return Range(0, memoryview(b""), 0), meta
        begin = max(meta["size"] - TAIL_BYTES, 0)
        return self._range(key, {"range": (begin, meta["size"])})

    def _or_empty(self, key: str, options: "GetOptions") -> "tuple[Range, ObjectMeta]":
        try:
            return self._range(key, options)
        except ObjectStorageError as error:
            if error.errno != errno.ERANGE:
                raise
            # An empty object has no range.
            meta = self._head(key)
            if meta["size"]:
                raise
            return Range(0, memoryview(b""), 0), meta

    def _range(self, key: str, options: "GetOptions") -> "tuple[Range, ObjectMeta]":
        import obstore  # noqa: PLC0415
        from obstore.exceptions import PreconditionError  # noqa: PLC0415

        def get(store: "ObjectStore") -> "tuple[Range, ObjectMeta]":
            try:
                result = obstore.get(store, key, options=options)
                content = memoryview(result.bytes())
            except PreconditionError:
                raise ObjectStorageError(
                    errno.ESTALE, "a blob was replaced while it was read"
                ) from None
            return Range(result.range[0], content, result.meta["size"]), result.meta

        return self._call(get)

    def _head(self, key: str) -> "ObjectMeta":
        import obstore  # noqa: PLC0415

        return self._call(lambda store: obstore.head(store, key))

    @override
    def read(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        with self.open(key, offset, expect=length) as file:
            return file.read(length)

    @override
    def size(self, key: str) -> int:
        return self._last(key)[0].size

    @override
    def exists(self, key: str) -> bool:
        # Not by HEAD, whose answer does not tell a missing bucket from a missing object.
        try:
            self._or_empty(key, {"range": (0, 1)})
        except FileNotFoundError:
            return False
        return True

    @override
    def blank(self, key: str, offset: int, length: int) -> None:
        import obstore  # noqa: PLC0415
        from obstore.exceptions import PreconditionError  # noqa: PLC0415

        with suppress(FileNotFoundError), self._errors():
            for _ in range(_CHANGES):
                result = obstore.get(self._store, key)
                content = bytearray(result.bytes())
                content[offset : offset + length] = b" " * length
                read: UpdateVersion = {}
                if result.meta["e_tag"]:
                    read["e_tag"] = result.meta["e_tag"]
                if result.meta["version"]:
                    read["version"] = result.meta["version"]
                # Only if it is what was read: another process may blank another range of it.
                with suppress(PreconditionError):
                    obstore.put(self._store, key, bytes(content), mode=read)
                    return
            raise ObjectStorageError(errno.EBUSY, "a blob was changed again and again")

    @override
    def delete(self, key: str) -> None:
        self._ends.forget(key)
        if not key.endswith("/"):
            self._delete([key])
            return
        for metas in self._listed(key):
            self._delete([one["path"] for one in metas])

    def _delete(self, keys: list[str]) -> None:
        import obstore  # noqa: PLC0415

        def delete(store: "ObjectStore") -> None:
            try:
                obstore.delete(store, keys)
            except FileNotFoundError:
                # Google and Azure say so if one is missing; the others may be left.
                for key in keys:
                    with suppress(FileNotFoundError):
                        obstore.delete(store, key)

        self._call(delete)

    def _listed(self, key: str) -> "Iterator[list[ObjectMeta]]":
        """The blobs whose keys begin with `key`, up to 1,000 at a time."""
        import obstore  # noqa: PLC0415

        with self._errors():
            for metas in obstore.list(self._store, key, chunk_size=1000):
                yield [dict(one) for one in metas]  # type: ignore[misc]

    def listing(self) -> "list[ObjectMeta]":
        """All blobs, by one request for each 1,000.

        Raises:
            OSError: the store does not list them.
        """
        import obstore  # noqa: PLC0415

        return self._call(
            lambda store: [
                cast("ObjectMeta", dict(one))
                for metas in obstore.list(store, chunk_size=1000)
                for one in metas
            ]
        )

    @override
    def link(self, keys: Mapping[str, str]) -> None:
        for_each(self, self._copy, keys.items())

    def _copy(self, pair: tuple[str, str]) -> None:
        import obstore  # noqa: PLC0415

        key, second = pair
        self._ends.forget(second)
        self._call(lambda store: obstore.copy(store, key, second))

    @override
    def folders(self, key: str) -> list[str]:
        import obstore  # noqa: PLC0415

        listed = self._call(lambda store: obstore.list_with_delimiter(store, key))
        found = listed["common_prefixes"]
        return [one.rstrip("/").rpartition("/")[2] for one in found]

    @override
    def quiet_seconds(self, key: str) -> float:
        times = [one["last_modified"].timestamp() for metas in self._listed(key) for one in metas]
        if not times:
            return float("inf")
        # By the clock of the store: that of this machine may differ.
        self.put(_CLOCK, b"now")
        return self._head(_CLOCK)["last_modified"].timestamp() - max(times)
