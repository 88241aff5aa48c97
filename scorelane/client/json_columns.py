"""Converts the columns of a few rows to JSON values."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scorelane.client.cells import RefusedCell, cell_value, ref_value, text_value
from scorelane.client.errors import InvalidSource

_VALUES: dict[str, Callable[[Any], Any]] = {"ref": ref_value, "text": text_value}


def json_columns(rows: Any) -> dict[str, Any]:
    """Return columns as JSON values: `ref` and `text`, or all of them if there is no `text`.

    Args:
        rows: a mapping or a DataFrame; each column is a list, a Series, or a mapping from row
            numbers to values. A text that is no list is one row.

    Raises:
        InvalidSource: a value cannot be sent; the message names its row and column.
        TypeError: it has no columns.
    """
    if not isinstance(rows, Mapping) and not hasattr(rows, "columns"):
        raise TypeError(
            f"{type(rows).__name__} has no columns. Give a dict with the lists `ref` and `text`, "
            "or a DataFrame."
        )
    columns = {str(name): name for name in (rows if isinstance(rows, Mapping) else rows.columns)}
    # Without texts the service refuses the rows, and lists the columns.
    names = [name for name in columns if name in _VALUES or "text" not in columns]
    return {name: _column(name, rows[columns[name]]) for name in names}


def _column(name: str, values: Any) -> Any:
    if isinstance(values, Mapping):
        converted = _converted(name, values.values())
        return dict(zip(map(str, values), converted, strict=True))
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        return _converted(name, [values])[0]
    return _converted(name, values)


def _converted(name: str, values: Iterable[Any]) -> list[Any]:
    converted = []
    for row, value in enumerate(values, 1):
        try:
            converted.append(_VALUES.get(name, cell_value)(value))
            str(value).encode()
        except (RefusedCell, UnicodeEncodeError) as error:
            raise InvalidSource(f"Row {row} cannot be sent: in column '{name}', {error}.") from None
    return converted
