"""Where the rows are in an upload: one layout for each format, which knows how to cut and to read.

The layout of a job is recorded with the job, as JSON with the field `format`. Older releases wrote
the fields of all formats into each layout; those of other formats are ignored.
"""

from collections.abc import Iterator
from typing import Annotated, BinaryIO, ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from shared.tables.base_layout import BaseLayout, BlobRange, JobBlobs
from shared.tables.csv_blocks import Look, RecordEnds
from shared.tables.csv_layout import CsvLayout
from shared.tables.json_lines import line_ends, read_objects
from shared.tables.parts import Part
from shared.tables.rows import ReadOptions, Rows


class ObjectsLayout(BaseLayout):
    """Lines of JSON objects, as they were sent."""

    format: Literal["objects"] = "objects"
    width: int = Field(2, ge=1, description="Fields found in the first objects.")
    names: tuple[str, ...] = Field(
        (), description="Names of the fields: the ref, the inputs, and those carried through."
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
        options: ReadOptions,
        *,
        offset: int = 0,
        first_row: int = 0,
    ) -> Rows:
        return read_objects(content, self.names, options, first_row=first_row)

    @override
    def rows_in(self, blobs: JobBlobs, number: int, part: Part, max_record_bytes: int) -> BlobRange:
        return BlobRange(blobs.upload_key, part.offset, part.readable_bytes(max_record_bytes))


class StoredLayout(BaseLayout):
    """Rows of a JSON body, stored as a line `["ref", "text", ...]` for each."""

    format: Literal["ndjson"] = "ndjson"


class ParquetLayout(BaseLayout):
    """A Parquet file. A split stores the rows of each part in a blob of their own."""

    stored_apart: ClassVar[bool] = True

    format: Literal["parquet"] = "parquet"
    width: int = Field(2, ge=1, description="Columns in the file.")
    names: tuple[str, ...] = Field(
        (), description="Names of the columns: the ref, the inputs, and those carried through."
    )

    @override
    def rows_in(self, blobs: JobBlobs, number: int, part: Part, max_record_bytes: int) -> BlobRange:
        return BlobRange(blobs.rows_key(number))


class RequestsLayout(BaseLayout):
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
