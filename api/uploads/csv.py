"""Reading the header of a CSV and checking its encoding, as a stream."""

import codecs
import io
import re

from typing_extensions import override

from api.uploads.columns import InputColumns
from api.uploads.quoting import SEP_LINE
from api.uploads.row_estimate import RowEstimate
from api.uploads.upload import LOST_LINE_ENDS, Upload
from shared.errors.input import (
    BadHeader,
    CrLineEnds,
    DuplicateColumns,
    HeaderTooLong,
    NoRows,
    OpenQuote,
    PaddedName,
)
from shared.tables.csv_layout import CsvLayout
from shared.tables.csv_lines import Lines
from shared.tables.csv_records import csv_records
from shared.tables.empty_lines import EmptyLines
from shared.tables.utf8 import Utf8Validator

MAX_HEADER_BYTES = 1024 * 1024


_LINE_END = re.compile(rb"[\r\n]")

_QUOTED = re.compile(rb'"[^"]*"')

#: A CR that ends a line. `\r\r\n` is a line end that was converted twice.
_CR_ALONE = re.compile(rb"\r+[^\r\n]")


def _ends_in_cr(content: bytes) -> bool:
    """Whether the first line that is not blank ends in a CR which no LF follows."""
    if b"\r" not in content:
        return False
    # A line break in quotes is part of a cell.
    content = content.lstrip(b"\r\n")
    # Not by `split`: of a megabyte of quotes it would make a hundred megabytes of pieces.
    # Two quotes are an empty cell or, in another one, a quote.
    content = content.replace(b'""', b"\0")
    outside = _QUOTED.sub(b"\0", content).partition(b'"')[0]
    found = _LINE_END.search(outside)
    return found is not None and _CR_ALONE.match(outside, found.start()) is not None


def _has_cr_rows(content: bytes) -> bool:
    """Whether most lines of the content end in CR alone, as the first of them does."""
    alone = content.count(b"\r") - content.count(b"\r\n")
    return alone > 1 and alone > 2 * content.count(b"\n") and _ends_in_cr(content)


class CsvUpload(Upload):
    """Checks every chunk of a CSV once, in constant memory.

    Feed it the chunks in order: a bad file raises as early as possible. After the last chunk,
    `layout` returns where the rows are.
    """

    def __init__(self, delimiter: str = ",", *, is_named: bool = True) -> None:
        """Make the reader.

        Args:
            delimiter: the character between the cells.
            is_named: whether the request names the delimiter; if not, a first line `sep=;`, which
                Excel writes and reads, names it.
        """
        self.size = 0
        self._delimiter = delimiter
        self._is_named = is_named
        self._row_estimate = RowEstimate()
        self.columns: list[str] | None = None
        self._as_written: list[str] = []
        self._encoding = Utf8Validator()
        self._head = b""
        self._start = 0
        self._has_rows = False
        self._has_lines = False
        self._empty_lines: EmptyLines | None = None

    @override
    def feed(self, chunk: bytes) -> None:
        self._encoding.feed(chunk)
        self.size += len(chunk)
        self._row_estimate.feed(chunk)
        had_header = self.columns is not None
        if self.columns is None:
            self._head += chunk
            self._read_header()
        elif not self._has_rows:
            self._has_rows = bool(chunk.strip(b"\r\n"))
        if had_header and self._empty_lines:
            self._empty_lines.feed(chunk)

    @property
    @override
    def about_rows(self) -> int:
        return self._row_estimate.of(self.size)

    @override
    def finish(self) -> list[str]:
        self._encoding.finish()
        if self.columns is None:
            self._read_header(final=True)
        if self._empty_lines:
            self._empty_lines.finish()
        if not self._has_rows:
            first = (self.columns or [""])[0]
            hint = ", and it looks like JSON: send that as application/json or application/x-ndjson"
            if not first.startswith(("[", "{")):
                hint = "" if self._has_lines else LOST_LINE_ENDS
            raise NoRows(what=f"there is a header and no row{hint}")
        return self.columns or []

    @property
    def delimiter(self) -> str:
        """The character between the cells, which a first line `sep=;` may have named."""
        return self._delimiter

    @property
    def start(self) -> int:
        """The offset of the first row in bytes, once `columns` is known."""
        return self._start

    @override
    def layout(self, where: InputColumns, carried: tuple[str, ...] = ()) -> CsvLayout:
        columns = self.finish()
        first, *more = (self._index(columns, name, where) for name in where.inputs)
        ref = None
        if where.ref is not None or "ref" in columns:
            ref = self._index(columns, where.ref or "ref", where)
        return CsvLayout(
            start=self._start,
            delimiter=self._delimiter,
            width=len(columns),
            text=first,
            more=tuple(more),
            ref=ref,
            carried=tuple(self._index(columns, name, where) for name in carried),
        )

    def _index(self, columns: list[str], name: str, where: InputColumns) -> int:
        if name != name.strip() and name in self._as_written:
            # The names of a model's inputs have blanks around them, if those of its table had.
            columns = self._as_written
        if columns.count(name) > 1:
            raise DuplicateColumns(columns=f"'{name}'")
        if name not in columns:
            found = ", ".join(columns)
            hint = ""
            if len(columns) == 1 and (others := [one for one in ",;\t|" if one in found]):
                # Spreadsheets in many countries write semicolons.
                hint = f" (one column; if its cells end at {others[0]!r}, add delimiter=)"
            where.refuse(name, columns, hint)
        index = columns.index(name)
        if name in where.words and self._as_written[index] != name:
            raise PaddedName(column=self._as_written[index])
        return index

    def _read_header(self, *, final: bool = False) -> None:
        bom = len(codecs.BOM_UTF8) if self._head.startswith(codecs.BOM_UTF8) else 0
        bom += self._sep_line(bom, final=final)
        if _ends_in_cr(self._head[bom:]):
            raise CrLineEnds
        if not final and b"\n" not in self._head[bom:].lstrip(b"\r\n"):
            if len(self._head) > MAX_HEADER_BYTES:
                raise HeaderTooLong(limit=f"{MAX_HEADER_BYTES:,}")
            return
        # Only whole lines: the last chunk may end in the middle of a character.
        end = len(self._head) if final else self._head.rindex(b"\n") + 1
        records = csv_records(
            Lines(io.BytesIO(self._head[bom:end])),
            offset=bom,
            row=-1,
            max_bytes=MAX_HEADER_BYTES,
            delimiter=self._delimiter,
        )
        try:
            header = next(records, None)
        except OpenQuote:
            if final or len(self._head) > MAX_HEADER_BYTES:
                raise
            return
        if header is None:
            raise NoRows(what="there is not one line in it")
        cells, problem, end = header
        if end - bom > MAX_HEADER_BYTES:
            raise HeaderTooLong(limit=f"{MAX_HEADER_BYTES:,}")
        if problem:
            raise BadHeader(reason=problem.removeprefix("the row is not CSV: "))
        if _has_cr_rows(self._head[end:]):
            raise CrLineEnds
        self._as_written = cells
        self.columns = [name.strip() for name in cells]
        self._has_lines = b"\n" in self._head
        self._start = end
        self._has_rows = bool(self._head[end:].strip(b"\r\n"))
        self._check_empty_lines(end)
        self._head = b""

    def _check_empty_lines(self, end: int) -> None:
        """Begin to look for empty lines after the header, if they might be empty texts."""
        if self.columns is not None and len(self.columns) == 1:
            self._empty_lines = EmptyLines(self._delimiter, self._head.count(b"\n", 0, end))
            self._empty_lines.feed(self._head[end:])

    def _sep_line(self, at: int, *, final: bool) -> int:
        """Return the length of a first line `sep=;`, and use the delimiter that it names."""
        found = SEP_LINE.match(self._head, at)
        if found is None or (not final and not found[0].endswith(b"\n")):
            return 0
        named = found[1].decode("latin-1")
        if self._is_named and named != self._delimiter:
            delimiter = repr(self._delimiter)
            reason = f"it says sep={named}, and the request names {delimiter} as the delimiter"
            raise BadHeader(reason=reason)
        if named == "\t" and not self._is_named:
            raise BadHeader(reason="it says sep=TAB; send the file as text/tab-separated-values")
        if not named.isascii():
            raise BadHeader(reason="it names a delimiter (`sep=`) that is no ASCII character")
        self._delimiter = named
        return len(found[0])
