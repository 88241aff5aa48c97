"""The reader of an upload, chosen by its format."""

from collections.abc import Callable
from typing import BinaryIO

from api.uploads.csv import CsvUpload
from api.uploads.formats import Format
from api.uploads.ndjson import NdjsonUpload
from api.uploads.parquet import ParquetUpload
from api.uploads.upload import Upload
from shared.config.settings import Settings


def reader_of(
    upload_format: Format,
    delimiter: str,
    settings: Settings,
    open_stored: Callable[[], BinaryIO],
    *,
    delimiter_is_named: bool = True,
) -> Upload:
    """Make the reader of an upload.

    Args:
        upload_format: any but JSON, which is read whole.
        delimiter: the character between the cells of a CSV.
        settings: supply the limits.
        delimiter_is_named: whether the request names the delimiter.
        open_stored: opens the upload after it was stored.
    """
    match upload_format:
        case Format.CSV:
            return CsvUpload(delimiter, is_named=delimiter_is_named)
        case Format.NDJSON:
            return NdjsonUpload(settings.max_record_bytes)
        case Format.PARQUET:
            return ParquetUpload(open_stored)
        case Format.JSON:
            raise NotImplementedError("JSON is read whole")
