"""Columns as lists of Python's own values, which is what Python code takes."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from shared.tables.spans import Spans
from worker.tables.compiled_spans import strings


def list_of(column: Any) -> list[Any]:
    """The values of a list, an array, or a lazy column."""
    if isinstance(column, Spans):
        # Spans make their strings one by one, which takes five times as long.
        return strings(column)
    if isinstance(column, np.ndarray):
        return list(column.tolist())
    return column if isinstance(column, list) else list(column)


def lists_of(columns: Iterable[Any]) -> list[list[Any]]:
    """Each column as a list."""
    return list(map(list_of, columns))
