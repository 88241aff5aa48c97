"""The shapes of errors below the addresses of other APIs, whose clients read no problems."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}

#: MLflow's names of errors, by HTTP status.
_MLFLOW_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "ENDPOINT_NOT_FOUND",
    409: "RESOURCE_CONFLICT",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "TEMPORARILY_UNAVAILABLE",
}


class ErrorBody(TypedDict):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class V1Error(TypedDict):
    """An error of `/v1`."""

    error: ErrorBody


class InvocationsError(TypedDict):
    """An error of `/invocations`, as MLflow's scoring server writes it."""

    error_code: Annotated[str, Field(description="One of MLflow's codes.")]
    message: Annotated[str, Field(description="What is wrong, and what to do.")]


class InferenceError(TypedDict):
    """An error of `/v2`."""

    error: Annotated[str, Field(description="What is wrong, and what to do.")]


@dataclass(frozen=True)
class ErrorShape:
    """How errors are written below some addresses.

    Attributes:
        paths: what the paths match, from their beginning to their end.
        kind: the type of the body.
        body: makes the body of a status, a code such as `too-large`, a message, and the parameter
            or field of the request that is wrong.
    """

    paths: re.Pattern[str]
    kind: type
    body: Callable[[int, str, str, str | None], Any]


def shape_of(path: str) -> ErrorShape | None:
    """The shape of errors at a path of a request or of a route; None: they are problems."""
    return next((shape for shape in _SHAPES if shape.paths.fullmatch(path)), None)


def error_type(status: int) -> str:
    """The `type` of an error of `/v1` with this status."""
    if status >= 500:
        return "server_error"
    return _TYPES.get(status, "invalid_request_error")


def _v1(status: int, code: str, detail: str, param: str | None) -> V1Error:
    name = code.replace("-", "_")
    return {"error": {"message": detail, "type": error_type(status), "param": param, "code": name}}


def _invocations(status: int, _code: str, detail: str, _param: str | None) -> InvocationsError:
    other = "INVALID_PARAMETER_VALUE" if status < 500 else "INTERNAL_ERROR"
    return {"error_code": _MLFLOW_CODES.get(status, other), "message": detail}


def _inference(_status: int, _code: str, detail: str, _param: str | None) -> InferenceError:
    return {"error": detail}


_SHAPES = (
    ErrorShape(re.compile(r"/v1/.*", re.DOTALL), V1Error, _v1),
    ErrorShape(re.compile(r"(/models/.*)?/invocations", re.DOTALL), InvocationsError, _invocations),
    ErrorShape(re.compile(r"/v2(/.*)?", re.DOTALL), InferenceError, _inference),
)
