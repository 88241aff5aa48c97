"""Finds the first row with an error, for the jobs that fail of too many."""

from shared.jobs.job_store import BadRow

#: So much of a ref is repeated in a job's error.
MAX_REF_CHARS = 80


def first_bad_row(errors: list[str | None], refs: list[str], first_row: int = 0) -> BadRow | None:
    """The first row of a run that has an error; None where none has.

    Args:
        errors: of each row; None where it has a score.
        refs: of each row.
        first_row: the number of the first one in its job, from 0.
    """
    at = next((at for at, error in enumerate(errors) if error is not None), None)
    if at is None:
        return None
    row = first_row + at
    return BadRow(row, f"row {row + 1:,} (ref '{refs[at][:MAX_REF_CHARS]}'): {errors[at]}")
