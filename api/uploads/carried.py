"""The columns of an upload that are carried through to the results."""

from collections.abc import Sequence

from shared.errors.input import ColumnTaken, NoSuchColumn
from shared.signature import Output
from shared.tables.result_columns import ResultColumns

#: The names of the columns to carry through, in this order; None: all columns.
ColumnSelection = tuple[str, ...] | None


def carried_columns(
    selection: ColumnSelection,
    columns: Sequence[str],
    ref_column: str | None,
    outputs: tuple[Output, ...],
) -> tuple[str, ...]:
    """Return the names of the columns that are carried through, in the order of the results.

    Args:
        selection: the option `columns`.
        columns: the names of the columns of the upload, in its order.
        ref_column: the name of the column with the refs, which `None` (all columns) leaves out, as
            every result has it; None: `ref`, if it exists.
        outputs: the outputs in the results.

    Raises:
        shared.errors.input.NoSuchColumn: a selected column does not exist.
        shared.errors.input.ColumnTaken: a selected column has the name of another column of
            the results.
    """
    if selection is None:
        # Columns without a name, which spreadsheets add at the right edge, cannot be told apart.
        names = tuple(name for name in columns if name and name != (ref_column or "ref"))
    else:
        names = selection
    taken = ResultColumns(outputs).fixed
    for name in names:
        if name not in columns:
            raise NoSuchColumn(column=name, found=", ".join(columns) or "none", option="columns")
        if name in taken:
            raise ColumnTaken(column=name)
    return names
