"""The bytes of a CSV, by lines or by blocks."""

import io
from typing import BinaryIO

#: The bytes of a block, in which a record that is too long is passed over.
BLOCK_BYTES = 256 * 1024


class Lines:
    """Gives the lines of a file, and blocks of it where lines do not matter."""

    def __init__(self, file: BinaryIO, ahead: bytes = b"") -> None:
        """Take a file, and the bytes that were read from it already."""
        self._file = file
        self._ahead = io.BytesIO(ahead)

    def line(self, max_bytes: int) -> bytes:
        r"""The next line with its `\n`, or its first `max_bytes`; empty at the end of the file."""
        line = self._ahead.readline(max_bytes)
        if line.endswith(b"\n"):
            return line
        return line + self._file.readline(max_bytes - len(line))

    def block(self) -> bytes:
        """The next bytes, some or many; empty at the end of the file."""
        return self._ahead.read() or self._file.read(BLOCK_BYTES)

    def give_back(self, content: bytes) -> None:
        """Take back the end of the last block."""
        self._ahead = io.BytesIO(content)

    def ahead(self) -> bytes:
        """The bytes that were read from the file and not given yet; further lines follow them."""
        return self._ahead.read()
