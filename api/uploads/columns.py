"""Checks that the columns exist that a job names."""

from collections.abc import Collection

from shared.errors.input import NoSuchColumn


def require(found: Collection[str], text_column: str, ref_column: str | None) -> None:
    """Check that the text column and the ref column exist.

    Args:
        found: the names of all columns.
        text_column: the name of the column with the texts.
        ref_column: the name of the column with the refs; None: the job names none.

    Raises:
        shared.errors.input.NoSuchColumn: one of them does not exist.
    """
    for column, option in ((text_column, "text_column"), (ref_column, "ref_column")):
        if column is not None and column not in found:
            raise NoSuchColumn(column=column, found=", ".join(found) or "none", option=option)
