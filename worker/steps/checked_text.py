"""Checks a text while it is read, as the API checks one that is sent."""

from typing import BinaryIO

from shared.errors.input import EmptyLine
from shared.tables.csv_layout import CsvLayout
from shared.tables.empty_lines import EmptyLines
from shared.tables.utf8 import Utf8Validator

#: How much is read at a time of what is only checked.
_READ_BYTES = 256 * 1024

#: The most that is read again so that an empty line can be told by its number, in bytes: that takes
#: a second. A split that goes on must not first read all that was cut before.
MOST_READ_AGAIN = 32 * 1024 * 1024

#: How much is read of what comes before a record, to find out whether it ends with an empty line.
_BEFORE_BYTES = 1024


class CheckedText:
    """A file that is read from its first row on, whose bytes must be UTF-8.

    Of a CSV with one column, empty lines between its rows are refused (`EmptyLines`).

    What is read is checked before it is returned.

    Raises, by each method that reads:
        shared.errors.input.NotText: a byte is not UTF-8.
        shared.errors.input.EmptyLine: an empty line is followed by a row.
    """

    def __init__(self, file: BinaryIO, rows_at: int, layout: CsvLayout) -> None:
        """Take the file, where its first row begins, in bytes, and its layout."""
        self._file = file
        self._layout = layout
        self._rows_at = rows_at
        self._position = rows_at
        self._utf8 = Utf8Validator(rows_at)
        self._empty_lines: EmptyLines | None = None
        self._counts_lines = True

    def seek(self, offset: int) -> None:
        """Go to a record, the first that is read, by its offset in bytes."""
        if self._layout.width > 1:
            self._begin_at(offset)
            self._file.seek(offset)
            return
        if offset - self._rows_at > MOST_READ_AGAIN:
            # An empty line may be the last before the record.
            self._file.seek(offset - _BEFORE_BYTES)
            before = self._file.read(_BEFORE_BYTES)
            self._empty_lines = EmptyLines.after(self._layout.delimiter, before)
            self._begin_at(offset)
            self._counts_lines = False
            return
        self._file.seek(0)
        header = self._file.read(self._rows_at)
        self._empty_lines = EmptyLines(self._layout.delimiter, header.count(b"\n"))
        while self._position < offset:
            self.read(min(_READ_BYTES, offset - self._position))

    def _begin_at(self, offset: int) -> None:
        self._position, self._utf8 = offset, Utf8Validator(offset)

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes; fewer only at the end of the file."""
        content = self._file.read(size)
        self._check(content, final=not content and size != 0)
        return content

    def readline(self, size: int = -1) -> bytes:
        """Read a line, or `size` bytes of a longer one."""
        content = self._file.readline(size)
        self._check(content, final=not content and size != 0)
        return content

    def _check(self, content: bytes, *, final: bool) -> None:
        self._utf8.feed(content)
        if final:
            self._utf8.finish()
        self._position += len(content)
        if self._empty_lines is not None:
            try:
                self._empty_lines.feed(content)
                if final:
                    self._empty_lines.finish()
            except EmptyLine:
                if self._counts_lines:
                    raise
                raise EmptyLine(line=f"near byte {self._position:,}") from None
