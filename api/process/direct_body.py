"""The body of a request that is received into one buffer, from which each byte is copied once."""

from typing import Any

from gunicorn.http.body import Body, LengthReader
from typing_extensions import override

#: Shorter reads are left to gunicorn: they are those of short bodies.
_LEAST_BYTES = 64 * 1024


def direct(body: Any) -> Any:
    """A request's body as a `DirectBody` if its length was announced; others as they are."""
    return DirectBody(body.reader) if isinstance(body.reader, LengthReader) else body


class DirectBody(Body):  # type: ignore[misc]  # gunicorn has no types
    """A body of an announced length.

    gunicorn copies each byte into the buffer of the connection, out of it, into that of the body,
    and out of it again: for an upload of 100 MB this takes longer than the system's own copy.
    """

    def __init__(self, reader: LengthReader) -> None:
        """Take gunicorn's reader, which knows the connection and how much is left."""
        super().__init__(reader)
        self._room = bytearray()

    @override
    def read(self, size: int | None = None) -> bytes:
        """Read `size` bytes, fewer at the end of the body.

        Raises:
            OSError: the connection is broken, or the client too slow.
        """
        wanted = min(self.getsize(size), self.reader.length)
        if size is None or wanted < _LEAST_BYTES or self.buf.tell():
            return bytes(super().read(size))
        try:
            return self._receive(wanted)
        except Exception:
            # As in `Body`: where the next request begins is not known.
            self.failed = True
            raise

    def _receive(self, wanted: int) -> bytes:
        unreader = self.reader.unreader
        held = unreader.take_buffered()
        unreader.unread(held[wanted:])
        if len(self._room) < wanted:
            self._room = bytearray(wanted)
        filled = min(len(held), wanted)
        with memoryview(self._room) as room:
            room[:filled] = held[:filled]
            while filled < wanted and (count := unreader.sock.recv_into(room[filled:wanted])):
                filled += count
            self.reader.length -= filled
            return bytes(room[:filled])
