"""Where the rows are in an upload: one layout for each format, which knows how to cut and to read.

The layout of a job is recorded with the job, as JSON with the field `format`. Older releases wrote
the fields of all formats into each layout; those of other formats are ignored.
"""

import io
from collections.abc import Iterator
from functools import partial
from itertools import accumulate
from typing import Annotated, BinaryIO, ClassVar, Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from shared.tables.csv_blocks import (
    BLOCK_BYTES,
    Block,
    Look,
    RecordEnds,
    by_blocks,
    csv_runs,
    record_cells,
    record_ends,
)
from shared.tables.csv_records import Record
from shared.tables.json_lines import line_ends, read_objects
from shared.tables.parts import Part, cut_runs
from shared.tables.rows import Rows, numbers_of, rows_of
from shared.tables.stored_rows import read_stored

_RECORD_ENDS: Look[RecordEnds] = by_blocks(record_ends)


class JobBlobs(Protocol):
    """The blobs of a job that can hold its rows; `shared.jobs.job.Spec` is one."""

    @property
    def upload_key(self) -> str:
        """The key of the upload."""

    @property
    def all_rows_key(self) -> str:
        """The key of the blob with all stored rows."""

    def rows_key(self, part: int) -> str:
        """The key of the blob with the stored rows of one part."""


class BlobRange(NamedTuple):
    """A range of bytes of a blob, in the order in which `Blobs.read` takes them."""

    key: str
    offset: int = 0
    length: int = -1  #: -1: to the end of the blob.


class _Layout(BaseModel):
    """What all layouts have in common. The defaults are those of rows as we store them."""

    model_config = ConfigDict(frozen=True)

    #: The rows are not byte ranges of the upload: workers store them in blobs next to it.
    stored_apart: ClassVar[bool] = False

    start: int = Field(0, ge=0, description="Byte offset of the first record.")

    def cut(
        self,
        file: BinaryIO,
        *,
        rows_per_part: int,
        after: Part | None,
        max_record_bytes: int,
        fine_from: int | None = None,
        look: Look[RecordEnds] = _RECORD_ENDS,
    ) -> Iterator[Part]:
        """Cut rows into parts of whole records.

        The same rows, `rows_per_part` and `fine_from` give the same parts, wherever a run begins:
        a split that died goes on after the last part it recorded.

        Args:
            file: the blob `cut_key`, at `after.end`, or at `start`.
            rows_per_part: the most rows of a part.
            after: the last part that was cut before; None at the beginning.
            max_record_bytes: a longer record is an error.
            fine_from: from this byte of the upload on, parts are finer by `parts.FINER`.
            look: finds where the records of a CSV end; other formats ignore it.

        Raises:
            shared.errors.input.OpenQuote: a quote is not closed.
            shared.errors.input.RowTooLong: a line is longer than any record may be.
        """
        offset = after.end if after else self.start
        row = after.first_row + after.rows if after else 0
        ends = self._record_ends(file, offset, row, max_record_bytes, look)
        return cut_runs(ends, offset, row, rows_per_part, fine_from)

    def _record_ends(
        self,
        file: BinaryIO,
        offset: int,
        row: int,
        max_record_bytes: int,
        look: Look[RecordEnds],
    ) -> Iterator[RecordEnds]:
        """Yield where the records end in the blob, a run of records at a time."""
        del row, max_record_bytes, look
        while lines := file.readlines(BLOCK_BYTES):
            _, *ends = accumulate(map(len, lines), initial=offset)
            offset = ends[-1]
            yield RecordEnds.of(ends)

    def read(
        self,
        content: bytes,
        *,
        offset: int = 0,
        first_row: int = 0,
        max_text_chars: int,
        max_record_bytes: int,
    ) -> Rows:
        """Read the rows of a part.

        Args:
            content: the bytes in the blob range `rows_in`.
            offset: where the part begins in the upload, in bytes.
            first_row: the number of its first row, from 0. A row without a ref gets its number as
                its ref, counted from 1.
            max_text_chars: a longer text is an error in its row.
            max_record_bytes: the same limit as when the part was cut.
        """
        del offset, max_record_bytes
        return read_stored(content, first_row, max_text_chars)

    def cut_key(self, blobs: JobBlobs) -> str:
        """The key of the blob that `cut` takes."""
        return blobs.upload_key

    def rows_in(self, blobs: JobBlobs, number: int, part: Part, max_record_bytes: int) -> BlobRange:
        """The bytes that hold the rows of a part.

        Args:
            blobs: the blobs of the job.
            number: the number of the part.
            part: the part.
            max_record_bytes: a longer record is an error.
        """
        del number, max_record_bytes
        return BlobRange(blobs.upload_key, part.offset, part.length)


class CsvLayout(_Layout):
    """A CSV, as it was sent."""

    format: Literal["csv"] = "csv"
    delimiter: str = Field(",", description="The character between the cells.")
    width: int = Field(2, ge=1, description="Cells in a record.")
    text: int = Field(1, ge=0, description="Index of the cell with the text.")
    ref: int | None = Field(0, description="Index of the cell with the ref; None: no such column.")
    carried: tuple[int, ...] = Field(
        (), description="Indexes of the cells that are carried through to the results."
    )

    @override
    def _record_ends(
        self,
        file: BinaryIO,
        offset: int,
        row: int,
        max_record_bytes: int,
        look: Look[RecordEnds],
    ) -> Iterator[RecordEnds]:
        return csv_runs(
            file,
            offset=offset,
            row=row,
            max_bytes=max_record_bytes,
            delimiter=self.delimiter,
            look=look,
            exact=_ends_of,
        )

    @override
    def read(
        self,
        content: bytes,
        *,
        offset: int = 0,
        first_row: int = 0,
        max_text_chars: int,
        max_record_bytes: int,
    ) -> Rows:
        rows = Rows()
        for run in csv_runs(
            io.BytesIO(content),
            offset=offset,
            row=first_row,
            max_bytes=max_record_bytes,
            delimiter=self.delimiter,
            look=by_blocks(partial(self._read_block, max_text_chars=max_text_chars)),
            exact=partial(self._read_records, max_text_chars=max_text_chars),
        ):
            rows.extend(run)
        return rows

    def _read_block(self, block: Block, *, max_text_chars: int) -> Rows | None:
        """The rows of an ordinary block; None if the records must be read one by one."""
        cells = record_cells(block, self.width, self.delimiter)
        if cells is None:
            return None
        width, ref = self.width, self.ref
        texts = cells[self.text :: width]
        refs = numbers_of(block.row, len(texts)) if ref is None else cells[ref::width]
        extras = [cells[at::width] for at in self.carried]
        return rows_of(refs, texts, max_text_chars, extras)

    def _read_records(
        self, records: Iterator[Record], first_row: int, *, max_text_chars: int
    ) -> Iterator[Rows]:
        rows = Rows()
        for number, (cells, problem, _) in enumerate(records, first_row + 1):
            error = problem
            if not error and len(cells) != self.width:
                error = f"the row has {len(cells)} cells; the header has {self.width}"
            ref = str(number)
            if self.ref is not None and self.ref < len(cells):
                ref = cells[self.ref]
            extras = [cells[at] if at < len(cells) else "" for at in self.carried]
            rows.add(ref, None if error else cells[self.text], max_text_chars, error, extras)
        yield rows


def _ends_of(records: Iterator[Record], _row: int) -> Iterator[RecordEnds]:
    ends: list[int] = []
    try:
        ends.extend(end for _, _, end in records)
    finally:
        # Also where the next record is an error: which parts come before it must not depend on
        # where the blocks begin.
        yield RecordEnds.of(ends)


class ObjectsLayout(_Layout):
    """Lines of JSON objects, as they were sent."""

    format: Literal["objects"] = "objects"
    width: int = Field(2, ge=1, description="Fields found in the first objects.")
    names: tuple[str, ...] = Field(
        (), description="Names of the fields: the ref, the text, and those carried through."
    )

    @override
    def _record_ends(
        self,
        file: BinaryIO,
        offset: int,
        row: int,
        max_record_bytes: int,
        look: Look[RecordEnds],
    ) -> Iterator[RecordEnds]:
        return line_ends(file, offset)

    @override
    def read(
        self,
        content: bytes,
        *,
        offset: int = 0,
        first_row: int = 0,
        max_text_chars: int,
        max_record_bytes: int,
    ) -> Rows:
        return read_objects(
            content,
            self.names,
            first_row=first_row,
            max_text_chars=max_text_chars,
            max_record_bytes=max_record_bytes,
        )

    @override
    def rows_in(self, blobs: JobBlobs, number: int, part: Part, max_record_bytes: int) -> BlobRange:
        return BlobRange(blobs.upload_key, part.offset, part.readable_bytes(max_record_bytes))


class StoredLayout(_Layout):
    """Rows of a JSON body, stored as a line `["ref", "text", ...]` for each."""

    format: Literal["ndjson"] = "ndjson"


class ParquetLayout(_Layout):
    """A Parquet file. A split stores the rows of each part in a blob of their own."""

    stored_apart: ClassVar[bool] = True

    format: Literal["parquet"] = "parquet"
    width: int = Field(2, ge=1, description="Columns in the file.")
    names: tuple[str, ...] = Field(
        (), description="Names of the columns: the ref, the text, and those carried through."
    )

    @override
    def rows_in(self, blobs: JobBlobs, number: int, part: Part, max_record_bytes: int) -> BlobRange:
        return BlobRange(blobs.rows_key(number))


class RequestsLayout(_Layout):
    """The requests of a batch. Before the split a worker stores their rows in one blob."""

    stored_apart: ClassVar[bool] = True

    format: Literal["requests"] = "requests"

    @override
    def cut_key(self, blobs: JobBlobs) -> str:
        return blobs.all_rows_key

    @override
    def rows_in(self, blobs: JobBlobs, number: int, part: Part, max_record_bytes: int) -> BlobRange:
        return BlobRange(blobs.all_rows_key, part.offset, part.length)


#: The layouts of the files that a client can send as a job.
FileLayout = CsvLayout | ObjectsLayout | ParquetLayout

#: Any layout; its JSON says by `format` which one it is.
Layout = Annotated[FileLayout | StoredLayout | RequestsLayout, Field(discriminator="format")]

#: How the rows of JSON bodies are stored.
NDJSON = StoredLayout()

#: How the requests of a batch are sent.
REQUESTS = RequestsLayout()
