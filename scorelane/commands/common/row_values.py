"""The values of a row on one line."""

from collections.abc import Mapping
from typing import Any

from scorelane.commands.common.harmless import one_line

#: The most values of a row that are shown, and the most characters of one.
MOST_VALUES, MOST_CHARS = 12, 60


def row_values(row: Mapping[str, Any]) -> str:
    """The values of a row, such as `age=3, name=Ann`."""
    pairs = [f"{name}={_value(value)}" for name, value in list(row.items())[:MOST_VALUES]]
    return one_line(", ".join([*pairs, "..."] if len(row) > MOST_VALUES else pairs))


def _value(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:MOST_CHARS]
