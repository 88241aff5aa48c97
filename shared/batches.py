"""Files and batches, as `/v1` has them: what is kept of them in the blob store."""

from pydantic import BaseModel, ConfigDict

from shared.blobs import Blobs
from shared.shelf import OnShelf, Shelf


class BatchFile(OnShelf):
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


class Batch(OnShelf):
    """A batch; the job of the same name does it, unless there are problems with its input."""

    input_file_id: str
    endpoint: str
    model: str | None
    metadata: dict[str, str] | None
    created_at: float
    expires_at: float  #: Where there are problems; else it goes with its job.
    problems: tuple[BatchProblem, ...] = ()
    deleted: frozenset[str] = frozenset()  #: Which of its files are.


def batch_files(blobs: Blobs) -> Shelf[BatchFile]:
    """The files that were uploaded; each has its `content` beside its record."""
    return Shelf(blobs, "v1/files/", BatchFile)


def batches(blobs: Blobs) -> Shelf[Batch]:
    """The batches."""
    return Shelf(blobs, "v1/batches/", Batch)
