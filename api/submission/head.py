"""The beginning of a text upload, which a dry run keeps in memory."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

from typing_extensions import override

from api.process.body_memory import Reservation
from api.requests.content import RequestContent
from api.requests.limits import check_length
from api.submission.checks import COPIES, SHORTER_ADVICE, Destination
from shared.config.settings import Settings

#: How much of a text file is read for a preview: bytes, and rows in them.
PREVIEW_BYTES = 1024 * 1024
PREVIEW_ROWS = 1000

#: The limit if a header or a first row takes more than `PREVIEW_BYTES`: the longest row that the
#: default settings allow, and one preview more.
_MOST_BYTES = 9 * PREVIEW_BYTES


class Head(Destination):
    """The beginning of a text upload, kept in memory instead of the blob store.

    Attributes:
        content: the content that ends where the head ends. After that, the rest of a form is read
            and discarded, as options may follow the file.
        is_whole: whether the head is the whole file; known after `content` was read.
        length: the bytes of the whole file, after `content` was read; None: unknown.
    """

    def __init__(self, content: RequestContent, settings: Settings, memory: Reservation) -> None:
        self._memory = memory
        self.content = replace(content, chunks=self._head_of(content))
        self.is_whole = True
        self.length: int | None = None
        self._size = 0
        self._settings = settings
        self._bytes = bytearray()

    @contextmanager
    @override
    def writing(self) -> Iterator[Callable[[bytes], object]]:
        yield self._bytes.extend

    @override
    def open(self) -> BinaryIO:
        return io.BytesIO(self._bytes)

    def whole_lines(self) -> bytes:
        """Return the head without the line that its end cuts off, if it has other lines."""
        head = bytes(self._bytes)
        if self.is_whole or head.count(b"\n") < 2:
            return head
        return head[: head.rindex(b"\n") + 1]

    def _head_of(self, content: RequestContent) -> Iterator[bytes]:
        for chunk in content.chunks:
            piece = self._needed(chunk)
            needed = COPIES * (len(self._bytes) + len(piece))
            self._memory.raise_to(needed, SHORTER_ADVICE)
            self._size += len(chunk)
            if piece:
                yield piece
            if len(piece) < len(chunk):
                self.is_whole = False
                break
        if content.is_form:
            check_length(self._settings, self._size)
            for chunk in content.chunks:
                self._size += len(chunk)
                check_length(self._settings, self._size)
            self.length = self._size
        if content.file.total is not None:
            self.is_whole = self.is_whole and not content.file.is_cut
            # As if the rest of the file grew as much when it is unpacked and converted.
            self.length = content.file.total * self._size // max(content.file.received, 1)

    def _needed(self, chunk: bytes) -> bytes:
        """Return the beginning of a chunk with which the head is complete; else all of it."""
        if len(self._bytes) + len(chunk) <= PREVIEW_BYTES:
            return chunk
        end = max(PREVIEW_BYTES - len(self._bytes), 0)
        while end < len(chunk) and chunk[end] & 0xC0 == 0x80:
            end += 1  # a UTF-8 character must not be cut in two
        head = self._bytes + chunk[:end]
        # A head without a whole row would make the file seem to be empty, or the row shorter.
        has_row = head.strip().count(b"\n") > 1
        return chunk[:end] if has_row or len(head) > _MOST_BYTES else chunk
