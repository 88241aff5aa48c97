"""What a cell of a row may hold, and the JSON value that it is sent as.

No value is sent as its `repr`: what is neither a text nor a plain value is refused.
"""

import datetime
import decimal
import math
import pathlib
import uuid
from collections.abc import Mapping
from typing import Any

#: Types whose `str` is the value as people write it.
_WRITTEN_AS_TEXT = (
    datetime.date,
    datetime.time,
    datetime.timedelta,
    decimal.Decimal,
    pathlib.PurePath,
    uuid.UUID,
)

#: Names of such types of pandas. Its others are subclasses of the standard library's types.
_PANDAS_TYPES = frozenset({"Period", "Interval"})

_BYTES_OF_A_DOUBLE = 8


class RefusedCell(ValueError):
    """A cell cannot be sent; the message describes its value and says what to do."""


def is_missing(value: Any) -> bool:
    """Whether a cell is empty: None, NaN, or the `NA` and `NaT` of pandas and NumPy."""
    if value is None:
        return True
    if isinstance(value, float):
        return math.isnan(value)
    if isinstance(value, decimal.Decimal):
        return value.is_nan()
    if _is_numpy_scalar(value):
        return value.dtype.kind in "fcmM" and bool(value != value)  # noqa: PLR0124  NaN alone
    return type(value).__name__ in {"NAType", "NaTType"}


def text_value(value: Any) -> Any:
    """Return the JSON value of a text; null if it is missing.

    Numbers and booleans stay what they are: the service reports them as errors of their rows.

    Raises:
        RefusedCell: it is of another type.
    """
    if isinstance(value, str):
        return value
    if is_missing(value):
        return None
    if isinstance(value, bool | int | float) or (
        _is_numpy_scalar(value) and value.dtype.kind in "biuf"
    ):
        return cell_value(value)
    raise not_a_text(value)


def number_value(value: Any) -> Any:
    """Return the JSON value of a number that a model takes, exactly; else that of `cell_value`.

    The shortest digits of a float32 would name another double, and a model would see that one.
    """
    if _is_numpy_scalar(value) and value.dtype.kind == "f":
        return cell_value(float(value))
    return cell_value(value)


def ref_value(value: Any) -> Any:
    """Return the JSON value of a reference; null if it is missing.

    Raises:
        RefusedCell: it is neither a text nor a number, date or the like.
    """
    if isinstance(value, Mapping | list | tuple) or _is_array(value):
        raise RefusedCell(f"the reference is of type {_kind(value)}. Use texts or numbers")
    return cell_value(value)


def cell_value(value: Any) -> Any:
    """Return the JSON value of a cell; null if it is missing.

    JSON has no infinite numbers and no dates: these become texts.

    Raises:
        RefusedCell: it has no JSON value.
    """
    if isinstance(value, str | bool | int) or is_missing(value):
        return None if is_missing(value) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(name): cell_value(one) for name, one in value.items()}
    if isinstance(value, list | tuple) or _is_array(value):
        return [cell_value(one) for one in value]
    return _plain_value(value)


def _plain_value(value: Any) -> Any:
    if _is_numpy_scalar(value) and value.dtype.kind in "biufmM":
        return _numpy_value(value)
    if isinstance(value, _WRITTEN_AS_TEXT) or type(value).__name__ in _PANDAS_TYPES:
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        raise RefusedCell(f"it is of type {_kind(value)}. Decode it first, as UTF-8 for example")
    raise RefusedCell(f"it is of type {_kind(value)}. Convert it to a text first")


def not_a_text(value: Any) -> RefusedCell:
    """Return the error for a value in the column of the texts that is not a text."""
    what = "Decode it" if isinstance(value, bytes | bytearray | memoryview) else "Convert it"
    return RefusedCell(
        f"the text is not a string but of type {_kind(value)}. {what} first: only texts are scored"
    )


def _numpy_value(value: Any) -> Any:
    if value.dtype.kind in "biu":
        return value.item()
    if value.dtype.kind == "f" and value.dtype.itemsize < _BYTES_OF_A_DOUBLE:
        # `item` would give the digits of the nearest double: 0.10000000149011612 for 0.1.
        return cell_value(float(str(value)))
    return str(value)


def _is_numpy_scalar(value: Any) -> bool:
    return type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()


def _is_array(value: Any) -> bool:
    return type(value).__module__ == "numpy" and hasattr(value, "tolist") and value.shape != ()


def _kind(value: Any) -> str:
    return type(value).__name__
