"""Reading the first lines of an NDJSON upload, as a stream."""

import codecs
import json
import re

from typing_extensions import override

from api.uploads.columns import InputColumns
from api.uploads.row_estimate import RowEstimate
from api.uploads.upload import LOST_LINE_ENDS, Upload
from shared.errors.input import BadFirstLine, CrLineEnds, NoRows, RowTooLong
from shared.tables.json_lines import BLANKS, parse_line
from shared.tables.json_values import check_writable, unique_fields
from shared.tables.layouts import ObjectsLayout

#: The columns are the fields of the objects in this many bytes from the beginning.
HEAD_BYTES = 256 * 1024


#: Two rows with a CR between them. In a string of JSON there is no CR.
_CR_LINE = re.compile(rb"\}[ \t]*\r[ \t\r]*\{")


class NdjsonUpload(Upload):
    """Checks an upload of one JSON object per line, in constant memory.

    If the first line is not an object, the upload is refused. A later line that is not an object is
    an error in its row, found when the rows are read. A number that JSON does not have, such as
    NaN, is an error in its row wherever it is.
    """

    def __init__(self, max_record_bytes: int) -> None:
        self.size = 0
        self._max_record_bytes = max_record_bytes
        self._row_estimate = RowEstimate()
        self._head = b""
        self._start = 0
        self._columns: list[str] | None = None

    @override
    def feed(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._row_estimate.feed(chunk)
        if self._columns is None:
            self._head += chunk
            if len(self._head) >= HEAD_BYTES:
                self._read_head()

    @property
    @override
    def held(self) -> int:
        return len(self._head)

    @property
    @override
    def about_rows(self) -> int:
        # At least one: the last line may have no line break.
        return max(self._row_estimate.of(self.size), 1)

    @override
    def finish(self) -> list[str]:
        if self._columns is None:
            self._read_head(final=True)
        if self._columns is None:
            raise NoRows(what="there is not one line in it")
        return self._columns

    @override
    def layout(self, where: InputColumns, carried: tuple[str, ...] = ()) -> ObjectsLayout:
        columns = self.finish()
        where.require(columns)
        names = (*where.names, *carried)
        return ObjectsLayout(start=self._start, width=len(columns), names=names)

    def _read_head(self, *, final: bool = False) -> None:
        if not self._start and self._head.startswith(codecs.BOM_UTF8):
            self._skip(len(codecs.BOM_UTF8))
        *lines, rest = self._head.split(b"\n")
        filled = [line for line in ([*lines, rest] if final else lines) if line.strip(BLANKS)]
        if not filled:
            if _CR_LINE.search(rest):
                raise CrLineEnds
            self._check_length(rest)
            # Kept, an upload of blank lines would fill the memory.
            self._skip(len(self._head) - len(rest))
            return
        self._check_length(filled[0])
        if _CR_LINE.search(filled[0]):
            raise CrLineEnds
        columns: dict[str, None] = {}
        for number, line in enumerate(filled):
            try:
                columns |= dict.fromkeys(parse_line(line))
            except ValueError as error:
                fields = _fields_of(line)
                if not number and fields is None:
                    is_alone = final and len(lines) == 0 and b"}{" in line
                    hint = LOST_LINE_ENDS if is_alone else ""
                    raise BadFirstLine(reason=f"{error}{hint}") from None
                columns |= dict.fromkeys(fields or ())
        self._columns = list(columns)
        self._head = b""

    def _skip(self, count: int) -> None:
        self._head = self._head[count:]
        self._start += count

    def _check_length(self, line: bytes) -> None:
        limit = self._max_record_bytes
        if len(line) > limit:
            raise RowTooLong(row=1, offset=self._start, limit=limit)


def _fields_of(line: bytes) -> list[str] | None:
    """The names of the fields of a row with a number that JSON does not have, such as NaN.

    Such a row is an error, and no reason to refuse the others. None: the line is something else.
    """
    try:
        value = json.loads(
            line.decode("utf-8-sig"),
            parse_int=str,
            parse_float=str,
            object_pairs_hook=unique_fields,
        )
        fields = list(value) if isinstance(value, dict) else None
        check_writable(fields)
    # A UnicodeEncodeError is a ValueError too.
    except (ValueError, RecursionError):
        return None
    return fields
