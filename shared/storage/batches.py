"""The records of `/v1` in the blob store: files and batches."""

from pydantic import BaseModel, ConfigDict

from shared.storage.blobs import Blobs
from shared.storage.owned_records import OwnedRecord, RecordStore

#: The only `url` that the requests of a batch may name.
ENDPOINT = "/v1/sentiment"

#: A batch that has not ended after this time expires, in seconds.
WINDOW_SECONDS = 86400


class BatchFile(OwnedRecord):
    """An uploaded file. Times are seconds since the epoch."""

    filename: str
    purpose: str
    size: int
    sha256: str = ""  #: In hex; empty: it was uploaded to a release without receipts.
    created_at: float
    expires_at: float


class BatchProblem(BaseModel):
    """A fault in a line of a batch's input, or in the whole file."""

    model_config = ConfigDict(frozen=True)

    code: str
    line: int | None
    message: str
    param: str | None = None


class Batch(OwnedRecord):
    """A batch. The job with the same id reads its input, and scores it unless it has problems."""

    input_file_id: str
    endpoint: str
    model: str | None
    metadata: dict[str, str] | None
    created_at: float
    expires_at: float  #: When the record of a batch that never had a job is removed.
    problems: tuple[BatchProblem, ...] = ()
    expired: bool = False  #: Its window ended before its job did, so the job has failed.
    deleted: frozenset[str] = frozenset()  #: Which of its result files were deleted.


def batch_files(blobs: Blobs) -> RecordStore[BatchFile]:
    """The uploaded files. The blob `content` in the folder of a record is the file itself."""
    return RecordStore(blobs, "v1/files/", BatchFile)


def batches(blobs: Blobs) -> RecordStore[Batch]:
    """The records of the batches."""
    return RecordStore(blobs, "v1/batches/", Batch)
