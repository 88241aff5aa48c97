"""Sends DataFrames and reads results as DataFrames.

pandas is imported only when results become a DataFrame: it is slow to import, and optional.
"""

import re
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any

from scorelane.client.errors import ClientError

if TYPE_CHECKING:
    import pandas as pd

SCORE = "Sentiment_Score"

#: How many rows of a frame are rendered as CSV at a time.
SLICE_ROWS = 20_000

#: An escaped cell: quotes in front of a character with which a spreadsheet begins a formula.
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def is_pandas(source: Any) -> bool:
    """Whether this is a DataFrame of pandas; works without pandas installed."""
    return hasattr(source, "to_csv") and hasattr(source, "iloc") and hasattr(source, "columns")


def is_polars(source: Any) -> bool:
    """Whether this is a DataFrame of polars; works without polars installed."""
    return hasattr(source, "write_csv") and hasattr(source, "iter_rows")


def columns_to_send(
    frame: Any, text_column: str, ref_column: str | None, carried: list[str] | None
) -> list[Any]:
    """Return the columns of a frame that its job needs, in the frame's order.

    Args:
        frame: of pandas or polars.
        text_column: the column of the texts.
        ref_column: the column of the references; None: `ref`, if the frame has it.
        carried: the columns to return with the results; None: all columns.

    Raises:
        ValueError: the frame lacks one of them.
    """
    by_name = {str(column): column for column in frame.columns}
    wanted = [text_column, *([ref_column] if ref_column else []), *(carried or [])]
    for name in wanted:
        if name not in by_name:
            raise ValueError(
                f"The frame has no column '{name}'. Its columns: {', '.join(by_name)}."
            )
    if carried is None:
        return list(frame.columns)
    wanted.append(ref_column or "ref")
    return [column for name, column in by_name.items() if name in wanted]


def csv_content(frame: Any, columns: list[Any]) -> Callable[[], Iterator[bytes]]:
    """Return a function that renders these columns of a pandas frame as CSV, slice by slice."""

    def chunks() -> Iterator[bytes]:
        for begin in range(0, max(len(frame), 1), SLICE_ROWS):
            rows = frame.iloc[begin : begin + SLICE_ROWS][columns]
            # With CR LF as line end, pandas also quotes cells that hold a lone CR.
            text = rows.to_csv(index=False, header=begin == 0, lineterminator="\r\n")
            yield text.encode()

    return chunks


def read_results(file: IO[bytes]) -> "pd.DataFrame":
    """Read a result CSV: scores as float64, every other cell as the string that was sent.

    Missing scores and errors are missing values.
    """
    import pandas as pd  # noqa: PLC0415  slow to import, and optional

    empty_is_missing = {SCORE: [""], "error": [""]}
    frame = pd.read_csv(file, dtype="str", keep_default_na=False, na_values=empty_is_missing)
    frame = frame.rename(columns=unescape)
    # `read_csv` would parse floats faster, but may get their last bit wrong.
    frame[SCORE] = frame[SCORE].astype("float64")
    for column in frame.columns.difference([SCORE, "error"]):
        quoted = frame[column].str.startswith("'")
        if quoted.any():
            frame.loc[quoted, column] = frame.loc[quoted, column].map(unescape)
    return frame


def unescape(cell: str) -> str:
    """Undo `shared.tables.csv_results.escape`, the service's protection against CSV injection."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def check_frame(frame: Any) -> None:
    """Check that scores can be added to a frame.

    Raises:
        ValueError: it has a column of scores or errors already.
        TypeError: it is not a DataFrame of pandas.
    """
    if not is_pandas(frame):
        raise TypeError(
            f"{type(frame).__name__} is not a DataFrame of pandas. Use `submit` for other sources."
        )
    for column in (SCORE, "error"):
        if column in frame.columns:
            raise ValueError(f"The frame has a column '{column}' already. Rename or drop it first.")


def with_scores(frame: "pd.DataFrame", results: "pd.DataFrame") -> "pd.DataFrame":
    """Return a copy of the frame with the columns of scores and errors.

    Args:
        frame: the rows that were sent.
        results: their results, in the same order.

    Raises:
        ClientError: the numbers of rows differ.
    """
    if len(frame) != len(results):
        raise ClientError(
            f"{len(frame)} rows were sent, but {len(results)} results came back. Score the frame "
            "again."
        )
    return frame.assign(**{column: results[column].array for column in (SCORE, "error")})
