"""The shapes in which `/v1` answers, and its errors."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

Count = Annotated[int, Field(ge=0)]

#: Seconds since the epoch.
Moment = int


class FileObject(TypedDict):
    """A file."""

    id: str
    object: Literal["file"]
    bytes: Count
    created_at: Moment
    expires_at: Moment | None
    filename: str
    purpose: str
    status: str


class FileDeleted(TypedDict):
    """A file that was deleted."""

    id: str
    object: Literal["file"]
    deleted: bool


class FileList(TypedDict):
    """A page of files."""

    object: Literal["list"]
    data: list[FileObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


class RequestCounts(TypedDict):
    """Lines of a batch's input."""

    total: Count
    completed: Count
    failed: Count


class ProblemObject(TypedDict):
    """What is wrong with a line."""

    code: str
    line: int | None
    message: str
    param: str | None


class ProblemList(TypedDict):
    """What is wrong with a batch's input."""

    object: Literal["list"]
    data: list[ProblemObject]


class BatchObject(TypedDict):
    """A batch."""

    id: str
    object: Literal["batch"]
    endpoint: str
    model: str | None
    errors: ProblemList | None
    input_file_id: str
    completion_window: str
    status: Literal[
        "validating",
        "in_progress",
        "finalizing",
        "completed",
        "failed",
        "expired",
        "cancelling",
        "cancelled",
    ]
    output_file_id: str | None
    error_file_id: str | None
    created_at: Moment
    in_progress_at: Moment | None
    expires_at: Moment | None
    finalizing_at: Moment | None
    completed_at: Moment | None
    failed_at: Moment | None
    expired_at: Moment | None
    cancelling_at: Moment | None
    cancelled_at: Moment | None
    request_counts: RequestCounts
    metadata: dict[str, str] | None


class BatchList(TypedDict):
    """A page of batches."""

    object: Literal["list"]
    data: list[BatchObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


def page_of(objects: list[Any], limit: int) -> dict[str, Any]:
    """A page of `limit` objects; of one more, where there is another page."""
    data = objects[:limit]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": len(objects) > limit,
    }
