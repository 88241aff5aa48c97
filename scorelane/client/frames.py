"""DataFrames, as uploads and as results. pandas is imported when a result is made into one."""

import re
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any

from scorelane.client.errors import ClientError

if TYPE_CHECKING:
    import pandas as pd

SCORE = "Sentiment_Score"

#: A cell that the service has escaped: quotes before what a spreadsheet would run as a formula.
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")

#: Rows that are rendered at once.
SLICE = 20_000


def is_pandas(source: Any) -> bool:
    """Whether it is a DataFrame of pandas'; pandas need not be there."""
    return hasattr(source, "to_csv") and hasattr(source, "iloc") and hasattr(source, "columns")


def is_polars(source: Any) -> bool:
    """Whether it is a DataFrame of polars'; polars need not be there."""
    return hasattr(source, "write_csv") and hasattr(source, "iter_rows")


def columns_to_send(
    frame: Any, text_column: str, ref_column: str | None, carried: list[str] | None
) -> list[Any]:
    """The columns of a frame that its job needs.

    Args:
        frame: of pandas or polars.
        text_column: the texts.
        ref_column: the references; None: `ref`, if there is one.
        carried: those that come back with the results; None: all.

    Raises:
        ValueError: one of them is not there.
    """
    there = {str(column): column for column in frame.columns}
    wanted = [text_column, *([ref_column] if ref_column else []), *(carried or [])]
    for column in wanted:
        if column not in there:
            raise ValueError(
                f"The frame has no column '{column}'. Its columns: {', '.join(there)}."
            )
    if carried is None:
        return list(frame.columns)
    wanted.append(ref_column or "ref")
    return [column for name, column in there.items() if name in wanted]


def csv_of(frame: Any, columns: list[Any]) -> Callable[[], Iterator[bytes]]:
    """These columns of a pandas frame as CSV, a slice at a time."""

    def runs() -> Iterator[bytes]:
        for begin in range(0, max(len(frame), 1), SLICE):
            rows = frame.iloc[begin : begin + SLICE][columns]
            # Lines end in CR LF, so that a cell with a lone CR is quoted too.
            text = rows.to_csv(index=False, header=begin == 0, lineterminator="\r\n")
            yield text.encode()

    return runs


def read_results(file: IO[bytes]) -> "pd.DataFrame":
    """The results in a CSV of the service: every cell as it was sent, scores as float64."""
    import pandas as pd  # noqa: PLC0415  heavy, and not there for every user

    missing = {SCORE: [""], "error": [""]}
    frame = pd.read_csv(file, dtype="str", keep_default_na=False, na_values=missing)
    frame = frame.rename(columns=unescape)
    # Not by read_csv, which may miss a float's last bit.
    frame[SCORE] = frame[SCORE].astype("float64")
    for column in frame.columns.difference([SCORE, "error"]):
        # What a spreadsheet would take for a formula has a quote before it in the CSV.
        quoted = frame[column].str.startswith("'")
        if quoted.any():
            frame.loc[quoted, column] = frame.loc[quoted, column].map(unescape)
    return frame


def unescape(cell: str) -> str:
    """Undo `shared.tables.csv_results.escape`, the service's protection against CSV injection."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def check_free(frame: Any) -> None:
    """See that scores can be joined to a frame.

    Raises:
        ValueError: it has such columns already.
        TypeError: it is no DataFrame of pandas'.
    """
    if not is_pandas(frame):
        raise TypeError(f"{type(frame).__name__} is no DataFrame of pandas.")
    for column in (SCORE, "error"):
        if column in frame.columns:
            raise ValueError(f"The frame has a column '{column}' already. Rename or drop it first.")


def joined(frame: "pd.DataFrame", results: "pd.DataFrame") -> "pd.DataFrame":
    """The frame with the scores and errors of its rows, which are in the same order."""
    if len(frame) != len(results):
        raise ClientError(f"{len(frame)} rows were sent, and {len(results)} came back.")
    return frame.assign(**{column: results[column].array for column in (SCORE, "error")})
