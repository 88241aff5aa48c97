"""Files over objects: one that reads ranges of an object, one that writes an object in pieces."""

import io
import os
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from typing_extensions import Buffer, override

#: The first request for an object asks for this much of its beginning if it is read from there to
#: its end. Results of parts are shorter, so one request reads them.
HEAD_BYTES = 4 * 1024 * 1024

#: If it is not read from its beginning, the first request asks for this much of its end. That holds
#: the checksums of 2 GB (`shared.storage.seal`).
TAIL_BYTES = 64 * 1024

#: The most bytes that are read ahead: a reader that goes on asks for twice as much each time.
AHEAD_BYTES = 8 * 1024 * 1024

#: Where ranges that are read ahead end, in bytes.
ALIGNED_BYTES = 4 * 1024 * 1024

#: A longer blob is written in pieces of this size. S3 takes 10,000 of them: 80 GB.
PIECE_BYTES = 8 * 1024 * 1024


class Range(NamedTuple):
    """Bytes of an object.

    Attributes:
        begin: where they begin in the object.
        content: the bytes.
        size: the length of the whole object.
    """

    begin: int
    content: memoryview
    size: int

    @property
    def end(self) -> int:
        """Where they end in the object."""
        return self.begin + len(self.content)


class ObjectReader(io.RawIOBase):
    """Reads an object by requests for ranges, and keeps the last two ranges."""

    def __init__(self, first: Range, fetch: Callable[[int, int], Range], offset: int = 0) -> None:
        """Begin to read.

        Args:
            first: a range that was read already.
            fetch: reads the bytes from a position to before another.
            offset: where to read first, in bytes.
        """
        self._ranges = [first]
        self._fetch = fetch
        self._size = first.size
        self._position = offset
        self._ahead = HEAD_BYTES

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(start + offset, 0)
        return self._position

    @override
    def tell(self) -> int:
        return self._position

    def will_read(self, begin: int, end: int) -> None:
        """Ask for a range at once, unless it is here."""
        end = min(end, self._size)
        if begin < end and not any(one.begin <= begin and end <= one.end for one in self._ranges):
            self._keep(self._fetch(begin, end))

    @override
    def read(self, size: int | None = -1) -> bytes:
        left = self._size - self._position
        if size is not None and size >= 0:
            left = min(size, left)
        pieces = []
        while left > 0:
            piece = self._here(left)
            pieces.append(piece)
            self._position += len(piece)
            left -= len(piece)
        # A single copy, also of a long range in one piece.
        return bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)

    @override
    def readinto(self, buffer: Buffer) -> int:
        with memoryview(buffer) as view:
            done = 0
            while done < len(view) and self._position < self._size:
                piece = self._here(len(view) - done)
                view[done : done + len(piece)] = piece
                self._position += len(piece)
                done += len(piece)
        return done

    def _here(self, wanted: int) -> memoryview:
        """At most `wanted` bytes at the position, but at least one."""
        at = self._position
        found = next((one for one in self._ranges if one.begin <= at < one.end), None)
        if found is None:
            if any(at == one.end for one in self._ranges):
                self._ahead = min(2 * self._ahead, AHEAD_BYTES)
            # To the end of a piece, as far as stores keep pieces whole: SeaweedFS reads all 4 MiB
            # of a piece for a range of it. And not into a range that is here.
            end = -(-(at + max(wanted, self._ahead)) // ALIGNED_BYTES) * ALIGNED_BYTES
            until = min((one.begin for one in self._ranges if one.begin > at), default=self._size)
            # All of the end if anything of it is read: a tail, then the checksums before it.
            found = self._fetch(min(at, max(self._size - TAIL_BYTES, 0)), min(end, until))
            self._keep(found)
        begin = at - found.begin
        return found.content[begin : begin + wanted]

    def _keep(self, found: Range) -> None:
        # The first one stays if it is the end of the object: it has the checksums.
        stays = [one for one in self._ranges if one.end == self._size][:1]
        self._ranges = [*stays, found]


class BrokenOff(Exception):
    """An object is not to be written after all."""


class ObjectWriter(io.RawIOBase):
    """Writes an object: a short one by one request, a longer one in pieces while it grows.

    A thread sends the pieces, so at most four of them are in memory: one that is being filled, one
    that waits and two that are sent.
    """

    def __init__(self, put: Callable[[bytes | Iterator[bytes]], object]) -> None:
        """Take what writes the object, from its whole content or from its pieces.

        It must leave no object if the pieces raise.
        """
        self._put = put
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._pieces: queue.Queue[bytes | None] = queue.Queue(1)
        self._thread: ThreadPoolExecutor | None = None
        self._sent: Future[object] | None = None
        self._broken = False

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, chunk: Buffer) -> int:
        content = bytes(chunk)
        self._chunks.append(content)
        self._waiting += len(content)
        if self._waiting >= PIECE_BYTES:
            self._send()
        return len(content)

    def commit(self) -> None:
        """Make the object appear.

        Raises:
            OSError: it could not be written.
        """
        if self._sent is None:
            self._put(b"".join(self._chunks))
            return
        if self._chunks:
            self._send()
        self._hand_over(None)
        self._join().result()

    def break_off(self) -> None:
        """Leave no object."""
        self._chunks = []
        if self._sent is not None:
            self._broken = True
            self._hand_over(None)
            self._join().exception()

    def _send(self) -> None:
        if self._sent is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="object")
            self._sent = self._thread.submit(self._put, self._all_pieces())
        piece, self._chunks, self._waiting = b"".join(self._chunks), [], 0
        self._hand_over(piece)
        if self._sent.done():
            self._sent.result()  # raises why no more is sent

    def _hand_over(self, piece: bytes | None) -> None:
        """Give the thread a piece, or the end; if it has failed, nobody takes it."""
        while self._sent is not None and not self._sent.done():
            try:
                self._pieces.put(piece, timeout=0.1)
            except queue.Full:
                continue
            return

    def _all_pieces(self) -> Iterator[bytes]:
        while (piece := self._pieces.get()) is not None:
            yield piece
        if self._broken:
            raise BrokenOff

    def _join(self) -> "Future[object]":
        if self._thread is None or self._sent is None:
            raise RuntimeError("no piece was sent")
        self._thread.shutdown()
        return self._sent
