"""Checking a Parquet upload: its beginning while it is received, its footer after it was stored."""

from collections.abc import Callable
from typing import BinaryIO

from typing_extensions import override

from api.uploads.columns import InputColumns
from api.uploads.upload import Upload
from shared.errors.input import BadParquet, DuplicateColumns, NoRows
from shared.tables.layouts import ParquetLayout
from shared.tables.parquet_rows import (
    LEAST_ROW_BYTES,
    MAGIC,
    MAX_EXPANSION,
    ParquetSummary,
    describe,
    max_stored_bytes,
)


class ParquetUpload(Upload):
    """Checks a Parquet upload, in constant memory."""

    def __init__(self, open_stored: Callable[[], BinaryIO]) -> None:
        """Make the reader.

        Args:
            open_stored: opens the upload after it was stored: the footer, at the end of the file,
                describes its columns and rows.
        """
        self.size = 0
        self._head = b""
        self._open_stored = open_stored
        self._summary: ParquetSummary | None = None

    @override
    def feed(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if len(self._head) < len(MAGIC):
            self._head += chunk[: len(MAGIC)]
            if not self._head.startswith(MAGIC[: len(self._head)]):
                raise BadParquet(reason="it does not begin as one does")

    @property
    @override
    def about_rows(self) -> int:
        """The exact number of rows, after `finish`; 0 before."""
        return self._summary.rows if self._summary else 0

    @override
    def finish(self) -> list[str]:
        if self._summary is None:
            with self._open_stored() as file:
                summary = describe(file)
            if not summary.rows:
                raise NoRows(what="there is no row in it")
            if summary.rows * LEAST_ROW_BYTES > max_stored_bytes(self.size):
                raise BadParquet(
                    reason=f"it has {summary.rows:,} rows in {self.size:,} bytes, which would take "
                    f"more than {MAX_EXPANSION:,} times its size; leave out rows that repeat others"
                )
            self._summary = summary
        return self._summary.columns

    @override
    def layout(self, where: InputColumns, carried: tuple[str, ...] = ()) -> ParquetLayout:
        columns = self.finish()
        where.require(columns)
        names = (*where.names, *carried)
        duplicates = [name for name in names if columns.count(name) > 1]
        if duplicates:
            raise DuplicateColumns(columns=", ".join(f"'{name}'" for name in duplicates))
        return ParquetLayout(width=len(columns), names=names)
