"""Finds the first row with an error, which the error of a job that fails by its rows names."""

from collections.abc import Sequence

from shared.jobs.job_store import BadRow

#: A longer ref is cut off in a job's error.
MAX_REF_CHARS = 80


def first_bad_row(
    errors: list[str | None], refs: Sequence[str], first_row: int = 0
) -> BadRow | None:
    """The first row of a run that has an error; None if none has.

    Args:
        errors: the error of each row; None for a row with a score.
        refs: the ref of each row.
        first_row: the number of the first of these rows in the job, from 0.
    """
    at = next((at for at, error in enumerate(errors) if error is not None), None)
    if at is None:
        return None
    row = first_row + at
    return BadRow(row, f"row {row + 1:,} (ref '{refs[at][:MAX_REF_CHARS]}'): {errors[at]}")
