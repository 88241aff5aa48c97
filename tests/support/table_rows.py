"""Rows of a table, and what `TableModel` gives them."""

from typing import Any

from support.doubles.table_model import table_outputs

#: Rows with a missing value in each optional column.
ROWS: list[dict[str, Any]] = [
    {"age": 22.0, "sex": "male", "class": 3, "alive": True},
    {"age": None, "sex": "female", "class": 1, "alive": None},
    {"age": 4.5, "sex": "female", "class": 2, "alive": False},
]

#: What the model gives them.
EXPECTED = [table_outputs(*row.values()) for row in ROWS]
