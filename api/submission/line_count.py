"""Counting the lines of an upload, of which its rows are at most as many."""

from typing import BinaryIO

from api.security.budgets import current_budgets
from api.services import Services

#: How much of a file is read at a time, in bytes.
_PIECE = 1024 * 1024


class LineCount:
    """Counts the lines of an upload, if there are budgets: it has no more rows than lines.

    How many rows a text file has is known only when it is split, and its scoring begins before. So
    its lines are taken from the budgets, and those that are no rows are given back then.
    """

    def __init__(self, services: Services) -> None:
        self._counts = bool(current_budgets(services))
        self._breaks, self._last = 0, b""

    def feed(self, chunk: bytes) -> None:
        """Count the next chunk."""
        if self._counts and chunk:
            self._breaks += chunk.count(b"\n")
            self._last = chunk[-1:]

    def feed_file(self, file: BinaryIO) -> None:
        """Count a file; it is read only if there are budgets."""
        while self._counts and (piece := file.read(_PIECE)):
            self.feed(piece)

    def most_rows(self, header_lines: int) -> int | None:
        """The most rows that there can be; None: nothing was counted.

        Args:
            header_lines: how many lines, at least, are no rows.
        """
        if not self._counts:
            return None
        return max(self._breaks + (self._last not in (b"", b"\n")) - header_lines, 0)
