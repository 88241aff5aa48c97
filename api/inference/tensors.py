"""The tensors of the Open Inference Protocol: one for each column, as lists of cells."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from shared.errors.input import BadInferenceBody
from shared.signature import INFERENCE_TYPES, ColumnType, Input
from shared.tables.cells import MAX_EXACT
from shared.tables.json_values import decode_values, kind_of

PROTOCOL = "the Open Inference Protocol"

_INTEGERS = frozenset(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
_FLOATS = frozenset(("FP16", "FP32", "FP64"))

#: The datatypes of the tensors that a column may come in: whatever holds its values exactly. Beside
#: missing values pandas has whole numbers as floats; one with a fraction is an error of its row.
_ACCEPTED: dict[ColumnType, frozenset[str]] = {
    "string": frozenset(("BYTES",)),
    "double": _INTEGERS | _FLOATS,
    "long": _INTEGERS | _FLOATS,
    "boolean": _INTEGERS | {"BOOL"},
    "datetime": frozenset(("BYTES",)),
}

#: MLServer's name for cells of which each is the text of a JSON value: mixed columns of pandas.
_MIXED = "pd_json"


def refused(reason: str) -> BadInferenceBody:
    """The error of a request that is not one of the protocol."""
    return BadInferenceBody(protocol=PROTOCOL, reason=reason)


def cells_of(tensor: dict[str, Any], column: Input) -> list[Any]:
    """The cells of a tensor of shape [n] or [n, 1].

    Args:
        tensor: an element of `inputs` of a request.
        column: the input of the model.

    Raises:
        shared.errors.input.BadInferenceBody: it is no such tensor, or its datatype cannot hold the
            values of the input.
    """
    name = column.name
    rows, data = _rows(tensor, name), tensor.get("data")
    if not isinstance(data, list):
        raise refused(f"the 'data' of '{name}' is {kind_of(data)} and no list")
    if data and all(type(cell) is list and len(cell) == 1 for cell in data):
        data = [cell[0] for cell in data]
    if len(data) != rows:
        raise refused(f"'{name}' has {len(data):,} values; its shape says {rows:,}")
    parameters = tensor.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise refused(f"the 'parameters' of '{name}' are {kind_of(parameters)} and no object")
    content = parameters.get("content_type")
    datatype = tensor.get("datatype")
    if datatype not in _ACCEPTED[column.type] and (datatype, content) != ("BYTES", _MIXED):
        wanted = INFERENCE_TYPES[column.type]
        raise refused(f"'{name}' has the datatype {str(datatype)[:20]}; the model takes {wanted}")
    if datatype in _INTEGERS:
        _check_held(data, str(datatype), column)
    if content is not None:
        decode = _decoder(content, name)
        return [cell if cell is None else decode(cell) for cell in data]
    if column.type == "double" and datatype in ("INT64", "UINT64"):
        _check_exact(data, name)
    return data


def _rows(tensor: dict[str, Any], name: str) -> int:
    """The number of rows by the shape of a tensor."""
    match tensor.get("shape"):
        case [int(rows)] | [int(rows), 1] if type(rows) is int and rows >= 0:
            return rows
        case shape:
            found = str(shape)[:40]
    raise refused(f"the shape of '{name}' is {found}; send [n] or [n, 1]: a tensor for each column")


def _check_exact(data: list[Any], name: str) -> None:
    for cell in data:
        if type(cell) is int and abs(cell) > MAX_EXACT:
            raise refused(f"{cell} in '{name}' is not exact as FP64, which the model takes")


def _check_held(data: list[Any], datatype: str, column: Input) -> None:
    """Check that a datatype of whole numbers holds all numbers: no other server would read them."""
    is_signed, bits = datatype.startswith("INT"), int(datatype.partition("INT")[2])
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if is_signed else (0, 2**bits - 1)
    for cell in data:
        # Null and NaN are missing values; what is no number is an error of its row.
        if type(cell) not in (int, float) or cell != cell:  # noqa: PLR0124  NaN
            continue
        # In a column of whole numbers a fraction is an error of its row, too.
        if not least <= cell <= most or (column.type == "double" and cell % 1):
            raise refused(f"{str(cell)[:40]} in '{column.name}' is no {datatype}")


def _decoder(content_type: Any, name: str) -> Callable[[Any], Any]:
    """What makes a cell of an element, by MLServer's content type of its tensor."""

    def same(cell: Any) -> Any:
        return cell

    def from_base64(cell: Any) -> str:
        try:
            return base64.b64decode(str(cell), validate=True).decode()
        except (binascii.Error, ValueError):
            raise refused(f"'{str(cell)[:40]}' in '{name}' is no text in base64") from None

    def from_json(cell: Any) -> Any:
        try:
            return decode_values(cell)
        except (TypeError, ValueError, RecursionError):
            raise refused(f"'{str(cell)[:40]}' in '{name}' is no text of JSON") from None

    decoders = {
        "str": same,
        "np": same,
        "pd": same,
        "datetime": same,
        "base64": from_base64,
        _MIXED: from_json,
    }
    if not isinstance(content_type, str) or content_type not in decoders:
        known = ", ".join(decoders)
        raise refused(f"the content_type of '{name}' is unknown; there are {known}")
    return decoders[content_type]
