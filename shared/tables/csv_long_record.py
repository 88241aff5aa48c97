"""Finds the end of a CSV record that is too long to be held in memory."""

import re

#: The rest of a cell in quotes, up to the quote that closes it: other characters, and doubled
#: quotes. Here and below every repetition is possessive: it takes no memory, and is tried once.
_REST_OF_CELL = re.compile(rb'(?:[^"]++|"")*+')

_CRS = re.compile(rb"\r++")

#: Up to a line end, or a quote that the rest of the pattern does not explain: unquoted characters,
#: quotes within an unquoted cell, quoted cells that end where their quote closes, and other quoted
#: cells that have no line end.
_CELLS = rb"""(?:
    [^"\r\n]++
    | (?<!DELIMITER)"
    | (?<=DELIMITER)"(?:[^"]++|"")*+"(?=[\r\n]|DELIMITER)
    | (?<=DELIMITER)"(?:[^"\n]++|"")*+"(?=[\s\S])
)*+"""


class LongRecord:
    r"""Takes the bytes of one record, block by block, and finds where it ends.

    It follows the `csv` module: a quote that begins a cell opens it, a doubled quote in it is a
    character, and after a CR that no LF follows the record ends with its line, whatever quotes are
    in that.

    Attributes:
        is_blank: whether it is a blank line: no record.
        has_lines: whether a line end is in the record, before its own.
        is_doubtful: whether a cell in quotes has a line end, and its closing quote does not end it.
            Then the quotes are probably those of several rows, and the end is not searched for.
    """

    def __init__(self, delimiter: str, *, is_open: bool) -> None:
        """Begin with a record or, if `is_open`, with a line of it that begins in quotes."""
        self._delimiter = delimiter.encode()
        # A space or # would mean nothing in a verbose pattern, so it is not escaped as itself.
        escaped = rb"\x%02x" % ord(delimiter)
        self._cells = re.compile(_CELLS.replace(b"DELIMITER", escaped), re.VERBOSE)
        # A record begins like a cell that follows another one.
        self._rest = b"" if is_open else self._delimiter
        self._is_open = is_open
        self._cell_has_lines = is_open
        self._is_rejected = False
        self.is_blank = not is_open
        self.has_lines = is_open
        self.is_doubtful = False

    @property
    def is_unclosed(self) -> bool:
        """Whether a quote is open after the last block."""
        return self._is_open and not self._rest

    def end_in(self, block: bytes) -> int:
        """How many bytes of the next block are the end of the record; 0 if it does not end here."""
        text, known = self._rest + block, len(self._rest)
        self._rest = b""
        at = self._end(text)
        end = max(at - known, 0)
        own = block[:end] if end else block
        self.has_lines = self.has_lines or b"\n" in own[: -1 if end else None]
        self.is_blank = self.is_blank and not own.strip(b"\r\n")
        return end

    def _end(self, text: bytes) -> int:
        """Where the record ends in the text; 0 if it does not."""
        at = 0
        while at < len(text) and not self.is_doubtful:
            if self._is_rejected:
                return text.find(b"\n", at) + 1
            if self._is_open:
                at = self._close(text, at)
                continue
            at = self._pass_cells(text, at)
            after = _end_of(_CRS, text, at)
            if after == len(text):
                # What a quote or a line end would mean after these bytes is not known yet.
                if text[-1:] in (self._delimiter, b"\r"):
                    self._rest = text[-1:]
                return 0
            if text.startswith(b"\n", after):
                return after + 1
            self._is_rejected = after > at
            self._is_open = not self._is_rejected
            self._cell_has_lines = False
            at = after + 1
        return 0

    def _pass_cells(self, text: bytes, at: int) -> int:
        """Where a line end, or a quote or CR that matters, comes next in the text; or its end."""
        if text.find(b'"', at) >= 0 or text.find(b"\r", at) >= 0:
            return _end_of(self._cells, text, at)
        # Most long records are plain, and this is ten times as fast.
        line_end = text.find(b"\n", at)
        return line_end if line_end >= 0 else len(text)

    def _close(self, text: bytes, at: int) -> int:
        """Find the quote that closes the open cell; where to go on after it."""
        closing = _end_of(_REST_OF_CELL, text, at)
        self._cell_has_lines = self._cell_has_lines or text.find(b"\n", at, closing) >= 0
        if closing + 1 == len(text):
            # It closes the cell, or is the first half of a doubled one.
            self._rest = text[closing:]
        elif closing < len(text):
            self._is_open = False
            ends_cell = text[closing + 1 : closing + 2] in (self._delimiter, b"\r", b"\n")
            self.is_doubtful = self._cell_has_lines and not ends_cell
        return closing + 1


def _end_of(pattern: "re.Pattern[bytes]", text: bytes, at: int) -> int:
    """Where the match of a pattern ends that begins at `at`; `at` if there is none."""
    found = pattern.match(text, at)
    return found.end() if found else at
