"""The values of an input of a model, one for each row: typed columns without NumPy."""

from array import array
from datetime import UTC, datetime, timedelta
from math import nan
from typing import TYPE_CHECKING, Any, TypeAlias

from shared.signature import Input
from shared.tables.spans import Coded, Texts

#: The values of an input, one for each row. A `string` is a list, with None for a missing value.
#: The others are arrays: `double` "d", with NaN for a missing value; `long` "q", or "d" if it is
#: not required; `boolean` "b", with -1; `datetime` "q", nanoseconds since 1970 in UTC, with
#: `NO_TIME`.
if TYPE_CHECKING:
    Column: TypeAlias = list[str | None] | Texts | Coded | array[Any]
else:
    # Python 3.11 cannot subscript `array`.
    Column = list | Texts | Coded | array

#: A missing time: what NumPy calls NaT.
NO_TIME = -(2**63)

_CODES = {"double": "d", "long": "q", "boolean": "b", "datetime": "q"}


def code_of(column: Input) -> str:
    """The type code of the array for an input that is not a string."""
    is_inexact = column.type == "long" and not column.required
    return "d" if is_inexact else _CODES[column.type]


def empty_column(column: Input) -> Column:
    """A column without rows."""
    return [] if column.type == "string" else array(code_of(column))


def filler(column: Input) -> Any:
    """What stands in a column in place of a value that is missing, or that cannot be read."""
    if column.type == "string":
        return None
    return {"d": nan, "b": -1, "q": NO_TIME if column.type == "datetime" else 0}[code_of(column)]


def value_at(column: Input, values: Column, row: int) -> Any:
    """The value of a row as JSON: None if it is missing, ISO 8601 in UTC for a time."""
    value: Any = values[row]
    match column.type:
        case "datetime":
            if value == NO_TIME:
                return None
            seconds, nanoseconds = divmod(value, 10**9)
            time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
            fraction = f".{nanoseconds:09}".rstrip("0") if nanoseconds else ""
            return f"{time:%Y-%m-%dT%H:%M:%S}{fraction}Z"
        case "boolean":
            return None if value < 0 else bool(value)
        case "long" | "double":
            if value != value:  # noqa: PLR0124  NaN
                return None
            return int(value) if column.type == "long" else value
        case _:
            return value
