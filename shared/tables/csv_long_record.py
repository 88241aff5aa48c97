"""Finds the end of a CSV record that is too long to be held in memory."""

import re

#: What follows in a cell in quotes, up to the quote that closes it: other characters, and doubled
#: quotes.
_REST_OF_CELL = re.compile(rb'(?:[^"]++|"")*+')


class LongRecord:
    r"""Takes the bytes of one record, piece by piece, and finds where it ends; holds one byte.

    It follows the `csv` module: a quote that begins a cell opens it, a doubled quote in it is a
    character, and after a CR that no LF follows the record ends with its line, whatever quotes are
    in that.

    Attributes:
        has_line_ends: whether it has a line end in quotes.
        is_unclosed: whether a quote is open after the last piece.
        is_doubtful: whether it has a line end in quotes, and a closing quote that does not end its
            cell. Then the quotes are probably those of several rows.
    """

    def __init__(self, delimiter: str, *, is_open: bool) -> None:
        """Begin with a record or, if `is_open`, with a line of it that begins in quotes."""
        self._cell_end = delimiter.encode()
        self._event = re.compile(rb'%b"|\r+[^\r\n]' % re.escape(self._cell_end))
        # A record begins like a cell that follows another one.
        self._rest = b"" if is_open else self._cell_end
        self._is_rejected = False
        self._is_regular = True
        self._is_open = is_open
        self.has_line_ends = is_open

    @property
    def is_unclosed(self) -> bool:
        """Whether a quote is open after the last piece."""
        return self._is_open and not self._rest

    @property
    def is_doubtful(self) -> bool:
        """Whether the quotes of several rows seem to have made one record of them."""
        return self.has_line_ends and not self._is_regular

    def ends_with(self, piece: bytes) -> bool:
        r"""Take the next piece; whether the record ends with it.

        Args:
            piece: bytes that hold a `\n` at most at their end.
        """
        text, at = self._rest + piece, 0
        self._rest = b""
        while at < len(text) and not self._is_rejected:
            if self._is_open:
                at = self._close(text, at)
                continue
            found = self._event.search(text, at)
            if found is None:
                # What a quote or another character after it would mean is not known yet.
                self._rest = text[-1:] if text[-1:] in (self._cell_end, b"\r") else b""
                break
            at = found.end()
            self._is_open = found[0].endswith(b'"')
            self._is_rejected = not self._is_open
        ends = piece.endswith(b"\n")
        self.has_line_ends = self.has_line_ends or (ends and self._is_open)
        return ends and not self._is_open

    def _close(self, text: bytes, at: int) -> int:
        """Find the quote that closes the open cell; where to go on after it."""
        found = _REST_OF_CELL.match(text, at)
        at = found.end() if found else at
        if at == len(text) - 1:
            # It closes the cell, or is the first half of a doubled one.
            self._rest = text[at:]
            return len(text)
        if at < len(text):
            self._is_open = False
            at += 1
            ends_cell = text[at : at + 1] in (self._cell_end, b"\r", b"\n")
            self._is_regular = self._is_regular and ends_cell
        return at
