"""The base of all layouts; its methods cut and read rows in the stored form (`stored_rows`)."""

from collections.abc import Iterator
from itertools import accumulate
from typing import BinaryIO, ClassVar, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field

from shared.tables.csv_blocks import BLOCK_BYTES, Look, RecordEnds, by_blocks, record_ends
from shared.tables.parts import Part, cut_runs
from shared.tables.rows import ReadOptions, Rows
from shared.tables.stored_rows import read_stored

_RECORD_ENDS: Look[RecordEnds] = by_blocks(record_ends)


class JobBlobs(Protocol):
    """The blobs of a job that can hold its rows; `shared.jobs.spec.Spec` is one."""

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


class BaseLayout(BaseModel):
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
            max_record_bytes: a longer record gets an error when it is read.
            fine_from: from this byte of the upload on, parts are finer by `parts.FINER`.
            look: finds where the records of a CSV end; other formats ignore it.

        Raises:
            shared.errors.input.OpenQuote: a quote is not closed.
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
        options: ReadOptions,
        *,
        offset: int = 0,
        first_row: int = 0,
    ) -> Rows:
        """Read the rows of a part.

        Args:
            content: the bytes in the blob range `rows_in`.
            options: the inputs, and the limits.
            offset: where the part begins in the upload, in bytes.
            first_row: the number of its first row, from 0. A row without a ref gets its number as
                its ref, counted from 1.
        """
        del offset
        return read_stored(content, first_row, options)

    def cut_key(self, blobs: JobBlobs) -> str:
        """The key of the blob that `cut` takes."""
        return blobs.upload_key

    def rows_in(self, blobs: JobBlobs, number: int, part: Part, max_record_bytes: int) -> BlobRange:
        """The bytes that hold the rows of a part.

        Args:
            blobs: the blobs of the job.
            number: the number of the part.
            part: the part.
            max_record_bytes: of a longer record at its end, not all bytes are needed.
        """
        del number, max_record_bytes
        return BlobRange(blobs.upload_key, part.offset, part.length)
