"""Reads the records of a CSV one by one, with the bytes that each of them takes."""

import csv
import sys
from collections.abc import Iterator

from shared.errors.input import OpenQuote, RowTooLong

# The limit of the csv module (128 KiB a field) would reject rows that we can process. `max_bytes`
# limits a record instead.
csv.field_size_limit(sys.maxsize)


#: One record: its fields, why it cannot be read (None if it can), and its end in bytes. A plain
#: tuple, because making a named one takes as long as reading the record.
Record = tuple[list[str], str | None, int]


def csv_records(
    lines: Iterator[bytes], *, offset: int, row: int, max_bytes: int, delimiter: str = ","
) -> Iterator[Record]:
    r"""Read the records of a UTF-8 CSV (RFC 4180), one at a time.

    A record ends at `\n`, with or without a `\r` before it; one inside quotes is part of a cell.
    Empty lines are not records. This function defines what a row is: splitting and scoring both
    find the same records as it does.

    Args:
        lines: lines with their `\n`; the first one begins a record. A line of more than `max_bytes`
            may be cut off after that many bytes.
        offset: the offset of that record in the upload, in bytes.
        row: the number of that record, from 0, for messages.
        max_bytes: a longer record is an error.
        delimiter: the character between cells.

    Yields:
        Records in their order; a malformed record has an error.

    Raises:
        shared.errors.input.OpenQuote: a quote is not closed, so that no later record can be
            trusted.
        shared.errors.input.RowTooLong: a line is longer than any record may be.
    """
    feed = _Feed(lines, offset, row, max_bytes)
    reader = csv.reader(feed, delimiter=delimiter)
    while True:
        feed.start = feed.position
        fields: list[str] = []
        error = None
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            error = f"the row is not CSV: {_in_words(problem)}"
        if fields or error:
            yield fields, error, feed.position
            feed.row += 1


def _in_words(problem: csv.Error) -> str:
    if "new-line character" in str(problem):
        return "a CR that no LF follows is in a cell without quotes"
    return str(problem)


class _Feed(Iterator[str]):
    """Feeds lines to `csv.reader`, and counts the bytes of the present record."""

    def __init__(self, lines: Iterator[bytes], offset: int, row: int, max_bytes: int) -> None:
        self.position = offset
        self.start = offset
        self.row = row
        self._lines = lines
        self._max_bytes = max_bytes

    def __next__(self) -> str:
        line = next(self._lines, b"")
        size = len(line)
        taken = self.position - self.start
        if taken and (not size or taken + size > self._max_bytes):
            # The reader asks for a second line only inside quotes. At the end of the file it would
            # take everything since the quote as one cell, and silently lose thousands of rows.
            where = f"within {self._max_bytes} bytes" if size else "before the end of the file"
            raise OpenQuote(row=self.row + 1, offset=self.start, where=where)
        if size > self._max_bytes:
            raise RowTooLong(row=self.row + 1, offset=self.start, limit=self._max_bytes)
        if not size:
            raise StopIteration
        self.position += size
        return line.decode("utf-8")
