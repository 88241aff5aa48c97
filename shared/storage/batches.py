"""Files and batches, as `/v1` has them: what is kept of them in the blob store."""

from pydantic import BaseModel, ConfigDict

from shared.storage.blobs import Blobs
from shared.storage.owned_records import OwnedRecord, RecordStore

#: What a batch may be made of: the `url` of its requests.
ENDPOINT = "/v1/sentiment"

#: A batch that has not ended after so many seconds expires.
WINDOW_SECONDS = 86400


class BatchFile(OwnedRecord):
    """A file that was uploaded. Times are seconds since the epoch."""

    filename: str
    purpose: str
    size: int
    created_at: float
    expires_at: float


class BatchProblem(BaseModel):
    """What is wrong with a line of a batch's input."""

    model_config = ConfigDict(frozen=True)

    code: str
    line: int | None
    message: str
    param: str | None = None


class Batch(OwnedRecord):
    """A batch; the job of the same name reads its input, and does it unless that has problems."""

    input_file_id: str
    endpoint: str
    model: str | None
    metadata: dict[str, str] | None
    created_at: float
    expires_at: float  #: Where there never was a job; else it goes with that.
    problems: tuple[BatchProblem, ...] = ()
    expired: bool = False  #: Its window was over before its job; that has failed of it.
    deleted: frozenset[str] = frozenset()  #: Which of its files are.


def batch_files(blobs: Blobs) -> RecordStore[BatchFile]:
    """The files that were uploaded; each has its `content` beside its record."""
    return RecordStore(blobs, "v1/files/", BatchFile)


def batches(blobs: Blobs) -> RecordStore[Batch]:
    """The batches."""
    return RecordStore(blobs, "v1/batches/", Batch)
