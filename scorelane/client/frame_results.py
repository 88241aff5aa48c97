"""Reads results as DataFrames, with the types of the model's outputs.

pandas is imported only when results become a DataFrame: it is slow to import, and optional.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any

from scorelane.client.errors import ClientError, InvalidSource
from scorelane.client.frame_hint import as_frame_hint
from scorelane.client.frames import is_pandas, is_polars
from scorelane.client.signature import SENTIMENT, Column

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

#: The first column of a result CSV, and the one after the outputs.
_REF, _ERROR = "ref", "error"

#: How the header of results begins that have the sentiment score and nothing else.
_SENTIMENT = re.compile(rb"ref,Sentiment_Score,error[,\r\n]")

#: An escaped cell: quotes in front of a character with which a spreadsheet begins a formula.
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def unescape(cell: str) -> str:
    """Undo `shared.tables.csv_results.escape`, the service's protection against CSV injection."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def empty_results(outputs: Iterable[Column]) -> bytes:
    """The result CSV of no rows."""
    line = io.StringIO()
    csv.writer(line).writerow([_REF, *(one.name for one in outputs), _ERROR])
    return line.getvalue().encode()


def has_only_scores(file: IO[bytes]) -> bool:
    """Whether a result CSV has the sentiment score as its only output; reads from its start."""
    file.seek(0)
    line = file.readline()
    file.seek(0)
    return bool(_SENTIMENT.match(line.removeprefix(codecs.BOM_UTF8)))


def check_frame(frame: Any, outputs: Iterable[str] = ()) -> None:
    """Check that results can be added to a frame.

    Args:
        frame: the frame.
        outputs: the names of the outputs, as far as they are known.

    Raises:
        InvalidSource: it has a column of that name, or one of errors, already.
        TypeError: it is not a DataFrame of pandas or polars.
    """
    if not (is_pandas(frame) or is_polars(frame)):
        raise TypeError(
            f"{type(frame).__name__} is not a DataFrame of pandas or polars{as_frame_hint(frame)}. "
            "Use `submit` for other sources."
        )
    for column in (*outputs, _ERROR):
        if column in frame.columns:
            raise InvalidSource(
                f"The frame has a column '{column}' already. Rename or drop it first."
            )


def with_results(frame: Any, file: IO[bytes], outputs: Sequence[Column] = SENTIMENT.outputs) -> Any:
    """Return a copy of the frame with the columns of the outputs and the errors.

    Args:
        frame: the rows that were sent, of pandas or polars.
        file: their result CSV, in the same order.
        outputs: the outputs in it.

    Raises:
        ClientError: the numbers of rows differ, or it is not a CSV of these outputs.
        InvalidSource: the frame has a column of one of these names already.
    """
    names = [*(one.name for one in outputs), _ERROR]
    check_frame(frame, names)
    added: Any
    if is_polars(frame):
        added = _polars_results(file, outputs)
    else:
        added = read_results(file, outputs).iloc[:, 1 : 1 + len(names)]
    if len(frame) != len(added):
        raise ClientError(
            f"{len(frame)} rows were sent, but {len(added)} results came back. Score the frame "
            "again."
        )
    if is_polars(frame):
        return frame.with_columns(added.get_columns())
    scored, levels = frame.copy(), frame.columns.nlevels
    for name in names:
        # The label of a column has a part for each level.
        scored[name if levels == 1 else (name, *[""] * (levels - 1))] = added[name].array
    return scored


def read_results(file: IO[bytes], outputs: Sequence[Column] = SENTIMENT.outputs) -> "pd.DataFrame":
    """Read a result CSV: outputs with their types, every other cell as the string that was sent.

    Missing outputs and errors are missing values. A `double` is float64, a `long` int64, and a
    `boolean` bool; with missing values the latter two are pandas' `Int64` and `boolean`.

    Raises:
        ClientError: it is not a CSV of these outputs.
    """
    import pandas as pd  # noqa: PLC0415  slow to import, and optional

    # The header is read as a row, because pandas would rename columns: those without a name, and
    # all but the first of the same name.
    table = pd.read_csv(file, dtype="str", header=None, na_filter=False)
    names = [unescape(name) for name in table.iloc[0]]
    _check_header(names, outputs)
    frame = table.iloc[1:].reset_index(drop=True)
    errors = frame[len(outputs) + 1]
    # Of a text, an empty cell may be the value.
    has_outputs = errors == ""
    for position, column in enumerate([frame[label] for label in frame]):
        if 1 <= position <= len(outputs):
            frame[position] = _typed(column, outputs[position - 1], has_outputs)
        elif position == len(outputs) + 1:
            frame[position] = errors.where(~has_outputs)
        else:
            frame[position] = _unescaped(column)
    frame.columns = names
    return frame


def _check_header(names: Sequence[str], outputs: Sequence[Column]) -> None:
    expected = [_REF, *(one.name for one in outputs), _ERROR]
    if list(names[: len(expected)]) != expected:
        raise ClientError(f"These are not results: they begin with {','.join(names)[:80]!r}.")


def _unescaped(column: "pd.Series[Any]") -> "pd.Series[Any]":
    if (quoted := column.str.startswith("'")).any():
        return column.where(~quoted, column.map(unescape))
    return column


def _typed(
    column: "pd.Series[Any]", output: Column, has_outputs: "pd.Series[Any]"
) -> "pd.Series[Any]":
    """Convert the cells of an output.

    Args:
        column: the cells, as they are in the CSV.
        output: its name and type.
        has_outputs: of which rows the cells are values.

    Raises:
        ClientError: they are not of this type.
    """
    try:
        match output.type:
            case "double":
                # `read_csv` would parse floats faster, but may get their last bit wrong.
                return column.where(column != "").astype("float64")
            case "long":
                return _with_gaps(column.where(has_outputs, "0").astype("int64"), has_outputs)
            case "boolean":
                is_true, is_false = column == "true", column == "false"
                if not (is_true | is_false | ~has_outputs).all():
                    raise _not_of_type(output, "neither true nor false")
                return _with_gaps(is_true.astype("bool"), has_outputs)
    except ValueError as error:
        raise _not_of_type(output, str(error)) from error
    return _unescaped(column).where(has_outputs)


def _with_gaps(values: "pd.Series[Any]", filled: "pd.Series[Any]") -> "pd.Series[Any]":
    if filled.all():
        return values
    # The nullable types, so that a long beyond 2^53 stays what it is.
    nullable: Any = {"int64": "Int64", "bool": "boolean"}[str(values.dtype)]
    return values.astype(nullable).where(filled)


def _not_of_type(output: Column, reason: str) -> ClientError:
    return ClientError(
        f"The results cannot be read: the column '{output.name}' is not of the type {output.type}: "
        f"{reason[:200]}"
    )


def _polars_results(file: IO[bytes], outputs: Sequence[Column]) -> "pl.DataFrame":
    """Read the outputs and errors of a result CSV; pandas need not be installed."""
    import polars as pl  # noqa: PLC0415  it is imported already, as the frame is one of its own

    read = pl.read_csv(
        file.read(),
        columns=list(range(len(outputs) + 2)),
        infer_schema_length=0,
    )
    _check_header([unescape(name) for name in read.columns], outputs)
    read = read.rename(dict(zip(read.columns, [f"c{at}" for at in range(read.width)], strict=True)))
    error = pl.col(f"c{len(outputs) + 1}")
    # polars reads an empty cell as null; of a text it may be the value.
    columns = []
    for at, output in enumerate(outputs, 1):
        cell = pl.col(f"c{at}")
        match output.type:
            case "double":
                columns.append(cell.cast(pl.Float64))
            case "long":
                columns.append(cell.cast(pl.Int64))
            case "boolean":
                columns.append(
                    cell.replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean)
                )
            case _:
                is_escaped = cell.str.contains(f"^{_ESCAPED.pattern}")
                text = pl.when(is_escaped).then(cell.str.slice(1)).otherwise(cell)
                columns.append(pl.when(error.is_null()).then(text.fill_null("")))
        columns[-1] = columns[-1].alias(output.name)
    columns.append(error.alias(_ERROR))
    try:
        return read.select(columns)
    except pl.exceptions.PolarsError as problem:
        raise ClientError(f"The results cannot be read: {problem}") from problem
