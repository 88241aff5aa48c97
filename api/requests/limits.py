"""How much a request may bring."""

from api.services import Services
from shared.errors.service import TooLarge

BULK_ADVICE = "Send more rows as a CSV: POST /jobs with Content-Type: text/csv."


def check_length(services: Services, length: int | None) -> None:
    """See that an upload is not too long.

    Args:
        services: have the limit.
        length: in bytes; None: not known.

    Raises:
        shared.errors.service.TooLarge: it is.
    """
    advice = "Split the file, or have SCORELANE_MAX_UPLOAD_BYTES raised."
    _check(length or 0, services.settings.max_upload_bytes, "upload", "bytes", advice)


def check_columns(services: Services, columns: int) -> None:
    """See that rows do not have too many columns.

    Raises:
        shared.errors.service.TooLarge: they do.
    """
    advice = "Send the columns of the texts and the references alone."
    _check(columns, services.settings.max_columns, "number of columns", "columns", advice)


def check_rows(services: Services, rows: int) -> None:
    """See that a job does not have too many rows.

    Raises:
        shared.errors.service.TooLarge: it does.
    """
    advice = "Send them as several jobs."
    _check(rows, services.settings.max_rows, "number of rows", "rows", advice)


def _check(count: int, limit: int, what: str, unit: str, advice: str) -> None:
    if count > limit:
        raise TooLarge(what=what, limit=f"{limit:,}", unit=unit, advice=advice)
