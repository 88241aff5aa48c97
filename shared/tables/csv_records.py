"""Reads the records of a CSV one by one, with the bytes that each of them takes."""

import csv
import sys
from collections.abc import Iterator

from shared.errors.input import OpenQuote
from shared.tables.csv_lines import Lines
from shared.tables.csv_long_record import LongRecord

# The limit of the csv module (128 KiB a field) would reject rows that we can process. `max_bytes`
# limits a record instead.
csv.field_size_limit(sys.maxsize)


#: One record: its fields, why it cannot be read (None if it can), and its end in bytes. A plain
#: tuple, because making a named one takes as long as reading the record.
Record = tuple[list[str], str | None, int]


def csv_records(
    lines: Lines,
    *,
    offset: int,
    row: int,
    max_bytes: int,
    delimiter: str = ",",
    may_be_cut: bool = False,
) -> Iterator[Record]:
    r"""Read the records of a UTF-8 CSV (RFC 4180), one at a time.

    A record ends at `\n`, with or without a `\r` before it; one inside quotes is part of a cell.
    Empty lines are not records. This function defines what a row is: splitting and scoring both
    find the same records as it does.

    A quoted cell ends where its quote closes. If other characters follow, the record has an error,
    and no fields: the `csv` module would make a text of them that nobody wrote. Programs that write
    a quote as `\\"` make such records. If the cell also has a line end, it probably took in other
    rows, and is an open quote.

    A record of more than `max_bytes` is passed over: it has an error, and no fields.

    Args:
        lines: the upload, at the beginning of a record.
        offset: the offset of that record in the upload, in bytes.
        row: the number of that record, from 0, for messages.
        max_bytes: a longer record has an error.
        delimiter: the character between cells.
        may_be_cut: whether the last record may be cut off, if it is longer than `max_bytes`.

    Yields:
        Records in their order; a malformed record has an error.

    Raises:
        shared.errors.input.OpenQuote: a quote is not closed, or only by a quote of a later row, so
            that no later record can be trusted.
    """
    feed = _Feed(lines, offset, row, max_bytes)
    reader = csv.reader(feed, delimiter=delimiter)
    while True:
        feed.begin()
        fields: list[str] = []
        error = None
        try:
            fields = next(reader)
            if feed.has_quotes and not feed.is_well_quoted(delimiter):
                fields, error = [], f"the row is not CSV: {_BAD_CLOSE}"
        except StopIteration:
            return
        except csv.Error as problem:
            error = f"the row is not CSV: {_in_words(problem)}"
        except _TooLong:
            error = feed.pass_over(delimiter, may_be_cut=may_be_cut)
        if fields or error:
            yield fields, error, feed.position
            feed.row += 1


_BAD_CLOSE = (
    "other characters follow the quote that closes a cell; "
    "write a quote in a quoted cell as two quotes"
)


def _in_words(problem: csv.Error) -> str:
    if "new-line character" in str(problem):
        return "a CR that no LF follows is in a cell without quotes"
    return str(problem)


class _TooLong(Exception):
    """The present record is longer than a record may be."""


class _Feed(Iterator[str]):
    """Feeds lines to `csv.reader`, and counts the bytes of the present record."""

    def __init__(self, lines: Lines, offset: int, row: int, max_bytes: int) -> None:
        self.position = offset
        self.start = offset
        self.row = row
        self._lines = lines
        self._max_bytes = max_bytes
        self._line = b""
        self._record: list[bytes] = []
        self.has_quotes = False

    def begin(self) -> None:
        """Begin the next record."""
        self.start = self.position
        self._record.clear()
        self.has_quotes = False

    def is_well_quoted(self, delimiter: str) -> bool:
        """Whether each quoted cell of the present record ends where its quote closes.

        Raises:
            shared.errors.input.OpenQuote: one does not, and has a line end.
        """
        lines = (line.decode("utf-8") for line in self._record)
        try:
            next(csv.reader(lines, delimiter=delimiter, strict=True))
        except csv.Error:
            record = LongRecord(delimiter, is_open=False)
            record.end_in(b"".join(self._record))
            if record.is_doubtful:
                where = "at the end of its cell, and takes in several lines"
                raise self._open_quote(where) from None
            return False
        return True

    def __next__(self) -> str:
        line = self._lines.line(self._max_bytes + 1)
        size = len(line)
        taken = self.position - self.start
        if taken and not size:
            # The reader asks for a second line only inside quotes. At the end of the file it would
            # take everything since the quote as one cell, and silently lose thousands of rows.
            raise self._open_quote("before the end of the file")
        if taken + size > self._max_bytes:
            self._line = line
            raise _TooLong
        if not size:
            raise StopIteration
        self.position += size
        self._record.append(line)
        self.has_quotes = self.has_quotes or b'"' in line
        return line.decode("utf-8")

    def pass_over(self, delimiter: str, *, may_be_cut: bool) -> str | None:
        """Move to the end of the present record, which is too long.

        Returns:
            Why it cannot be read; None if it is a blank line, which is no record.

        Raises:
            shared.errors.input.OpenQuote: a quote is not closed, or only by a quote of a later row.
        """
        block, end = self._line, 0
        record = LongRecord(delimiter, is_open=self.position > self.start)
        while block and not end and not record.is_doubtful:
            end = record.end_in(block)
            self.position += end or len(block)
            if end and end < len(block):
                self._lines.give_back(block[end:])
            block = b"" if end else self._lines.block()
        if record.is_doubtful or (record.is_unclosed and not may_be_cut):
            raise self._open_quote(f"within {self._max_bytes} bytes")
        if record.is_blank:
            return None
        error = f"the row has more than {self._max_bytes:,} bytes"
        if record.has_lines:
            error += ", in several lines: is a quote not closed?"
        return error

    def _open_quote(self, where: str) -> OpenQuote:
        return OpenQuote(row=self.row + 1, offset=self.start, where=where)
