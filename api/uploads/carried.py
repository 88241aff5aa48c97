"""The columns of an upload that are carried through to the results."""

from collections.abc import Sequence
from typing import Protocol

from shared.errors.input import ColumnTaken, NoSuchColumn
from shared.signature import Output
from shared.tables.result_columns import ResultColumns

#: The names of the columns to carry through, in this order; None: all columns.
ColumnSelection = tuple[str, ...] | None


class CarryingOptions(Protocol):
    """Options that decide what is carried; `api.requests.options.JobOptions` has them."""

    @property
    def columns(self) -> ColumnSelection:
        """The names of the columns to carry through."""

    @property
    def ref_column(self) -> str | None:
        """The name of the column with the refs; None: `ref`, if it exists."""

    @property
    def label_column(self) -> str | None:
        """The name of the column with the labels; None: there is none."""


def carried_columns(
    options: CarryingOptions,
    columns: Sequence[str],
    outputs: tuple[Output, ...],
) -> tuple[str, ...]:
    """Return the names of the columns that are carried through, in the order of the results.

    Args:
        options: of the request. If it wants all columns, the one with the refs is left out, as
            every result has it.
        columns: the names of the columns of the upload, in its order.
        outputs: the outputs in the results.

    Raises:
        shared.errors.input.NoSuchColumn: a selected column does not exist.
        shared.errors.input.ColumnTaken: a selected column has the name of another column of
            the results.
    """
    if (label := options.label_column) is not None and label not in columns:
        found = ", ".join(columns) or "none"
        raise NoSuchColumn(column=label, found=found, option="label_column")
    selection = options.columns
    if selection is None:
        # Columns without a name, which spreadsheets add at the right edge, cannot be told apart.
        names = tuple(name for name in columns if name and name != (options.ref_column or "ref"))
    else:
        names = selection
    taken = ResultColumns(outputs).fixed
    for name in names:
        if name not in columns:
            raise NoSuchColumn(column=name, found=", ".join(columns) or "none", option="columns")
        if name in taken:
            raise ColumnTaken(column=name)
    return names
