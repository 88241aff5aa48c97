"""The JSON objects in the responses of `/v1`; its errors are in `api/errors.py`."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

Count = Annotated[int, Field(ge=0)]

#: Seconds since the epoch.
Timestamp = int


class FileObject(TypedDict):
    """A file, either uploaded or written by a batch."""

    id: str
    object: Literal["file"]
    bytes: Count
    created_at: Timestamp
    expires_at: Timestamp | None
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
    """The requests of a batch: all, those with a score, and those with an error."""

    total: Count
    completed: Count
    failed: Count


class ProblemObject(TypedDict):
    """A problem of one line of a batch's input, or of the whole input (`line` is null)."""

    code: str
    line: int | None
    message: str
    param: str | None


class ProblemList(TypedDict):
    """The problems of a batch's input."""

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
    created_at: Timestamp
    in_progress_at: Timestamp | None
    expires_at: Timestamp | None
    finalizing_at: Timestamp | None
    completed_at: Timestamp | None
    failed_at: Timestamp | None
    expired_at: Timestamp | None
    cancelling_at: Timestamp | None
    cancelled_at: Timestamp | None
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
    """The JSON of a page.

    Args:
        objects: those of the page; one more than `limit` if another page follows.
        limit: the most objects on the page.
    """
    data = objects[:limit]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": len(objects) > limit,
    }
