"""Empty lines between the rows of a CSV with one column."""

from shared.errors.input import EmptyLine

#: The longest line that is held. It is longer than a record may be by default.
MAX_HELD_BYTES = 16 * 1024 * 1024

_QUOTE = b'"'


class EmptyLines:
    r"""Refuses empty lines between the rows of a CSV with one column.

    Excel, polars and R write an empty text as such a line. Other programs mean nothing by it, and
    as empty lines are no rows, all later rows would have the numbers of others. Feed it everything
    that follows the header, chunk by chunk.
    """

    def __init__(self, delimiter: str, line: int) -> None:
        """Begin after the header.

        Args:
            delimiter: the ASCII character between cells.
            line: the number of the header's last line, from 1.
        """
        self._opening = delimiter.encode() + _QUOTE
        self._line = line
        self._rest = b""
        self._is_open = False
        #: The number of the last line, if it is empty and follows a row; else 0.
        self._empty = 0
        self._has_row = False

    @classmethod
    def after(cls, delimiter: str, before: bytes) -> "EmptyLines":
        """Begin after a record; lines are counted from there.

        Args:
            delimiter: the ASCII character between cells.
            before: the end of what comes before, from anywhere in its last line but one on.
        """
        found = cls(delimiter, 0)
        found._has_row = True
        _, end, last = before.removesuffix(b"\n").rpartition(b"\n")
        if end and not last.strip(b"\r"):
            found._empty = 1
        return found

    def feed(self, chunk: bytes) -> None:
        """Check the lines that end in the next chunk.

        Raises:
            shared.errors.input.EmptyLine: an empty line is followed by a row.
        """
        content = self._rest + chunk
        end = content.rfind(b"\n") + 1
        lines, self._rest = content[:end], content[end:]
        if len(self._rest) > MAX_HELD_BYTES:
            # The row is an error, whatever is in it.
            self._rest = b"too long"
        if not lines:
            return
        is_plain = not (self._is_open or self._empty) and self._has_row
        if is_plain and not (
            _QUOTE in lines or lines[:1] in b"\r\n" or b"\n\n" in lines or b"\n\r" in lines
        ):
            self._line += lines.count(b"\n")
            return
        for line in lines.split(b"\n")[:-1]:
            self._check(line)

    def finish(self) -> None:
        """Check the last line, which no line end follows.

        Raises:
            shared.errors.input.EmptyLine: it is a row, and an empty line comes before it.
        """
        rest, self._rest = self._rest, b""
        if rest:
            self._check(rest)

    def _check(self, line: bytes) -> None:
        self._line += 1
        if not self._is_open and not line.strip(b"\r"):
            self._empty = self._empty or (self._line if self._has_row else 0)
            return
        if self._empty:
            raise EmptyLine(line=f"{self._empty:,}")
        self._has_row = True
        if self._is_open or _QUOTE in line:
            self._is_open = self._is_open_after(line)

    def _is_open_after(self, line: bytes) -> bool:
        """Whether a quote is open at the end of the line, as the `csv` module reads it."""
        at = 0
        while True:
            if not self._is_open:
                if at or not line.startswith(_QUOTE):
                    at = line.find(self._opening, at) + 1
                    if not at:
                        return False
                at += 1
            closing = at
            while (closing := line.find(_QUOTE, closing)) >= 0 and line.startswith(
                _QUOTE, closing + 1
            ):
                closing += 2
            if closing < 0:
                return True
            self._is_open, at = False, closing + 1
