"""Reads the example rows of `--example`, and tells the types of their columns."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from shared.errors.input import BadOption
from shared.signature import ColumnType, Input

_WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)

#: The most rows of a file that are read.
_MOST_ROWS = 1_000


def read_example(path: Path) -> pd.DataFrame:
    """The first rows of a CSV, TSV or Parquet file, with the dtypes that pandas finds.

    Raises:
        shared.errors.input.BadOption: it cannot be read, or has no rows.
    """
    try:
        if path.suffix.lower() == ".parquet":
            rows = pd.read_parquet(path).head(_MOST_ROWS)
        else:
            rows = _read_csv(path)
    # pandas and its parsers raise errors of many kinds.
    except (ValueError, OSError, ImportError) as error:
        raise BadOption(option="example", value=path, reason=_first_line(error)) from error
    if rows.empty:
        raise BadOption(option="example", value=path, reason="it has no rows")
    return rows


def example_inputs(rows: pd.DataFrame) -> dict[str, Input]:
    """The inputs that example rows show, by name, in the order of the columns.

    A column in which a value is missing is one that is not required. A column without any value
    shows no type, and is left out.
    """
    return {
        str(name): Input(
            name=str(name), type=_type_of(rows[name]), required=not rows[name].isna().any()
        )
        for name in rows.columns
        if rows[name].notna().any()
    }


def example_values(rows: pd.DataFrame, inputs: tuple[Input, ...]) -> dict[str, list[Any]]:
    """The values of the inputs in example rows; None where one is missing.

    Raises:
        shared.errors.input.BadOption: the example has no such column.
    """
    values = {}
    for one in inputs:
        if one.name not in rows.columns:
            reason = f"it has no column {one.name}, which the model was fitted to"
            raise BadOption(
                option="example", value=", ".join(map(str, rows.columns)), reason=reason
            )
        column = rows[one.name].astype(object)
        values[one.name] = [
            None if missing else value
            for value, missing in zip(column.tolist(), column.isna(), strict=True)
        ]
        if one.type == "string":
            values[one.name] = [None if value is None else str(value) for value in values[one.name]]
    return values


def _read_csv(path: Path) -> pd.DataFrame:
    """Read numbers and booleans as pandas does, and texts as they are written.

    pandas takes words such as "None" and "NA" for missing values, which are texts among texts.
    """
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    typed = pd.read_csv(path, sep=separator, nrows=_MOST_ROWS)
    plain = pd.read_csv(path, sep=separator, nrows=_MOST_ROWS, dtype=str, keep_default_na=False)
    for name in typed.columns:
        column = typed[name]
        if column.dtype.kind == "f" and plain[name][column.notna()].map(_is_whole).all():
            typed[name] = column.astype("Int64")
        elif column.dtype.kind not in "iufb" and _type_of(column) == "string":
            typed[name] = plain[name].where(plain[name] != "")
    return typed


def _is_whole(cell: str) -> bool:
    return _WHOLE.fullmatch(cell.strip()) is not None


def _type_of(column: "pd.Series[Any]") -> ColumnType:
    kinds = pd.api.types
    values = column.dropna()
    if kinds.is_bool_dtype(column.dtype) or (len(values) and values.map(_is_bool).all()):
        return "boolean"
    if kinds.is_datetime64_any_dtype(column.dtype):
        return "datetime"
    if kinds.is_integer_dtype(column.dtype):
        return "long"
    return "double" if kinds.is_numeric_dtype(column.dtype) else "string"


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
