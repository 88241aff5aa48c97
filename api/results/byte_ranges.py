"""Several runs of bytes as one, of which any range can be sent."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Self


class ByteRanges(Iterator[bytes]):
    """Pieces behind each other, read one at a time, from any place on.

    It has what werkzeug asks of a seekable file to answer `Range`.

    Attributes:
        size: the bytes of all pieces.
    """

    def __init__(self, sizes: list[int], read: Callable[[int, int], bytes]) -> None:
        """Take the pieces without reading any.

        Args:
            sizes: the bytes of each.
            read: gives a piece, by its number, from so many bytes on.
        """
        self._ends = list(accumulate(sizes))
        self._sizes = sizes
        self._read = read
        self._at = 0
        self.size = self._ends[-1] if sizes else 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        # Past every piece that ends here or before: also past the empty ones.
        piece = bisect_right(self._ends, self._at)
        if piece == len(self._ends):
            raise StopIteration
        begin = self._ends[piece] - self._sizes[piece]
        content = self._read(piece, self._at - begin)
        self._at = self._ends[piece]
        return content

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int) -> None:
        """Go on from so many bytes behind the beginning."""
        self._at = offset

    def tell(self) -> int:
        """Where it goes on, in bytes from the beginning."""
        return self._at
