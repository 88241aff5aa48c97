"""Reading the body of a request in a protocol, within the memory that all requests share."""

from collections.abc import Callable
from typing import Any

from flask import Request

from api.inference.binary_tensors import CELL_BYTES, HEADER, add_data, split_body
from api.inference.tensors import PROTOCOL
from api.process.body_memory import Reservation
from api.requests.body import chunks_of
from api.requests.json_body import read_json, read_whole
from api.requests.json_memory import memory_for
from api.requests.limits import BULK_ADVICE
from api.services import Services
from api.submission.questions import COPIES
from api.uploads.json_rows import decode_body
from shared.errors.input import BadInferenceBody
from shared.tables.json_values import decode_values


def read_values(at: Services, request: Request, memory: Reservation, protocol: str) -> Any:
    """Read and parse a JSON body, whose `NaN` is a missing value.

    Args:
        at: supplies the limits.
        request: with the body.
        memory: of the request; it then holds what the rows need.
        protocol: what the body should be a request of, for the error.

    Raises:
        shared.errors.input.BadInferenceBody: it is not JSON, or has an infinite number.
        shared.errors.base.ScorelaneError: it is too large, or cannot be read.
    """
    chunks, length = chunks_of(request), request.content_length
    parse = _parser(protocol)
    return read_json(at.settings, chunks, length, memory, COPIES, parse)[0]


def read_tensors(at: Services, request: Request, memory: Reservation) -> Any:
    """Read a body of tensors: JSON, perhaps with the data of tensors as bytes after it.

    Raises:
        shared.errors.input.BadInferenceBody: it is not JSON, or the bytes do not fit it.
        shared.errors.base.ScorelaneError: it is too large, or cannot be read.
    """
    header = request.headers.get(HEADER)
    if header is None:
        return read_values(at, request, memory, PROTOCOL)
    settings, chunks = at.settings, chunks_of(request)
    body = read_whole(settings.max_json_bytes, chunks, request.content_length, memory, "body")
    text, data = split_body(body, header)
    needed = memory_for(text, COPIES, settings.body_memory_bytes) + CELL_BYTES * len(data)
    memory.raise_to(2 * len(body) + needed, BULK_ADVICE)
    value = _parser(PROTOCOL)(decode_body(text))
    add_data(value, data)
    return value


def _parser(protocol: str) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return decode_values(text)
        except (ValueError, RecursionError) as error:
            # RecursionError is a body of a million brackets.
            reason = str(error)
        # Not above, as the error would keep that one, which holds the text.
        raise BadInferenceBody(protocol=protocol, reason=f"it is not JSON: {reason}")

    return parse
