"""Which columns of an upload are carried through to the results."""

from collections.abc import Sequence

from shared.errors.input import ColumnTaken, NoSuchColumn
from shared.tables.csv_results import FIXED

#: The columns that were asked for, in their order; None: all there are.
Asked = tuple[str, ...] | None


def carried_columns(asked: Asked, found: Sequence[str], ref_column: str | None) -> tuple[str, ...]:
    """The names of the columns that are carried through, in the order of the results.

    Args:
        asked: what was asked for.
        found: the names of the columns there are, in the upload's order.
        ref_column: the name of the column with the refs, which every result has anyway; None:
            `ref` if there is one.

    Raises:
        shared.errors.input.NoSuchColumn: one was asked for that is not there.
        shared.errors.input.ColumnTaken: one is called like a column that every result has.
    """
    if asked is None:
        # What has no name, as a spreadsheet leaves it at its right edge, could not be told apart.
        names = tuple(name for name in found if name and name != (ref_column or "ref"))
    else:
        names = asked
    for name in names:
        if name not in found:
            raise NoSuchColumn(column=name, found=", ".join(found) or "none", option="columns")
        if name in FIXED:
            raise ColumnTaken(column=name)
    return names
