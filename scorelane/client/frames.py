"""Sends DataFrames: which of their columns, and pandas' cells as CSV."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from scorelane.client.cells import (
    RefusedCell,
    cell_value,
    is_missing,
    not_a_text,
    number_value,
    ref_value,
)
from scorelane.client.errors import InvalidSource

if TYPE_CHECKING:
    import pandas as pd

#: How many rows of a frame are rendered as CSV at a time.
SLICE_ROWS = 20_000

#: How many names of columns an error lists.
MAX_NAMES = 30


def is_pandas(source: Any) -> bool:
    """Whether this is a DataFrame of pandas; works without pandas installed."""
    return hasattr(source, "to_csv") and hasattr(source, "iloc") and hasattr(source, "columns")


def is_polars(source: Any) -> bool:
    """Whether this is a DataFrame of polars; works without polars installed."""
    return hasattr(source, "write_csv") and hasattr(source, "iter_rows")


def columns_to_send(
    labels: Iterable[Any], inputs: Iterable[Any], ref_column: Any | None, carried: list[Any] | None
) -> dict[int, str]:
    """Choose the columns of a frame that its job needs, in the frame's order.

    A column is found by its label, or by the string of its label.

    Args:
        labels: the labels of all columns.
        inputs: the columns that the model takes.
        ref_column: the column of the references; None: `ref`, if the frame has it.
        carried: the columns to return with the results; None: all columns.

    Returns:
        Position of a column -> name that it is sent under.

    Raises:
        InvalidSource: the frame lacks one of them, or the name of one is not unique.
    """
    found = list(labels)
    wanted = [*inputs, *([] if ref_column is None else [ref_column]), *(carried or [])]
    if missing := [name for name in wanted if not _positions(found, name)]:
        raise _missing(found, missing)
    positions = [_position(found, name) for name in wanted]
    if ref_column is None and "ref" in map(str, found):
        positions.append(_position(found, "ref"))
    if carried is None:
        positions = list(range(len(found)))
    chosen = {position: str(found[position]) for position in sorted(set(positions))}
    for name, count in Counter(chosen.values()).items():
        if count > 1:
            raise InvalidSource(f"The frame has {count} columns named '{name}'. Rename them first.")
    return chosen


def _position(labels: list[Any], name: Any) -> int:
    found = _positions(labels, name)
    if len(found) > 1:
        raise InvalidSource(
            f"The frame has {len(found)} columns named '{name}'. Rename them first."
        )
    return found[0]


def _positions(labels: list[Any], name: Any) -> list[int]:
    by_label = [at for at, label in enumerate(labels) if type(label) is type(name)]
    by_label = [at for at in by_label if labels[at] == name]
    return by_label or [at for at, label in enumerate(labels) if str(label) == str(name)]


def _missing(labels: list[Any], names: list[Any]) -> InvalidSource:
    """Return the error that a frame lacks columns; it suggests those with almost the same name."""
    quoted = ", ".join(f"'{name}'" for name in names[:MAX_NAMES])
    found = ", ".join(str(label) for label in labels[:MAX_NAMES])
    more = f" and {len(labels) - MAX_NAMES} more" if len(labels) > MAX_NAMES else ""
    known = f"Its columns: {found}{more}." if labels else "It has no columns."
    renamed = {}
    for name in names:
        alike = [str(label) for label in labels if _plain(label) == _plain(name)]
        if len(alike) == 1:
            renamed[alike[0]] = str(name)
    hint = f" If these are meant, give rename={renamed}." if renamed else ""
    return InvalidSource(
        f"The frame has no column{'s' if len(names) > 1 else ''} {quoted}. {known}{hint}"
    )


def _plain(label: Any) -> str:
    """A label without what often differs between two names of the same thing."""
    return "".join(sign for sign in str(label).casefold() if sign.isalnum())


def csv_content(
    frame: Any, columns: Mapping[int, str], inputs: Mapping[str, str], ref_column: str
) -> Callable[[], Iterator[bytes]]:
    """Check the cells of a pandas frame, and return a function that renders them as CSV.

    The function yields the CSV slice by slice. All cells are checked first, so that nothing is sent
    of a frame that cannot be sent as a whole.

    Args:
        frame: the frame.
        columns: positions of the columns, and the names that they are sent under.
        inputs: the names that the columns of the model are sent under, each with its type.
        ref_column: the name that the references are sent under.

    Raises:
        InvalidSource: a cell is no text or plain value. The iterator raises it too, for half of a
            surrogate pair, which is found only when it is encoded.
    """
    checks: dict[str, Callable[[Any], Any]] = {ref_column: ref_value}
    for name, kind in inputs.items():
        checks[name] = _CHECKS.get(kind, _frame_cell)

    def checked_rows(begin: int) -> Any:
        # A shallow copy, so that its columns can be replaced.
        rows = frame.iloc[begin : begin + SLICE_ROWS, list(columns)].copy(deep=False)
        rows.columns = list(columns.values())
        for name in rows.columns:
            column = rows[name]
            checked = _checked(column, checks.get(name, _frame_cell), begin, name)
            if checked is not column:
                rows[name] = checked
        return rows

    def chunks() -> Iterator[bytes]:
        for begin in range(0, max(len(frame), 1), SLICE_ROWS):
            rows = checked_rows(begin)
            # With CR LF as line end, pandas also quotes cells that hold a lone CR.
            text = rows.to_csv(index=False, header=begin == 0, lineterminator="\r\n")
            try:
                yield text.encode()
            except UnicodeEncodeError:
                raise _not_unicode(rows, begin) from None

    for begin in range(0, len(frame), SLICE_ROWS):
        checked_rows(begin)
    return chunks


def _checked(
    column: "pd.Series[Any]", check: Callable[[Any], Any], first_row: int, name: str
) -> Any:
    """Return a column of which each cell can be written to a CSV.

    Args:
        column: a slice of a column.
        check: returns the value to write for a cell, or raises `RefusedCell`.
        first_row: the position of the slice in the frame.
        name: the name of the column.

    Raises:
        InvalidSource: a cell cannot be sent.
    """
    import pandas as pd  # noqa: PLC0415  it is imported already, as the column is one of its own

    if isinstance(column.dtype, pd.StringDtype):
        return column
    if check is not _frame_text and column.dtype.kind in "biufM":
        is_inexact = column.dtype.kind == "f" and column.dtype != "float64"
        # The shortest digits of a float32 would name another double, and the model would see that.
        return column.astype("float64") if is_inexact and check is _frame_number else column
    cells = column.astype(object)
    known = _KNOWN.get(check, _KINDS_OF_CELLS)
    if pd.api.types.infer_dtype(cells, skipna=True) in known:
        return column
    checked = []
    for row, cell in enumerate(cells, 1):
        try:
            checked.append(check(cell))
        except RefusedCell as error:
            index = f" (index {column.index[row - 1]!r})"
            raise InvalidSource(
                f"Row {first_row + row}{index} cannot be sent: in column '{name}', {error}."
            ) from None
    return pd.Series(checked, index=column.index, dtype=object)


#: What `pandas.api.types.infer_dtype` calls columns of texts, and of plain values.
_KINDS_OF_TEXTS = frozenset({"string", "empty"})
_KINDS_OF_CELLS = _KINDS_OF_TEXTS | {
    "integer",
    "floating",
    "mixed-integer-float",
    "decimal",
    "boolean",
    "datetime64",
    "datetime",
    "date",
}


def _frame_text(cell: Any) -> Any:
    # In a CSV a number would become a text, so it is refused here.
    if isinstance(cell, str) or is_missing(cell):
        return cell
    raise not_a_text(cell)


def _frame_cell(cell: Any) -> Any:
    return _in_csv(cell_value(cell))


def _frame_number(cell: Any) -> Any:
    return _in_csv(number_value(cell))


def _in_csv(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


#: Type of an input -> the function that gives the value to write for a cell.
_CHECKS: dict[str, Callable[[Any], Any]] = {
    "string": _frame_text,
    "double": _frame_number,
    "long": _frame_number,
}

#: The kinds of columns whose cells need no look, where that depends on the function that checks
#: them. A column of objects with numbers may hold some of float32.
_KNOWN: dict[Any, frozenset[str]] = {
    _frame_text: _KINDS_OF_TEXTS,
    _frame_number: _KINDS_OF_CELLS - {"floating", "mixed-integer-float"},
}


def _not_unicode(rows: Any, first_row: int) -> InvalidSource:
    """Return the error for the first cell that holds half of a surrogate pair."""
    for name in rows.columns:
        for row, cell in enumerate(rows[name], first_row + 1):
            try:
                str(cell).encode()
            except UnicodeEncodeError as error:
                return InvalidSource(f"Row {row} cannot be sent: in column '{name}', {error}.")
    return InvalidSource("The name of a column cannot be sent: it is not valid Unicode.")
