"""Looks at a Parquet file when it is stored: what says where its rows are is at its end."""

from collections import Counter
from collections.abc import Callable
from typing import BinaryIO

from api.uploads.columns import require
from shared.errors.input import BadParquet, DuplicateColumns, NoRows
from shared.tables.layouts import ParquetLayout
from shared.tables.parquet_rows import MAGIC, ParquetSummary, describe


class ParquetUpload:
    """Looks at an upload in constant memory, at its beginning and at its end."""

    def __init__(self, open_stored: Callable[[], BinaryIO]) -> None:
        """Take what opens the upload, once it is stored."""
        self.size = 0
        self._head = b""
        self._open_stored = open_stored
        self._about: ParquetSummary | None = None

    def feed(self, chunk: bytes) -> None:
        """Check the next chunk.

        Raises:
            shared.errors.input.BadParquet: the upload does not begin as a Parquet file does.
        """
        self.size += len(chunk)
        if len(self._head) < len(MAGIC):
            self._head += chunk[: len(MAGIC)]
            if not self._head.startswith(MAGIC[: len(self._head)]):
                raise BadParquet(reason="it does not begin as one does")

    @property
    def about_rows(self) -> int:
        """How many rows there are, once it was looked at."""
        return self._about.rows if self._about else 0

    def finish(self) -> list[str]:
        """The names of the columns, once everything was fed and stored.

        Raises:
            shared.errors.input.BadParquet: it cannot be read.
            shared.errors.input.NoRows: there are none in it.
            shared.errors.input.DuplicateColumns: two columns have one name.
        """
        if self._about is None:
            with self._open_stored() as file:
                about = describe(file)
            if not about.rows:
                raise NoRows(what="there is no row in it")
            twice = [name for name, times in Counter(about.columns).items() if times > 1]
            if twice:
                raise DuplicateColumns(columns=", ".join(f"'{name}'" for name in twice))
            self._about = about
        return self._about.columns

    def layout(
        self, text_column: str, ref_column: str | None, carried: tuple[str, ...] = ()
    ) -> ParquetLayout:
        """Which columns the rows are made of.

        Raises:
            shared.errors.input.NoSuchColumn: a column named is not there.
            shared.errors.input.BadInput: see `finish`.
        """
        found = self.finish()
        require(found, text_column, ref_column)
        names = (ref_column or "ref", text_column, *carried)
        return ParquetLayout(width=len(found), names=names)
