"""Limits on the size of a request: bytes, columns and rows."""

from shared.config.settings import Settings
from shared.errors.service import TooLarge

BULK_ADVICE = "Send more rows as a CSV: POST /jobs with Content-Type: text/csv."


def check_length(settings: Settings, length: int | None) -> None:
    """Check the length of an upload, in bytes; None, an unknown length, passes.

    Raises:
        shared.errors.service.TooLarge: the upload has more than `max_upload_bytes`.
    """
    advice = "Split the file, or have SCORELANE_MAX_UPLOAD_BYTES raised."
    _check(length or 0, settings.max_upload_bytes, "upload", "bytes", advice)


def check_columns(settings: Settings, columns: int) -> None:
    """Check the number of columns of the rows.

    Raises:
        shared.errors.service.TooLarge: there are more than `max_columns`.
    """
    advice = "Send only the columns with the texts and the references."
    _check(columns, settings.max_columns, "number of columns", "columns", advice)


def check_rows(settings: Settings, rows: int) -> None:
    """Check the number of rows of a job.

    Raises:
        shared.errors.service.TooLarge: there are more than `max_rows`.
    """
    advice = "Send them as several jobs."
    _check(rows, settings.max_rows, "number of rows", "rows", advice)


def _check(count: int, limit: int, what: str, unit: str, advice: str) -> None:
    if count > limit:
        raise TooLarge(what=what, limit=f"{limit:,}", unit=unit, advice=advice)
