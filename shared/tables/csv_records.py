"""The records of a CSV, with the bytes that each one takes."""

import csv
import sys
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from shared.errors import OpenQuote, RowTooLong

# The csv module's own limit (128 KiB a field) would make an error of a row that we can carry;
# `max_bytes` below bounds a record.
csv.field_size_limit(sys.maxsize)


class Record(NamedTuple):
    """One record: its fields, or why it cannot be read, and where it is."""

    fields: list[str]
    error: str | None
    offset: int
    end: int


def csv_records(file: BinaryIO, *, offset: int, row: int, max_bytes: int) -> Iterator[Record]:
    r"""Read the records of a UTF-8 CSV (RFC 4180), one at a time.

    A record ends at `\n`, with or without a `\r` before it; one inside quotes is part of a cell.
    Lines with nothing in them are no records. Splitting and scoring both read with this, so that
    they always agree on what a row is.

    Args:
        file: at the beginning of a record.
        offset: where in the upload that is, in bytes.
        row: the number of that record, from 0, for messages.
        max_bytes: a longer record is an error.

    Yields:
        Records in their order; `error` is set where a record is malformed by itself.

    Raises:
        shared.errors.OpenQuote: a quote is not closed, so that no later record can be trusted.
        shared.errors.RowTooLong: a line is longer than any record may be.
    """
    lines = _Lines(file, offset, row, max_bytes)
    reader = csv.reader(lines)
    while True:
        lines.begin_record()
        fields: list[str] = []
        error = None
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            error = f"the row is not CSV: {problem}"
        if fields or error:
            yield Record(fields, error, lines.start, lines.position)
            lines.row += 1


class _Lines(Iterator[str]):
    """Feeds lines to `csv.reader`, and knows how many bytes the present record has taken."""

    def __init__(self, file: BinaryIO, offset: int, row: int, max_bytes: int) -> None:
        self.position = offset
        self.start = offset
        self.row = row
        self._file = file
        self._max_bytes = max_bytes

    def begin_record(self) -> None:
        self.start = self.position

    def __next__(self) -> str:
        line = self._file.readline(self._max_bytes + 1)
        taken = self.position - self.start
        if taken and (not line or taken + len(line) > self._max_bytes):
            # The reader asks for a second line only inside quotes. At the end of the file it would
            # take everything since the quote for one cell: thousands of rows gone in silence.
            raise OpenQuote(row=self.row + 1, offset=self.start, limit=self._max_bytes)
        if len(line) > self._max_bytes:
            raise RowTooLong(row=self.row + 1, offset=self.start, limit=self._max_bytes)
        if not line:
            raise StopIteration
        self.position += len(line)
        return line.decode("utf-8")
