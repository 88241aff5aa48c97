"""Reading the body of a request in a protocol, within the memory that all requests share."""

from typing import Any

from flask import Request

from api.process.body_memory import Reservation
from api.requests.body import chunks_of
from api.requests.json_body import read_json
from api.services import Services
from api.submission.questions import COPIES
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

    def parse(text: str) -> Any:
        try:
            return decode_values(text)
        except (ValueError, RecursionError) as error:
            # RecursionError is a body of a million brackets.
            reason = str(error)
        # Not above, as the error would keep that one, which holds the text.
        raise BadInferenceBody(protocol=protocol, reason=f"it is not JSON: {reason}")

    chunks = chunks_of(request)
    return read_json(at.settings, chunks, request.content_length, memory, COPIES, parse)[0]
