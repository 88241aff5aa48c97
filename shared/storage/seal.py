"""The form of a sealed blob: a head, the content, checksums, and a tail.

There is a checksum (XXH3, 64 bits) of each block of the content. The tail has the content's length
and a checksum of the key under which it was written, so that a blob in another's place is found.
A blob without a head is of an older release, and is read as it is.
"""

import os
import struct
from array import array
from typing import BinaryIO, NamedTuple

from xxhash import xxh3_64, xxh3_64_intdigest

from shared.errors.service import DataDamaged
from shared.storage.blobs import will_read

#: A range of a blob is read in whole blocks. This size costs 8 bytes of checksum, and is checked in
#: some 15 microseconds; smaller ones take longer in all, and larger ones make small ranges slow.
BLOCK_BYTES = 256 * 1024

HEAD = b"SEALED1\n"

_TAIL = struct.Struct("<QQ8s")
_TAIL_MARK = b"1DELAES\n"
_SUM_BYTES = 8


class Seal(NamedTuple):
    """What the tail of a blob says."""

    begin: int  #: Where the content begins, in bytes from the beginning of the blob.
    size: int  #: The length of the content, in bytes.
    is_sealed: bool  #: Whether there are checksums.
    written_as: int = 0  #: `key_sum` of the key under which it was written.


def sums_in(file: BinaryIO, size: int, begin: int, end: int) -> "array[int]":
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
    stop = min(-(-end // BLOCK_BYTES) * BLOCK_BYTES, size)
    will_read(file, len(HEAD) + start, len(HEAD) + stop)
    file.seek(len(HEAD) + start)
    # Apart from what lies before and after it: a copy of the range would cost as much as reading.
    before, content, after = file.read(begin - start), file.read(end - begin), file.read(stop - end)
    if sums_of(content, before, after) != sums.tobytes():
        raise DataDamaged(key=key, reason="its content is not what was written")
    return content


def sums_of(content: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    """The checksums of the blocks of a content, 8 bytes each.

    Args:
        content: the content, or a part of it.
        before: the beginning of the block in which that part begins.
        after: the rest of the block in which it ends.
    """
    sums = array("Q")
    with memoryview(content) as view:
        at = 0
        while at < len(view) or (not at and before):
            piece = view[at : at + BLOCK_BYTES - len(before)]
            at += len(piece)
            if before or (after and at == len(view)):
                block = xxh3_64(before)
                block.update(piece)
                block.update(after if at == len(view) else b"")
                sums.append(block.intdigest())
                before = b""
            else:
                sums.append(xxh3_64_intdigest(piece))
    return sums.tobytes()


def key_sum(key: str) -> int:
    """The checksum of a key, by which a blob names the key under which it was written."""
    return xxh3_64_intdigest(key.encode())


def tail_of(key: str, size: int) -> bytes:
    """The tail of a blob that is written under this key, with a content of `size` bytes."""
    return _TAIL.pack(key_sum(key), size, _TAIL_MARK)


def seal_of(file: BinaryIO, key: str) -> Seal:
    """Read what a blob says of itself.

    Raises:
        shared.errors.service.DataDamaged: it is empty, or shorter or longer than it was.
    """
    length = file.seek(0, os.SEEK_END)
    file.seek(max(length - _TAIL.size, 0))
    tail = file.read(_TAIL.size)
    if len(tail) == _TAIL.size:
        written_as, size, mark = _TAIL.unpack(tail)
        blocks = -(-size // BLOCK_BYTES)
        whole = len(HEAD) + size + blocks * _SUM_BYTES + _TAIL.size
        if mark == _TAIL_MARK and whole == length:
            return Seal(len(HEAD), size, is_sealed=True, written_as=written_as)
    file.seek(0)
    head = file.read(len(HEAD))
    # No release has written an empty blob: an empty file was cut.
    if head in (HEAD[: len(head)], HEAD) or tail.endswith(_TAIL_MARK):
        raise DataDamaged(key=key, reason=f"it was cut, and has {length:,} bytes now")
    return Seal(0, length, is_sealed=False)
