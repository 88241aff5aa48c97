"""Reads the schemas in an MLflow model: which columns it takes and gives."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from shared.signature import ColumnType, Input, Output

#: The types of MLflow's `ColSpec` -> ours. `integer` and `float` have 32 bits there.
_TYPES: dict[str, ColumnType] = {
    "boolean": "boolean",
    "integer": "long",
    "long": "long",
    "float": "double",
    "double": "double",
    "string": "string",
    "datetime": "datetime",
}

#: The first letters of the names of NumPy's dtypes in MLflow's `TensorSpec` -> ours.
_DTYPES: dict[str, ColumnType] = {
    "int": "long",
    "uint": "long",
    "float": "double",
    "bool": "boolean",
    "str": "string",
    "object": "string",
    "datetime64": "datetime",
}

#: The largest tensor whose columns are counted.
_MOST_COLUMNS = 10_000


def mlflow_inputs(schema: str | None) -> tuple[Input, ...]:
    """The columns that the schema `inputs` names; empty without a schema.

    Args:
        schema: JSON, as in an MLmodel file: a list of `ColSpec` or `TensorSpec`.

    Raises:
        ValueError: it has inputs that are no columns of a table; the message says which.
    """
    return tuple(
        Input(name=name, type=kind, required=required)
        for name, kind, required in _columns(_parsed(schema), "x")
    )


def mlflow_outputs(schema: str | None) -> tuple[Output, ...]:
    """The columns that the schema `outputs` names; empty without a schema.

    Raises:
        ValueError: it has outputs that are no columns of a table; the message says which.
    """
    specs = _parsed(schema)
    columns = _columns(specs, "prediction_")
    if len(columns) == 1 and not specs[0].get("name"):
        return (Output(name="prediction", type=columns[0][1]),)
    return tuple(Output(name=name, type=kind) for name, kind, _ in columns)


def narrow_types(schema: str | None) -> dict[str, str]:
    """The columns with numbers of 32 bits, by name: MLflow refuses wider ones for them."""
    dtypes = {"integer": "int32", "float": "float32"}
    return {
        _name(spec, place, "x"): dtypes[spec["type"]]
        for place, spec in enumerate(_parsed(schema))
        if spec.get("type") in dtypes
    }


def _parsed(schema: str | None) -> list[Mapping[str, Any]]:
    if not schema:
        return []
    found = json.loads(schema) if isinstance(schema, str) else schema
    if not isinstance(found, list) or not all(isinstance(spec, dict) for spec in found):
        raise ValueError("the signature in its MLmodel is no list of columns")
    return found


def _columns(specs: Sequence[Mapping[str, Any]], prefix: str) -> list[tuple[str, ColumnType, bool]]:
    """Name, type and whether it is required of each column."""
    columns: list[tuple[str, ColumnType, bool]] = []
    for place, spec in enumerate(specs):
        required = bool(spec.get("required", not spec.get("optional", False)))
        name = _name(spec, place, prefix)
        if spec.get("type") == "tensor":
            columns += [
                (one, kind, required) for one, kind in _of_tensor(spec, name, prefix, len(specs))
            ]
        elif (found := _TYPES.get(str(spec.get("type")))) is not None:
            columns.append((name, found, required))
        else:
            raise ValueError(
                f"its MLmodel has a column {name} of the type {spec.get('type')}, which is none of "
                f"{', '.join(_TYPES)}"
            )
    return columns


def _name(spec: Mapping[str, Any], place: int, prefix: str) -> str:
    name = spec.get("name")
    return f"{prefix}{place}" if name in (None, "") else str(name)


def _of_tensor(
    spec: Mapping[str, Any], name: str, prefix: str, specs: int
) -> list[tuple[str, ColumnType]]:
    """The columns of a tensor of n rows."""
    tensor = spec.get("tensor-spec", {})
    dtype, shape = str(tensor.get("dtype")), list(tensor.get("shape", []))
    kinds = [kind for start, kind in _DTYPES.items() if dtype.startswith(start)]
    width = 1 if len(shape) == 1 else shape[1] if len(shape) == 2 else 0
    if not kinds or shape[:1] != [-1] or not 1 <= width <= _MOST_COLUMNS:
        raise ValueError(
            f"its MLmodel has a tensor {name} ({dtype}, {shape}), which is no table: n rows, and a "
            "fixed number of columns"
        )
    if width == 1:
        return [(name, kinds[0])]
    start = prefix if specs == 1 and not spec.get("name") else f"{name}_"
    return [(f"{start}{place}", kinds[0]) for place in range(width)]
