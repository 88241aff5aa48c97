"""Tensors whose data follow the JSON of a request: Triton's "binary tensor data extension".

Numbers are little-endian; a string is its length in 4 bytes, and UTF-8.
"""

import struct
from math import isinf
from typing import Any

from api.inference.tensors import refused

#: The name of the extension in the metadata of the server.
EXTENSION = "binary_tensor_data"

#: The header with the length of the JSON.
HEADER = "Inference-Header-Content-Length"

#: About how many bytes of memory one byte of data takes as a cell.
CELL_BYTES = 50

_CODES = {
    "BOOL": "?",
    "INT8": "b",
    "UINT8": "B",
    "INT16": "h",
    "UINT16": "H",
    "INT32": "i",
    "UINT32": "I",
    "INT64": "q",
    "UINT64": "Q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}


def split_body(body: bytes, header: str) -> tuple[bytes, bytes]:
    """Split a body into its JSON and the data of its tensors.

    Raises:
        shared.errors.input.BadInferenceBody: the header is no length within the body.
    """
    length = int(header) if header.isascii() and header.isdecimal() and len(header) < 18 else -1
    if not 0 < length <= len(body):
        raise refused(f"{HEADER} is no length within the body of {len(body):,} bytes")
    return body[:length], body[length:]


def add_data(body: Any, data: bytes) -> None:
    """Give the tensors of a request their data.

    Args:
        body: the parsed JSON; its tensors with a `binary_data_size` get a list `data`.
        data: what follows the JSON.

    Raises:
        shared.errors.input.BadInferenceBody: the sizes do not fit the data, or a tensor's data do
            not fit its datatype.
    """
    begin = 0
    tensors = body.get("inputs") if isinstance(body, dict) else None
    for tensor in tensors if isinstance(tensors, list) else []:
        parameters = tensor.get("parameters") if isinstance(tensor, dict) else None
        if not isinstance(parameters, dict) or "binary_data_size" not in parameters:
            continue
        size, name = parameters["binary_data_size"], str(tensor.get("name"))[:80]
        if type(size) is not int or not 0 <= size <= len(data) - begin:
            raise refused(f"the binary_data_size of '{name}' is not within the body")
        if "data" in tensor:
            raise refused(f"'{name}' has both 'data' and a binary_data_size")
        tensor["data"] = _decoded(data[begin : begin + size], tensor.get("datatype"), name)
        begin += size
    if begin < len(data):
        raise refused(f"{len(data) - begin:,} bytes at its end belong to no tensor")


def _decoded(data: bytes, datatype: Any, name: str) -> list[Any]:
    if datatype == "BYTES":
        return _strings(data, name)
    code = _CODES.get(datatype if isinstance(datatype, str) else "")
    if code is None:
        raise refused(f"the datatype of '{name}' is none of BYTES, {', '.join(_CODES)}")
    count, rest = divmod(len(data), struct.calcsize(f"<{code}"))
    if rest:
        raise refused(f"'{name}' has {len(data):,} bytes, which is no whole number of {datatype}")
    values: list[Any] = list(struct.unpack(f"<{count}{code}", data))
    if datatype.startswith("FP"):
        if any(map(isinf, values)):
            # JSON has no sign for it, and it would become a missing value on its way.
            raise refused(f"'{name}' has an infinite number, which no model could take")
        values = [None if value != value else value for value in values]  # noqa: PLR0124  NaN
    return values


def _strings(data: bytes, name: str) -> list[Any]:
    found: list[str] = []
    at = 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "little")
        if at + 4 > len(data) or end > len(data):
            raise refused(f"the data of '{name}' end within string {len(found) + 1:,}")
        try:
            found.append(data[at + 4 : end].decode())
        except UnicodeDecodeError:
            raise refused(f"string {len(found) + 1:,} of '{name}' is not UTF-8") from None
        at = end
    return found
