"""The records of a CSV, with the bytes that each one takes."""

import csv
import sys
from collections.abc import Iterator

from shared.errors.input import OpenQuote, RowTooLong

# The csv module's own limit (128 KiB a field) would make an error of a row that we can carry;
# `max_bytes` below bounds a record.
csv.field_size_limit(sys.maxsize)


#: One record: its fields, why it cannot be read (None if it can), and where it ends, in bytes. A
#: plain tuple, because to make one with names takes as long as to read the record.
Record = tuple[list[str], str | None, int]


def csv_records(
    lines: Iterator[bytes], *, offset: int, row: int, max_bytes: int, delimiter: str = ","
) -> Iterator[Record]:
    r"""Read the records of a UTF-8 CSV (RFC 4180), one at a time.

    A record ends at `\n`, with or without a `\r` before it; one inside quotes is part of a cell.
    Lines with nothing in them are no records. Splitting and scoring both read with this, so that
    they always agree on what a row is.

    Args:
        lines: each with its `\n`; the first begins a record. One of more than `max_bytes` may be
            broken off behind them.
        offset: where in the upload that is, in bytes.
        row: the number of that record, from 0, for messages.
        max_bytes: a longer record is an error.
        delimiter: what stands between cells.

    Yields:
        Records in their order; the error is set where a record is malformed by itself.

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
    """Feeds lines to `csv.reader`, and knows how many bytes the present record has taken."""

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
            # take everything since the quote for one cell: thousands of rows gone in silence.
            where = f"within {self._max_bytes} bytes" if size else "before the end of the file"
            raise OpenQuote(row=self.row + 1, offset=self.start, where=where)
        if size > self._max_bytes:
            raise RowTooLong(row=self.row + 1, offset=self.start, limit=self._max_bytes)
        if not size:
            raise StopIteration
        self.position += size
        return line.decode("utf-8")
