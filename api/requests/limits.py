"""Limits on the size of a request: bytes, columns and rows."""

from shared.config.settings import Settings
from shared.errors.service import TooLarge

BULK_ADVICE = "Send more rows as a CSV: POST /jobs with Content-Type: text/csv."


#: How much memory the values of a JSON body may take, in bytes, as `check_json_memory` estimates
#: it. A container of the API has 256 MB; 16 MiB of `{},` would take 1.5 GB.
MAX_JSON_MEMORY = 192 * 1024 * 1024

#: About how many bytes of memory each of these characters adds when JSON becomes rows.
_MEMORY = {b"{": 184, b"[": 88, b",": 88, b'"': 25}


def check_json_memory(body: bytes) -> None:
    """Check how much memory the values of a JSON body take, before it is parsed.

    Raises:
        shared.errors.service.TooLarge: they would take more than `MAX_JSON_MEMORY`.
    """
    needed = sum(size * body.count(sign) for sign, size in _MEMORY.items())
    if needed > MAX_JSON_MEMORY:
        limit, unit = f"{MAX_JSON_MEMORY // 1024**2} MiB", "of memory for all its values"
        raise TooLarge(what="JSON body", limit=limit, unit=unit, advice=BULK_ADVICE)


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
