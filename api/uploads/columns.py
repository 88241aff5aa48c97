"""The columns that a row is made of, by the names that a job gives them."""

from collections.abc import Collection

from shared.errors.input import NoSuchColumn


def require(found: Collection[str], text_column: str, ref_column: str | None) -> None:
    """See that the columns are there that were named.

    Args:
        found: the names of the columns there are.
        text_column: the name of the column with the texts.
        ref_column: the name of the column with the refs; None: none was named.

    Raises:
        shared.errors.input.NoSuchColumn: one of them is not there.
    """
    for column, option in ((text_column, "text_column"), (ref_column, "ref_column")):
        if column is not None and column not in found:
            raise NoSuchColumn(column=column, found=", ".join(found) or "none", option=option)
