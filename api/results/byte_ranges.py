"""Byte ranges over blobs: several slices of blobs as one seekable stream."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate
from typing import NamedTuple, Self

from flask import Response, request

from api.results.streaming import recheck_on_missing
from shared.storage.blobs import Blobs

#: The most bytes of one blob that `slices_of` puts into one slice, which is read at once.
SLICE_BYTES = 1024 * 1024


class ByteRanges(Iterator[bytes]):
    """Pieces that follow each other, read one at a time, from any position on.

    It has the methods that werkzeug needs of a seekable file to answer `Range`.

    Attributes:
        size: the length of all pieces together, in bytes.
    """

    def __init__(self, sizes: list[int], read: Callable[[int, int], bytes]) -> None:
        """Describe the pieces; none is read yet.

        Args:
            sizes: the length of each piece, in bytes.
            read: takes the index of a piece and an offset in it, and gives the bytes from there to
                the end of the piece.
        """
        self._ends = list(accumulate(sizes))
        self._sizes = sizes
        self._read = read
        self._position = 0
        self.size = self._ends[-1] if sizes else 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        # `bisect_right` skips every piece that ends at the position or before, so empty ones too.
        piece = bisect_right(self._ends, self._position)
        if piece == len(self._ends):
            raise StopIteration
        begin = self._ends[piece] - self._sizes[piece]
        content = self._read(piece, self._position - begin)
        self._position = self._ends[piece]
        return content

    def seekable(self) -> bool:
        """Always true; werkzeug asks before it calls `seek`."""
        return True

    def seek(self, offset: int) -> None:
        """Continue at `offset` bytes from the beginning."""
        self._position = offset

    def tell(self) -> int:
        """The current position, in bytes from the beginning."""
        return self._position


class BlobSlice(NamedTuple):
    """Consecutive bytes of one blob."""

    key: str
    begin: int  #: The offset in the blob, in bytes.
    size: int  #: The length, in bytes.


def slices_of(key: str, size: int) -> list[BlobSlice]:
    """A blob of `size` bytes, cut into slices of at most `SLICE_BYTES`."""
    return [
        BlobSlice(key, begin, min(SLICE_BYTES, size - begin))
        for begin in range(0, size, SLICE_BYTES)
    ]


def blob_ranges(
    blobs: Blobs,
    slices: Sequence[BlobSlice],
    find: Callable[[], object],
    head: bytes = b"",
    *,
    reading: Callable[[int], AbstractContextManager[None]] | None = None,
) -> ByteRanges:
    """The bytes of slices of blobs, one after another; each slice is one piece.

    Args:
        blobs: where the blobs are.
        slices: in the order in which they are sent.
        find: looks up the record to which the blobs belong, see `recheck_on_missing`.
        head: bytes to send before the first slice; there must be one then. They are one piece with
            it, so that they are not sent before the first slice was found.
        reading: wraps the reading of a slice, by its index; None: `recheck_on_missing`.
    """
    sizes = [one.size for one in slices]
    if head:
        sizes[0] += len(head)

    def read(piece: int, offset: int) -> bytes:
        key, begin, size = slices[piece]
        before = b""
        if piece == 0:
            before, offset = head[offset:], max(offset - len(head), 0)
        with reading(piece) if reading else recheck_on_missing(find):
            return before + blobs.read(key, begin + offset, size - offset)

    return ByteRanges(sizes, read)


def answer_range(response: Response, content: ByteRanges) -> None:
    """Make a response with this content, and a strong ETag, answer the conditions of its request.

    Of several ranges, of units other than bytes, and with a weak ETag in `If-Range`, the client
    gets the whole content. A proxy that compresses a response makes its ETag weak (RFC 9110,
    8.8.1): the bytes that its client has are none of this content.
    """
    environ = dict(request.environ)
    wanted, validator = request.headers.get("Range", ""), request.headers.get("If-Range", "")
    unit, _, ranges = wanted.partition("=")
    if unit.strip().lower() != "bytes" or "," in ranges or validator.startswith(("W/", "w/")):
        environ.pop("HTTP_RANGE", None)
    response.content_length = content.size
    response.make_conditional(environ, accept_ranges=True, complete_length=content.size)
