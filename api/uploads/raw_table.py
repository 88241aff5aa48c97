"""The first rows of an upload as they were sent: the cells of all columns, for any model."""

import codecs
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

from api.uploads.columns import InputColumns
from api.uploads.csv import CsvUpload
from api.uploads.json_rows import json_rows
from shared.errors.input import BadInput
from shared.signature import ColumnType
from shared.tables.csv_blocks import Block, by_blocks, csv_runs, record_cells
from shared.tables.csv_records import Record
from shared.tables.json_lines import parse_line
from shared.tables.parquet_rows import first_rows_of

#: The most cells of rows that may have many more columns than fields.
MOST_CELLS = 500_000

#: The names of columns are an argument of the process that reads Parquet, twice; Linux takes
#: 128 KiB.
_MOST_NAME_BYTES = 24 * 1024


@dataclass(frozen=True)
class RawTable:
    """The first rows of an upload.

    Attributes:
        columns: the names of all columns.
        rows: the cells of each row, strings of a CSV, else JSON values. None, or the end of the
            row: there is no cell. Rows that cannot be read are left out.
        texts: the cells as the results would carry them, if they differ from `rows`.
    """

    columns: list[str]
    rows: Sequence[Sequence[Any]] = ()
    texts: Sequence[Sequence[Any]] = field(default=())

    def column(self, name: str) -> list[Any]:
        """The cells of the first column with this name."""
        at = self.columns.index(name)
        return [row[at] if at < len(row) else None for row in self.rows]


def csv_table(content: bytes, delimiter: str, most: int, *, is_named: bool) -> RawTable | None:
    """Read the first rows of a CSV; None if its header cannot be read.

    Args:
        content: whole lines from the file's beginning, as UTF-8.
        delimiter: the character between the cells.
        most: the most rows.
        is_named: whether the request names the delimiter; see `CsvUpload`.
    """
    reader = CsvUpload(delimiter, is_named=is_named)
    # Whatever is wrong, the reader of the whole upload says it.
    with suppress(BadInput):
        reader.feed(content)
        reader.finish()
    if reader.columns is None:
        return None
    width, rows = len(reader.columns), list[list[str]]()
    with suppress(BadInput, UnicodeDecodeError):
        for run in csv_rows(content, reader):
            rows += [row[:width] for row in run if row]
            if len(rows) >= most:
                break
    return RawTable(reader.columns, rows[:most])


def csv_rows(content: bytes, reader: CsvUpload) -> Iterator[list[list[str]]]:
    """Read the rows of a CSV that is in memory, some of them at a time.

    Args:
        content: whole lines from the file's beginning, as UTF-8.
        reader: has read the header.

    Yields:
        The cells of rows as they are; of a row that cannot be read, none.

    Raises:
        shared.errors.input.OpenQuote: a quote is not closed.
        UnicodeDecodeError: it is not UTF-8.
    """
    width, delimiter = len(reader.columns or ()), reader.delimiter

    def look(block: Block) -> list[list[str]] | None:
        cells = record_cells(block, width, delimiter)
        if cells is None:
            return None
        return [cells[at : at + width] for at in range(0, len(cells), width)]

    yield from csv_runs(
        io.BytesIO(content[reader.start :]),
        offset=reader.start,
        row=0,
        max_bytes=len(content),
        delimiter=delimiter,
        look=by_blocks(look),
        exact=_one_by_one,
    )


def _one_by_one(records: Iterator[Record], _row: int) -> Iterator[list[list[str]]]:
    rows = list[list[str]]()
    try:
        rows.extend([] if problem else cells for cells, problem, _ in records)
    finally:
        # Also where the next record is an error.
        yield rows


def ndjson_table(content: bytes, columns: list[str], most: int) -> RawTable:
    """Read the first rows of lines of JSON objects; see `csv_table`."""
    rows, most = [], min(most, MOST_CELLS // max(len(columns), 1))
    for line in islice(io.BytesIO(content.removeprefix(codecs.BOM_UTF8)), most):
        try:
            rows.append(list(map(parse_line(line).get, columns)))
        except ValueError:
            continue
    return RawTable(columns, rows)


def json_table(value: Any, columns: list[str], most: int) -> RawTable:
    """Read the first rows of a parsed JSON body, in any form that `json_rows` takes."""
    head = value
    if isinstance(value, list):
        head = value[:most]
    elif isinstance(value, dict):
        head = {name: _head_of(column, most) for name, column in value.items()}
    try:
        rows = json_rows(head, InputColumns(tuple(columns))) if columns else []
    except BadInput:
        rows = []
    return RawTable(columns, [row[1:] for row in rows])


def _head_of(column: Any, most: int) -> Any:
    if isinstance(column, dict):
        return dict(islice(column.items(), most))
    return column[:most] if isinstance(column, list) else column


def parquet_table(file: BinaryIO, columns: list[str], most: int, size: int) -> RawTable:
    """Read the first rows of a Parquet file.

    The cells of columns whose name is there twice, or after very many columns, are None.

    Args:
        file: a seekable file.
        columns: the names of its columns.
        most: the most rows.
        size: the most bytes of the rows.

    Raises:
        shared.errors.input.BadParquet: the file cannot be read.
    """
    names, length = list[str](), 0
    for name in columns:
        length += len(json.dumps(name)) + 16
        if columns.count(name) == 1 and length <= _MOST_NAME_BYTES:
            names.append(name)
    if not names:
        return RawTable(columns)
    # Each column twice: its values, where only a text is a string, and as the results carry it.
    count = len(names)
    types: tuple[ColumnType, ...] = tuple("string" for _ in names)
    first = first_rows_of(file, (names[0], *names, *names), types, most, size)
    found = [json.loads(line) for line in first.splitlines()]
    at = [names.index(name) if name in names else count for name in columns]
    values = [[*row[1 : count + 1], None] for row in found]
    texts = [[*row[count + 1 :], None] for row in found]
    return RawTable(
        columns,
        [[row[one] for one in at] for row in values],
        [[row[one] for one in at] for row in texts],
    )
