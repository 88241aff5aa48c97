"""How much a request may bring."""

from api.services import Services
from shared.errors import TooLarge

BULK_ADVICE = "Send more rows as a CSV: POST /jobs with Content-Type: text/csv."


def check_length(services: Services, length: int | None) -> None:
    """See that an upload is not too long.

    Args:
        services: have the limit.
        length: in bytes; None: not known.

    Raises:
        shared.errors.TooLarge: it is.
    """
    limit = services.settings.max_upload_bytes
    if length is not None and length > limit:
        advice = "Split the file, or have SCORELANE_MAX_UPLOAD_BYTES raised."
        raise TooLarge(what="upload", limit=f"{limit:,}", unit="bytes", advice=advice)


def check_columns(services: Services, columns: int) -> None:
    """See that rows do not have too many columns.

    Raises:
        shared.errors.TooLarge: they do.
    """
    limit = services.settings.max_columns
    if columns > limit:
        advice = "Send the columns of the texts and the references alone."
        raise TooLarge(what="number of columns", limit=f"{limit:,}", unit="columns", advice=advice)


def check_rows(services: Services, rows: int) -> None:
    """See that a job does not have too many rows.

    Raises:
        shared.errors.TooLarge: it does.
    """
    limit = services.settings.max_rows
    if rows > limit:
        advice = "Send them as several jobs."
        raise TooLarge(what="number of rows", limit=f"{limit:,}", unit="rows", advice=advice)
