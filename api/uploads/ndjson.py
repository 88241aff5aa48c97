"""Looks at the first lines of objects while the upload passes by."""

import codecs

from api.uploads.columns import require
from api.uploads.row_estimate import RowEstimate
from shared.errors.input import BadFirstLine, NoRows, RowTooLong
from shared.tables.json_lines import BLANKS, parse_line
from shared.tables.layouts import ObjectsLayout

#: The lines in so many bytes say which fields the objects have.
HEAD_BYTES = 256 * 1024


class NdjsonUpload:
    """Looks at an upload of one JSON object a line, in constant memory.

    A first line that is none ends it; a later one is an error in its row, and for who reads that.
    """

    def __init__(self, max_record_bytes: int) -> None:
        self.size = 0
        self._max_record_bytes = max_record_bytes
        self._about_rows = RowEstimate()
        self._head = b""
        self._start = 0
        self._columns: list[str] | None = None

    def feed(self, chunk: bytes) -> None:
        """Check the next chunk.

        Raises:
            shared.errors.input.BadFirstLine: the first line is no object.
            shared.errors.input.RowTooLong: the first line does not end.
        """
        self.size += len(chunk)
        self._about_rows.feed(chunk)
        if self._columns is None:
            self._head += chunk
            if len(self._head) >= HEAD_BYTES:
                self._read_head()

    @property
    def about_rows(self) -> int:
        """About how many rows there are: one at the least, as its line need not end."""
        return max(self._about_rows.of(self.size), 1)

    def finish(self) -> list[str]:
        """The names of the fields of the first objects, once everything was fed.

        Raises:
            shared.errors.input.NoRows: there is no line.
            shared.errors.input.BadFirstLine: the first line is no object.
        """
        if self._columns is None:
            self._read_head(final=True)
        if self._columns is None:
            raise NoRows(what="there is not one line in it")
        return self._columns

    def layout(
        self, text_column: str, ref_column: str | None, carried: tuple[str, ...] = ()
    ) -> ObjectsLayout:
        """Where the rows are, once everything was fed.

        Args:
            text_column: the name of the field with the text.
            ref_column: the name of the field with the ref; None: `ref` where there is one.
            carried: the names of the fields that are carried through.

        Raises:
            shared.errors.input.NoSuchColumn: none of the first objects has a field that was named.
            shared.errors.input.BadInput: see `finish`.
        """
        found = self.finish()
        require(found, text_column, ref_column)
        names = (ref_column or "ref", text_column, *carried)
        return ObjectsLayout(start=self._start, width=len(found), names=names)

    def _read_head(self, *, final: bool = False) -> None:
        self._start = len(codecs.BOM_UTF8) if self._head.startswith(codecs.BOM_UTF8) else 0
        *lines, rest = self._head[self._start :].split(b"\n")
        filled = [line for line in ([*lines, rest] if final else lines) if line.strip(BLANKS)]
        if not filled:
            self._check_length(rest)
            return
        self._check_length(filled[0])
        found: dict[str, None] = {}
        for number, line in enumerate(filled):
            try:
                found |= dict.fromkeys(parse_line(line))
            except ValueError as error:
                if not number:
                    raise BadFirstLine(reason=str(error)) from None
        self._columns = list(found)
        self._head = b""

    def _check_length(self, line: bytes) -> None:
        limit = self._max_record_bytes
        if len(line) > limit:
            raise RowTooLong(row=1, offset=self._start, limit=limit)
