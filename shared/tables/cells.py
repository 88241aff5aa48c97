"""Cells as they were sent, made into the values of a model's inputs.

A cell of a CSV is a string, one of JSON or Parquet any JSON value.
"""

import json
import re
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from shared.signature import Input
from shared.tables.json_values import Number
from shared.tables.typed_columns import Column, code_of, filler

#: The words that mean a missing value in a column that is not of texts: those of
#: `pandas.read_csv`. In a column of texts only an empty cell does.
MISSING_WORDS = frozenset(
    (
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND"),
        *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    )
)

#: The spellings of booleans, in lower case.
BOOLEANS = dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), 1) | dict.fromkeys(
    ("false", "f", "no", "n", "0", "0.0"), 0
)

#: Integers up to this size are exact as a double.
MAX_EXACT = 2**53

_KINDS = {
    "string": "a string",
    "double": "a number",
    "long": "a whole number",
    "boolean": "true or false",
    "datetime": "a date or time (ISO 8601)",
}
_BLANK = " \t"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FRACTION = re.compile(r"(?<=:\d\d:\d\d)\.(\d{1,9})(?!\d)", re.ASCII)

#: What a cell with an ordinary number is made of; `float` also takes underscores and names.
_PLAIN = b"0123456789+-.eE\n"

#: Half of a surrogate pair. JSON may hold one, UTF-8 may not.
_HALF = re.compile("[\ud800-\udfff]")


def parse_cells(
    column: Input, cells: Sequence[Any], max_text_chars: int, decimal: str = "."
) -> tuple[Column, dict[int, str]]:
    """Make the cells of an input into a column.

    Args:
        column: the input.
        cells: one for each row, as they were sent.
        max_text_chars: a longer text is an error.
        decimal: the decimal sign of numbers that are strings: `.` or `,`.

    Returns:
        The column, and the errors by the indexes of their rows; such a row has a filler.
    """
    if (column.type == "double" and (plain := _plain_numbers(cells, decimal)) is not None) or (
        column.type == "string"
        and (plain := _plain_texts(cells, max_text_chars, required=column.required)) is not None
    ):
        return plain, {}
    values, errors, fill = [], {}, filler(column)
    for row, cell in enumerate(cells):
        try:
            values.append(parse_cell(column, cell, max_text_chars, decimal))
        except ValueError as error:
            errors[row] = str(error)
            values.append(fill)
    return (values if column.type == "string" else array(code_of(column), values)), errors


def _plain_numbers(cells: Sequence[Any], decimal: str) -> Column | None:
    """The column, if all cells are ordinary numbers: a fast path."""
    kinds = set(map(type, cells))
    try:
        if kinds == {str}:
            text = "\n".join(cells)
            if decimal != ".":
                if "." in text:
                    return None
                text = text.replace(decimal, ".")
            if text.encode().translate(None, _PLAIN) or text.count("\n") != len(cells) - 1:
                return None
            found = array("d", map(float, text.split("\n")))
        elif kinds <= {int, float}:
            found = array("d", cells)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    # The sum of finite numbers may overflow; then they are looked at one by one.
    return found if isfinite(sum(found)) else None


def _plain_texts(cells: Sequence[Any], max_text_chars: int, *, required: bool) -> Column | None:
    """The column, if all cells are ordinary texts: a fast path."""
    if set(map(type, cells)) != {str}:
        return None
    lengths = set(map(len, cells))
    text = "".join(cells)
    if max(lengths) > max_text_chars or "\0" in text or not (text.isascii() or _is_whole(text)):
        return None
    if 0 not in lengths:
        return list(cells)
    return None if required else [cell or None for cell in cells]


def _is_whole(text: str) -> bool:
    return not _HALF.search(text)


def parse_cell(column: Input, cell: Any, max_text_chars: int, decimal: str = ".") -> Any:
    """The value of a cell, as an element of the input's column.

    Raises:
        ValueError: the cell has no such value; the message names the column and the value.
    """
    value: Any
    if column.type == "string":
        value = None if cell in (None, "") else _text(column.name, cell, max_text_chars)
    elif isinstance(cell, str):
        word = cell.strip(_BLANK)
        value = (
            None if word in MISSING_WORDS else _PARSERS[column.type](column, cell, word, decimal)
        )
    elif isinstance(cell, float) and cell != cell:  # noqa: PLR0124  NaN
        value = None
    else:
        value = None if cell is None else _FROM_JSON[column.type](column, cell)
    if value is None:
        if column.required:
            raise ValueError(f"{column.name} is missing")
        return filler(column)
    if column.type == "long" and not column.required and abs(value) > MAX_EXACT:
        # Beside missing values a long is a double.
        raise ValueError(f"{column.name} is too large to be exact: {_quoted(cell)}")
    return value


def _quoted(cell: Any) -> str:
    if isinstance(cell, str):
        shown = cell if len(cell) <= 40 else f"{cell[:40]}..."
        return f"'{shown.encode('utf-8', 'backslashreplace').decode()}'"
    if isinstance(cell, Number):
        return cell.text[:40]
    return json.dumps(cell)[:40]


def _is_not(column: Input, cell: Any) -> ValueError:
    return ValueError(f"{column.name} is not {_KINDS[column.type]}: {_quoted(cell)}")


def _text(name: str, cell: Any, max_text_chars: int) -> str:
    if not isinstance(cell, str):
        raise ValueError(f"{name} is not a string: {_quoted(cell)}")  # noqa: TRY004  of a row
    if problem := text_problem(cell, max_text_chars):
        raise ValueError(f"{name} has {problem}")
    return cell


def text_problem(text: str, max_text_chars: int) -> str | None:
    """What a text has that cannot be scored; None if it has nothing of the kind."""
    if len(text) > max_text_chars:
        return f"{len(text):,} characters; at most {max_text_chars:,} are scored"
    if "\0" in text:
        return f"a NUL character, at position {text.index(chr(0)) + 1}"
    if not text.isascii() and (half := _HALF.search(text)):
        sign = f"\\u{ord(half[0]):04x}"
        return f"half of a character ({sign}), at position {half.start() + 1}"
    return None


def _number_text(column: Input, cell: str, word: str, decimal: str) -> str:
    """The digits of a number, with a point for the decimal sign."""
    if decimal != ".":
        # A point would be a thousands separator, and 1.234 a thousand times as much.
        word = "" if "." in word else word.replace(decimal, ".")
    if not _NUMBER.fullmatch(word):
        raise _is_not(column, cell)
    return word


def _double_in(column: Input, cell: str, word: str, decimal: str) -> float:
    value = float(_number_text(column, cell, word, decimal))
    if not isfinite(value):
        raise ValueError(f"{column.name} is too large: {_quoted(cell)}")
    return value


def _long_in(column: Input, cell: str, word: str, decimal: str) -> int:
    text = _number_text(column, cell, word, decimal)
    whole, _, fraction = text.partition(".")
    if not fraction.strip("0") and not whole.strip("+-").strip("0123456789") and whole.strip("+-"):
        return _in_64_bits(column, cell, int(whole) if len(whole) < 25 else 2**64)
    value = float(text)
    if not value.is_integer() or abs(value) > MAX_EXACT:
        raise _is_not(column, cell)
    return int(value)


def _in_64_bits(column: Input, cell: Any, value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{column.name} is too large: {_quoted(cell)}")
    return value


def _boolean_in(column: Input, cell: str, word: str, _decimal: str) -> int:
    found = BOOLEANS.get(word.lower())
    if found is None:
        raise _is_not(column, cell)
    return found


def _time_in(column: Input, cell: str, word: str, _decimal: str) -> int:
    # Python reads six digits of a second, and would drop further ones.
    fraction = _FRACTION.search(word)
    whole = word.replace(fraction[0], "", 1) if fraction else word
    if "." in whole or "," in whole:
        raise _is_not(column, cell)
    try:
        time = datetime.fromisoformat(whole)
    except ValueError:
        raise _is_not(column, cell) from None
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    nanoseconds = int(fraction[1].ljust(9, "0")) if fraction else 0
    seconds = int((time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    return _in_64_bits(column, cell, seconds * 10**9 + nanoseconds)


_PARSERS = {"double": _double_in, "long": _long_in, "boolean": _boolean_in, "datetime": _time_in}


def _double_of(column: Input, cell: Any) -> float:
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        raise _is_not(column, cell)
    try:
        value = float(cell)
    except OverflowError:
        value = float("inf")
    if not isfinite(value):
        raise ValueError(f"{column.name} is too large: {_quoted(cell)}")
    return value


def _long_of(column: Input, cell: Any) -> int:
    if type(cell) is int:
        return _in_64_bits(column, cell, cell)
    if not isinstance(cell, float) or not cell.is_integer() or abs(cell) > MAX_EXACT:
        raise _is_not(column, cell)
    return int(cell)


def _boolean_of(column: Input, cell: Any) -> int:
    if not isinstance(cell, (bool, int, float)) or cell not in (0, 1):
        raise _is_not(column, cell)
    return int(cell)


def _time_of(column: Input, cell: Any) -> int:
    raise _is_not(column, cell)


_FROM_JSON = {
    "double": _double_of,
    "long": _long_of,
    "boolean": _boolean_of,
    "datetime": _time_of,
}
