"""Blobs with checksums: what was damaged on the disk is found when it is read.

A sealed blob is a head, the content, a checksum (XXH3, 64 bits) of each block of the content, and a
tail with the content's length. The checksums are in the blob itself, so they come and go with it,
whatever kind of store holds it; a link of a blob has them too. A blob without a head is of an older
release, and is read as it is.
"""

import io
import os
import struct
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, cast

from typing_extensions import override
from xxhash import xxh3_64, xxh3_64_intdigest

from shared.errors.service import DataDamaged
from shared.storage.blobs import Blobs

#: A range of a blob is read in whole blocks. 64 KiB cost 8 bytes of checksum, and are checked in 4
#: microseconds.
BLOCK_BYTES = 64 * 1024

HEAD = b"SEALED1\n"

_TAIL = struct.Struct("<Q8s")
_TAIL_MARK = b"1DELAES\n"
_SUM_BYTES = 8


class _Seal(NamedTuple):
    """What the tail of a blob says."""

    begin: int  #: Where the content begins, in bytes from the beginning of the blob.
    size: int  #: The length of the content, in bytes.
    is_sealed: bool  #: Whether there are checksums.


class SealedBlobs(Blobs):
    """Blobs in another store, with checksums.

    Every method that reads raises `shared.errors.service.DataDamaged` if the bytes that it would
    give are not those that were written, or if the blob is shorter or longer than it was.
    """

    def __init__(self, blobs: Blobs) -> None:
        """Take the store that holds the blobs."""
        self._blobs = blobs

    @override
    @contextmanager
    def writing(self, key: str) -> Iterator[BinaryIO]:
        with self._blobs.writing(key) as file:
            sealing = SealingWriter(file)
            yield cast("BinaryIO", sealing)
            sealing.seal()

    @override
    def put(self, key: str, content: bytes) -> None:
        self._blobs.put(key, b"".join([HEAD, content, sums_of(content), _tail(len(content))]))

    @override
    def open(self, key: str, offset: int = 0) -> BinaryIO:
        file = self._blobs.open(key)
        try:
            seal = _seal_of(file, key)
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
        with self._blobs.open(key) as file:
            seal = _seal_of(file, key)
            if not seal.is_sealed:
                file.seek(offset)
                return file.read(length)
            end = seal.size if length < 0 else min(offset + length, seal.size)
            sums = _sums_in(file, seal.size, offset, end)
            return read_checked(file, key, seal.size, offset, end, sums)

    @override
    def size(self, key: str) -> int:
        with self._blobs.open(key) as file:
            return _seal_of(file, key).size

    @override
    def exists(self, key: str) -> bool:
        return self._blobs.exists(key)

    @override
    def delete(self, key: str) -> None:
        self._blobs.delete(key)

    @override
    def link(self, keys: Mapping[str, str]) -> None:
        self._blobs.link(keys)

    @override
    def folders(self, key: str) -> list[str]:
        return self._blobs.folders(key)

    @override
    def quiet_seconds(self, key: str) -> float:
        return self._blobs.quiet_seconds(key)


class SealingWriter(io.RawIOBase):
    """Writes a blob, and computes its checksums while it passes, in constant memory."""

    def __init__(self, file: BinaryIO) -> None:
        """Take the blob that is being written."""
        self._file = file
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
        self._file.write(self._sums.tobytes() + _tail(self._size))

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
        self._sums = _sums_in(file, size, 0, size)

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
        end = min(self._position + len(buffer), self._size)
        if end <= self._position:
            return 0
        # No further than one block: a reader of lines takes little at a time.
        block = self._position // BLOCK_BYTES
        end = min(end, (block + 1) * BLOCK_BYTES)
        sums = self._sums[block : block + 1]
        content = read_checked(self._file, self._key, self._size, self._position, end, sums)
        buffer[: len(content)] = content
        self._position = end
        return len(content)

    @override
    def close(self) -> None:
        self._file.close()
        super().close()


def _sums_in(file: BinaryIO, size: int, begin: int, end: int) -> "array[int]":
    """The checksums of the blocks that hold the bytes from `begin` to before `end`."""
    first, last = begin // BLOCK_BYTES, -(-end // BLOCK_BYTES)
    if begin >= end:
        return array("Q")
    file.seek(len(HEAD) + size + first * _SUM_BYTES)
    return array("Q", file.read((last - first) * _SUM_BYTES))


def read_checked(
    file: BinaryIO, key: str, size: int, begin: int, end: int, sums: "array[int]"
) -> bytes:
    """Read a range of the content of a sealed blob, and check every block that it touches.

    Args:
        file: the blob.
        key: of the blob, for the error.
        size: the length of its content, in bytes.
        begin: the first byte, counted in the content.
        end: the byte after the last one.
        sums: the checksums of the blocks that hold them.

    Raises:
        shared.errors.service.DataDamaged: a block is not as it was written.
    """
    if begin >= end:
        return b""
    start = begin // BLOCK_BYTES * BLOCK_BYTES
    file.seek(len(HEAD) + start)
    content = file.read(min(-(-end // BLOCK_BYTES) * BLOCK_BYTES, size) - start)
    if sums_of(content) != sums.tobytes():
        raise DataDamaged(key=key, reason="its content is not what was written")
    return content[begin - start : end - start]


def sums_of(content: bytes) -> bytes:
    """The checksums of the blocks of a content, 8 bytes each."""
    if len(content) <= BLOCK_BYTES:
        return array("Q", [xxh3_64_intdigest(content)] if content else []).tobytes()
    with memoryview(content) as view:
        blocks = range(0, len(content), BLOCK_BYTES)
        sums = [xxh3_64_intdigest(view[at : at + BLOCK_BYTES]) for at in blocks]
    return array("Q", sums).tobytes()


def _tail(size: int) -> bytes:
    return _TAIL.pack(size, _TAIL_MARK)


def _seal_of(file: BinaryIO, key: str) -> _Seal:
    """Read what a blob says of itself.

    Raises:
        shared.errors.service.DataDamaged: it is empty, or shorter or longer than it was.
    """
    length = file.seek(0, os.SEEK_END)
    file.seek(max(length - _TAIL.size, 0))
    tail = file.read(_TAIL.size)
    if len(tail) == _TAIL.size:
        size, mark = _TAIL.unpack(tail)
        blocks = -(-size // BLOCK_BYTES)
        whole = len(HEAD) + size + blocks * _SUM_BYTES + _TAIL.size
        if mark == _TAIL_MARK and whole == length:
            return _Seal(len(HEAD), size, is_sealed=True)
    file.seek(0)
    head = file.read(len(HEAD))
    # No release has written an empty blob: an empty file was cut.
    if head in (HEAD[: len(head)], HEAD) or tail.endswith(_TAIL_MARK):
        raise DataDamaged(key=key, reason=f"it was cut, and has {length:,} bytes now")
    return _Seal(0, length, is_sealed=False)
