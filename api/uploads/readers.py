"""What looks at a file as it passes by, by its format."""

from collections.abc import Callable
from typing import BinaryIO, Protocol

from api.requests.content import RequestContent
from api.uploads.csv import CsvUpload
from api.uploads.formats import Format
from api.uploads.ndjson import NdjsonUpload
from api.uploads.parquet import ParquetUpload
from shared.config.settings import Settings
from shared.tables.layouts import FileLayout


class Upload(Protocol):
    """Looks at every chunk of a file once, in constant memory."""

    size: int  #: Bytes that were fed.

    @property
    def about_rows(self) -> int:
        """About how many rows there are."""

    def feed(self, chunk: bytes) -> None:
        """Check the next chunk.

        Raises:
            shared.errors.input.BadInput: the file cannot be used.
        """

    def finish(self) -> list[str]:
        """The names of the columns, once everything was fed.

        Raises:
            shared.errors.input.BadInput: the file cannot be used.
        """

    def layout(
        self, text_column: str, ref_column: str | None, carried: tuple[str, ...] = ()
    ) -> FileLayout:
        """Where the rows are, once everything was fed, and stored.

        Raises:
            shared.errors.input.NoSuchColumn: a column named is not there.
            shared.errors.input.BadInput: the file cannot be used.
        """


def reader_of(
    sent: RequestContent, settings: Settings, open_stored: Callable[[], BinaryIO]
) -> Upload:
    """What looks at the file that was sent.

    Args:
        sent: says what it is.
        settings: have the limits.
        open_stored: opens it, once it is stored.
    """
    match sent.kind.format:
        case Format.CSV:
            return CsvUpload(sent.delimiter)
        case Format.NDJSON:
            return NdjsonUpload(settings.max_record_bytes)
        case Format.PARQUET:
            return ParquetUpload(open_stored)
        case Format.JSON:
            raise NotImplementedError("JSON is read whole")
