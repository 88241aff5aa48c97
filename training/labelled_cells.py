"""Reads the cells of labelled CSV files, as strings."""

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pandas as pd

from shared.errors.input import BadOption
from shared.model import TEXT
from shared.tables.delimiters import delimiter_of
from training.data_errors import UnreadableData
from training.foreign_data import foreign

#: The longest cell that can be read, in characters; csv's own limit is smaller than a long text.
_CELL_CHARS = 64 * 2**20

#: The first line that Excel writes to name a delimiter.
_SEP_LINE = re.compile(r'"?sep=([^\r\n"])"?[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """How labelled files are read.

    Attributes:
        text_column: the column of the texts.
        label_column: the column of the labels; None: `score`, `label5` and `label`, whichever are
            there. A column of another name holds what `label` may hold, or numbers from 0 to 1.
        delimiter: the character between two cells, or its name; None: a tab in a `.tsv`, otherwise
            a comma.
        charset: the character encoding.
        quoting: `double`: quotes may enclose a cell; `none`: they are characters like any other;
            None: `double`, but no cell of a tab-separated file may contain a line end, because a
            stray quote makes one row of several.
    """

    text_column: str = TEXT
    label_column: str | None = None
    delimiter: str | None = None
    charset: str = "utf-8"
    quoting: str | None = None


def check_reading(reading: Reading) -> None:
    """Check the options of a reading.

    Raises:
        shared.errors.input.BadOption: the charset or the delimiter cannot be used.
    """
    try:
        "a".encode(reading.charset)
    except LookupError as error:
        reason = "Python knows no such text encoding"
        raise BadOption(option="charset", value=reading.charset, reason=reason) from error
    if reading.delimiter is not None:
        delimiter = delimiter_of(reading.delimiter)
        if len(delimiter) != 1 or delimiter in '"\r\n':
            reason = "write one character, or comma, semicolon, tab, pipe or space"
            raise BadOption(option="delimiter", value=reading.delimiter, reason=reason)


def read_cells(path: Path, reading: Reading) -> tuple[pd.DataFrame, list[str]]:
    """Read the cells of a file as strings, and the names of its columns, which may be repeated.

    Raises:
        UnreadableData: it cannot be read; the message says why.
    """
    delimiter = reading.delimiter
    if delimiter is None:
        delimiter = "\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else ","
    delimiter = delimiter_of(delimiter)
    charset = "utf-8-sig" if codecs.lookup(reading.charset).name == "utf-8" else reading.charset
    csv.field_size_limit(_CELL_CHARS)
    rows: list[list[str]] = []
    try:
        if reason := foreign(path):
            raise UnreadableData(path=path, reason=reason)
        with (
            gzip.open(path, "rt", encoding=charset, newline="")
            if path.name.lower().endswith(".gz")
            else path.open(encoding=charset, newline="")
        ) as lines:
            first = lines.readline(_CELL_CHARS)
            if named := _SEP_LINE.fullmatch(first):
                first, delimiter = "", delimiter if reading.delimiter else named[1]
            # Strict, because a quote that is not closed would make one row of several.
            reader = csv.reader(
                chain([first], lines),
                delimiter=delimiter,
                strict=True,
                quoting=csv.QUOTE_NONE if reading.quoting == "none" else csv.QUOTE_MINIMAL,
            )
            names = [name.strip() for name in next(filter(None, reader), [])]
            one_line = reading.quoting is None and delimiter == "\t"
            rows.extend(_whole_rows(reader, len(names), one_line=one_line))
    except csv.Error as error:
        raise UnreadableData(path=path, reason=f"line {reader.line_num}: {error}") from error
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        raise UnreadableData(path=path, reason=str(error)) from error
    if not names:
        raise UnreadableData(path=path, reason="it is empty")
    # Of a repeated name the last column stays; the first ones are not asked for.
    columns = zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True)
    return pd.DataFrame({name: pd.Series(cells, dtype="str") for name, cells in columns}), names


def _whole_rows(rows: Iterable[list[str]], cells: int, *, one_line: bool) -> Iterator[list[str]]:
    for row in filter(None, rows):
        if one_line and any("\n" in cell for cell in row):
            raise csv.Error(
                "a quoted cell has several lines, so a stray quote may have merged rows; say what "
                "quotes are here, with the option quoting: none, or double if the cell is right"
            )
        if len(row) != cells:
            raise csv.Error(f"it has {len(row)} cells, and the header has {cells}")
        yield row
