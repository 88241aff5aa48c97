"""Blobs with checksums: what was damaged on the disk is found when it is read.

The checksums are in the blob itself (`shared.storage.seal`), so they come and go with it, whatever
kind of store holds it; a link of a blob has them too (`shared.storage.origins`).
"""

import io
import os
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, cast

from typing_extensions import override
from xxhash import xxh3_64, xxh3_64_intdigest

from shared.errors.service import DataDamaged
from shared.storage.blobs import Blobs
from shared.storage.origins import (
    ORIGINS,
    folder_of,
    keys_from,
    new_origins,
    origins_in,
    text_of,
)
from shared.storage.seal import (
    BLOCK_BYTES,
    HEAD,
    Seal,
    key_sum,
    read_checked,
    seal_of,
    sums_in,
    sums_of,
    tail_of,
)


class SealedBlobs(Blobs):
    """Blobs in another store, with checksums.

    Every method that reads raises `shared.errors.service.DataDamaged` if the bytes that it would
    give are not those that were written, if the blob is shorter or longer than it was, or if it was
    written under another key, and not linked to this one.
    """

    def __init__(self, blobs: Blobs) -> None:
        """Take the store that holds the blobs."""
        self._blobs = blobs
        self.at_once = blobs.at_once

    @override
    @contextmanager
    def writing(self, key: str) -> Iterator[BinaryIO]:
        with self._blobs.writing(key) as file:
            sealing = SealingWriter(file, key)
            yield cast("BinaryIO", sealing)
            sealing.seal()

    @override
    def put(self, key: str, content: bytes) -> None:
        # In pieces: joining them would cost a copy of the content.
        with self._blobs.writing(key) as file:
            file.write(HEAD)
            file.write(content)
            file.write(sums_of(content) + tail_of(key, len(content)))

    @override
    def open(self, key: str, offset: int = 0, *, expect: int = -1) -> BinaryIO:
        file = self._blobs.open(key, offset, expect=expect)
        try:
            seal = self._seal_of(file, key)
            if seal.is_sealed:
                reader = SealedReader(file, key, seal.size)
                file = cast("BinaryIO", io.BufferedReader(reader, BLOCK_BYTES))
            file.seek(offset)
        except BaseException:
            file.close()
            raise
        return file

    @override
    def read(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        with self._blobs.open(key, offset, expect=length) as file:
            seal = self._seal_of(file, key)
            if not seal.is_sealed:
                file.seek(offset)
                return file.read(length)
            end = seal.size if length < 0 else min(offset + length, seal.size)
            sums = sums_in(file, seal.size, offset, end)
            return read_checked(file, key, seal.size, offset, end, sums)

    @override
    def size(self, key: str) -> int:
        with self._blobs.open(key, expect=0) as file:
            return self._seal_of(file, key).size

    @override
    def exists(self, key: str) -> bool:
        return self._blobs.exists(key)

    @override
    def delete(self, key: str) -> None:
        self._blobs.delete(key)

    @override
    def link(self, keys: Mapping[str, str]) -> None:
        # First: a link whose origin is not known is not read.
        self._note_origins(keys)
        self._blobs.link(keys)
        # Again: a source may have become a link since then, and have origins of its own now.
        self._note_origins(keys)

    @override
    def folders(self, key: str) -> list[str]:
        return self._blobs.folders(key)

    @override
    def quiet_seconds(self, key: str) -> float:
        return self._blobs.quiet_seconds(key)

    def _note_origins(self, keys: Mapping[str, str]) -> None:
        for folder, origins in new_origins(keys, self._origins).items():
            self.put(f"{folder}{ORIGINS}", text_of(origins))

    def _origins(self, folder: str) -> set[str]:
        try:
            return origins_in(self.read(f"{folder}{ORIGINS}"))
        except FileNotFoundError:
            return set()

    def _seal_of(self, file: BinaryIO, key: str) -> Seal:
        seal = seal_of(file, key)
        if seal.is_sealed and seal.written_as != key_sum(key):
            folder, name = folder_of(key)
            origins = set() if name == ORIGINS else self._origins(folder)
            if seal.written_as not in map(key_sum, keys_from(origins, name)):
                raise DataDamaged(key=key, reason="another blob is in its place")
        return seal


class SealingWriter(io.RawIOBase):
    """Writes a blob, and computes its checksums while it passes, in constant memory."""

    def __init__(self, file: BinaryIO, key: str) -> None:
        """Take the blob that is being written, and its key."""
        self._file = file
        self._key = key
        self._sums = array("Q")
        self._block = xxh3_64()
        self._size = 0
        file.write(HEAD)

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, chunk: bytes) -> int:  # type: ignore[override]
        with memoryview(chunk) as view:
            at = 0
            while at < len(view):
                piece = view[at : at + BLOCK_BYTES - self._size % BLOCK_BYTES]
                self._block.update(piece)
                at, self._size = at + len(piece), self._size + len(piece)
                if self._size % BLOCK_BYTES == 0:
                    self._end_block()
        return self._file.write(chunk)

    @override
    def flush(self) -> None:
        self._file.flush()

    @override
    def fileno(self) -> int:
        return self._file.fileno()

    def seal(self) -> None:
        """Append the checksums; nothing may be written after them."""
        if self._size % BLOCK_BYTES:
            self._end_block()
        self._file.write(self._sums.tobytes() + tail_of(self._key, self._size))

    def _end_block(self) -> None:
        self._sums.append(self._block.intdigest())
        self._block.reset()


class SealedReader(io.RawIOBase):
    """Reads the content of a sealed blob, a block at a time, and checks each.

    Attributes:
        begin: where the content begins in the file of `fileno`, in bytes.
    """

    begin = len(HEAD)

    def __init__(self, file: BinaryIO, key: str, size: int) -> None:
        """Take the open blob, its key for errors, and the length of its content."""
        self._file = file
        self._key = key
        self._size = size
        self._position = 0
        # 128 KB for a blob of a gigabyte.
        self._sums = sums_in(file, size, 0, size)

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def fileno(self) -> int:
        return self._file.fileno()

    @override
    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(start + offset, 0)
        return self._position

    @override
    def tell(self) -> int:
        return self._position

    @override
    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        block, inside = divmod(self._position, BLOCK_BYTES)
        # No further than one block: a reader of lines takes little at a time.
        count = min(BLOCK_BYTES - inside, len(buffer), self._size - self._position)
        if count <= 0:
            return 0
        is_whole = inside == 0 and self._position + count in (
            (block + 1) * BLOCK_BYTES,
            self._size,
        )
        if is_whole:
            self._file.seek(len(HEAD) + self._position)
            with memoryview(buffer)[:count] as view:
                read = self._file.readinto(view)  # type: ignore[attr-defined]  # files have it
                if read != count or xxh3_64_intdigest(view) != self._sums[block]:
                    raise DataDamaged(key=self._key, reason="its content is not what was written")
        else:
            sums, end = self._sums[block : block + 1], self._position + count
            buffer[:count] = read_checked(
                self._file, self._key, self._size, self._position, end, sums
            )
        self._position += count
        return count

    @override
    def close(self) -> None:
        self._file.close()
        super().close()
