"""Sends DataFrames and reads results as DataFrames.

pandas is imported only when results become a DataFrame: it is slow to import, and optional.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any

from scorelane.client.cells import RefusedCell, cell_value, is_missing, not_a_text, ref_value
from scorelane.client.errors import ClientError, InvalidSource
from scorelane.client.frame_hint import as_frame_hint

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

SCORE = "Sentiment_Score"

#: The first columns of a result CSV, and the positions of two of them.
_RESULT_COLUMNS = ["ref", SCORE, "error"]
_SCORE_AT, _ERROR_AT = 1, 2

#: How many rows of a frame are rendered as CSV at a time.
SLICE_ROWS = 20_000

#: How many names of columns an error lists.
MAX_NAMES = 30

#: An escaped cell: quotes in front of a character with which a spreadsheet begins a formula.
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def is_pandas(source: Any) -> bool:
    """Whether this is a DataFrame of pandas; works without pandas installed."""
    return hasattr(source, "to_csv") and hasattr(source, "iloc") and hasattr(source, "columns")


def is_polars(source: Any) -> bool:
    """Whether this is a DataFrame of polars; works without polars installed."""
    return hasattr(source, "write_csv") and hasattr(source, "iter_rows")


def columns_to_send(
    labels: Iterable[Any], text_column: Any, ref_column: Any | None, carried: list[Any] | None
) -> dict[int, str]:
    """Choose the columns of a frame that its job needs, in the frame's order.

    A column is found by its label, or by the string of its label.

    Args:
        labels: the labels of all columns.
        text_column: the column of the texts.
        ref_column: the column of the references; None: `ref`, if the frame has it.
        carried: the columns to return with the results; None: all columns.

    Returns:
        Position of a column -> name that it is sent under.

    Raises:
        InvalidSource: the frame lacks one of them, or the name of one is not unique.
    """
    found = list(labels)
    wanted = [text_column, *([] if ref_column is None else [ref_column]), *(carried or [])]
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
    by_label = [at for at, label in enumerate(labels) if type(label) is type(name)]
    by_label = [at for at in by_label if labels[at] == name]
    found = by_label or [at for at, label in enumerate(labels) if str(label) == str(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidSource(
            f"The frame has {len(found)} columns named '{name}'. Rename them first."
        )
    names = ", ".join(str(label) for label in labels[:MAX_NAMES])
    more = f" and {len(labels) - MAX_NAMES} more" if len(labels) > MAX_NAMES else ""
    known = f"Its columns: {names}{more}." if labels else "It has no columns."
    raise InvalidSource(f"The frame has no column '{name}'. {known}")


def csv_content(
    frame: Any, columns: Mapping[int, str], text_column: str, ref_column: str
) -> Callable[[], Iterator[bytes]]:
    """Check the cells of a pandas frame, and return a function that renders them as CSV.

    The function yields the CSV slice by slice. All cells are checked first, so that nothing is sent
    of a frame that cannot be sent as a whole.

    Args:
        frame: the frame.
        columns: positions of the columns, and the names that they are sent under.
        text_column: the name that the texts are sent under.
        ref_column: the name that the references are sent under.

    Raises:
        InvalidSource: a cell is no text or plain value. The iterator raises it too, for half of a
            surrogate pair, which is found only when it is encoded.
    """
    checks = {ref_column: ref_value, text_column: _frame_text}

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
        return column
    cells = column.astype(object)
    known = _KINDS_OF_TEXTS if check is _frame_text else _KINDS_OF_CELLS
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
    value = cell_value(cell)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _not_unicode(rows: Any, first_row: int) -> InvalidSource:
    """Return the error for the first cell that holds half of a surrogate pair."""
    for name in rows.columns:
        for row, cell in enumerate(rows[name], first_row + 1):
            try:
                str(cell).encode()
            except UnicodeEncodeError as error:
                return InvalidSource(f"Row {row} cannot be sent: in column '{name}', {error}.")
    return InvalidSource("The name of a column cannot be sent: it is not valid Unicode.")


def read_results(file: IO[bytes]) -> "pd.DataFrame":
    """Read a result CSV: scores as float64, every other cell as the string that was sent.

    Missing scores and errors are missing values.

    Raises:
        ClientError: it is not a result CSV.
    """
    import pandas as pd  # noqa: PLC0415  slow to import, and optional

    # The header is read as a row, because pandas would rename columns: those without a name, and
    # all but the first of the same name.
    table = pd.read_csv(file, dtype="str", header=None, na_filter=False)
    names = [unescape(name) for name in table.iloc[0]]
    if names[: len(_RESULT_COLUMNS)] != _RESULT_COLUMNS:
        raise ClientError(f"These are not results: they begin with {','.join(names)[:80]!r}.")
    frame = table.iloc[1:].reset_index(drop=True)
    for position in frame:
        column = frame[position]
        if position == _SCORE_AT:
            # `read_csv` would parse floats faster, but may get their last bit wrong.
            frame[position] = column.where(column != "").astype("float64")
        elif position == _ERROR_AT:
            frame[position] = column.where(column != "")
        elif (quoted := column.str.startswith("'")).any():
            frame[position] = column.where(~quoted, column.map(unescape))
    frame.columns = names
    return frame


def unescape(cell: str) -> str:
    """Undo `shared.tables.csv_results.escape`, the service's protection against CSV injection."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def check_frame(frame: Any) -> None:
    """Check that scores can be added to a frame.

    Raises:
        InvalidSource: it has a column of scores or errors already.
        TypeError: it is not a DataFrame of pandas or polars.
    """
    if not (is_pandas(frame) or is_polars(frame)):
        raise TypeError(
            f"{type(frame).__name__} is not a DataFrame of pandas or polars{as_frame_hint(frame)}. "
            "Use `submit` for other sources."
        )
    for column in (SCORE, "error"):
        if column in frame.columns:
            raise InvalidSource(
                f"The frame has a column '{column}' already. Rename or drop it first."
            )


def with_scores(frame: Any, file: IO[bytes]) -> Any:
    """Return a copy of the frame with the columns of scores and errors.

    Args:
        frame: the rows that were sent, of pandas or polars.
        file: their result CSV, in the same order.

    Raises:
        ClientError: the numbers of rows differ.
    """
    added: Any = _polars_results(file) if is_polars(frame) else read_results(file).iloc[:, 1:3]
    if len(frame) != len(added):
        raise ClientError(
            f"{len(frame)} rows were sent, but {len(added)} results came back. Score the frame "
            "again."
        )
    if is_polars(frame):
        return frame.with_columns(added.get_columns())
    scored, levels = frame.copy(), frame.columns.nlevels
    for name in (SCORE, "error"):
        # The label of a column has a part for each level.
        scored[name if levels == 1 else (name, *[""] * (levels - 1))] = added[name].array
    return scored


def _polars_results(file: IO[bytes]) -> "pl.DataFrame":
    """Read the scores and errors of a result CSV; pandas need not be installed."""
    import polars as pl  # noqa: PLC0415  it is imported already, as the frame is one of its own

    names = [SCORE, "error"]
    read = pl.read_csv(file.read(), columns=[_SCORE_AT, _ERROR_AT], infer_schema_length=0)
    return read.rename(dict(zip(read.columns, names, strict=True))).cast({SCORE: pl.Float64})
