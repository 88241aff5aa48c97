"""What a job is: its states and their legal moves, what was asked, and how far it is."""

import re
import secrets
import time
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.tables.layouts import Layout


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"  #: Accepted and recorded; no worker has taken it up.
    RUNNING = "running"  #: A worker has taken it up; parts are being scored.
    SUCCEEDED = "succeeded"  #: Every row has a score or an error; the results are there.
    FAILED = "failed"  #: The job could not be carried out; its `error` says why.
    CANCELLED = "cancelled"  #: Somebody cancelled it before it ended.
    EXPIRED = "expired"  #: It ended long ago; its rows and results were deleted.


class CallbackState(StrEnum):
    """Where the callback of a job stands."""

    WAITING = "waiting"  #: The job has not ended.
    PENDING = "pending"  #: It is due, and tried until it is delivered.
    DELIVERED = "delivered"  #: Its receiver took it.
    FAILED = "failed"  #: It was given up, or its receiver wants none any more.


#: Every legal move. What is not here is refused by the job store.
MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.FAILED, State.CANCELLED}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED}),
    State.SUCCEEDED: frozenset({State.EXPIRED}),
    State.FAILED: frozenset({State.EXPIRED}),
    State.CANCELLED: frozenset({State.EXPIRED}),
    State.EXPIRED: frozenset(),
}

#: The states in which nothing is left to do.
ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED})

#: The states from which a job can be done again: by another job, which takes over what is done.
RETRYABLE = frozenset({State.FAILED, State.CANCELLED})


def new_job_id(now: float | None = None) -> str:
    """A new id: 32 hex digits that sort by the time they were made.

    Args:
        now: seconds since the epoch, by the job store's clock; None: by this machine's.
    """
    return f"{int((time.time() if now is None else now) * 1000):012x}{secrets.token_hex(10)}"


def made_at(job_id: str) -> float:
    """When this id was made, in seconds since the epoch, to the millisecond before."""
    return int(job_id[:12], 16) / 1000


def is_job_id(text: str) -> bool:
    """Whether this can be the id of a job."""
    return re.fullmatch(r"[0-9a-f]{32}", text) is not None


def sources_of(state: State) -> list[State]:
    """The states from which a job may move to this one."""
    return [source for source, targets in MOVES.items() if state in targets]


#: The blobs of all jobs have keys that begin with this.
JOBS = "jobs/"


def folder_of(job_id: str) -> str:
    """The blobs of a job have keys that begin with this."""
    return f"{JOBS}{job_id}/"


def upload_key_of(job_id: str) -> str:
    """The blob that holds what was uploaded for a job."""
    return f"{folder_of(job_id)}upload"


def manifest_key_of(job_id: str) -> str:
    """The blob that says what the job is; see `shared.storage.manifest`."""
    return f"{folder_of(job_id)}manifest.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


#: What a job's results may be kept in.
ResultFormat = Literal["csv", "ndjson", "parquet"]


class Binding(_Frozen):
    """A key that a client gave to the request that made a job (`Idempotency-Key`)."""

    key: str = Field(description="A hash of the key and its owner.")
    token: str = Field(description="Of the request: another one may hold the key by now.")
    fingerprint: str = Field(description="Of the request's content and options.")
    job_id: str = Field("", description="The job that was made, where that is not said.")


class Spec(_Frozen):
    """What was asked; it never changes."""

    id: str
    model: str
    version: str
    kind: Literal["bulk", "small"]
    layout: Layout
    size: int = Field(ge=0, description="Bytes of the upload.")
    traceparent: str = Field("", description="Of the request that brought it, if it had one.")
    owner: str = Field("", description="Whose it is; nobody's where no keys are asked for.")
    columns: tuple[str, ...] = Field(
        (), description="Columns that are carried through to the results, in their order there."
    )
    result_format: ResultFormat = Field("csv", description="What the workers make of the rows.")
    as_batch: bool = Field(False, description="Its rows are kept as `/v1` gives them, too.")
    callback_url: str = Field("", description="Where its end is told; empty: nowhere.")
    about_rows: int = Field(0, ge=0, description="Rows, as estimated when it was accepted.")
    rows_per_part: int = Field(
        1, ge=1, description="Fixed when the job is accepted, so that a second split cuts alike."
    )
    fine_from: int | None = Field(
        None, description="From this byte of the upload on, parts are finer; so is it fixed."
    )
    tolerance: float = Field(
        1.0, ge=0, le=1, description="The job fails when more than this share of its rows is bad."
    )
    binding: Binding | None = Field(None, description="The key that it was sent with, if any.")
    retry_of: str | None = Field(None, description="The job whose rows and results these are.")
    labels: dict[str, str] = Field({}, description="What its owner wrote on it, to find it by.")
    retention: float | None = Field(
        None, gt=0, description="Seconds that it is kept after its end; None: as the settings say."
    )

    @property
    def full_name(self) -> str:
        """The model and version the job is pinned to."""
        return f"{self.model}@{self.version}"

    @property
    def folder(self) -> str:
        """The blobs of the job have keys that begin with this."""
        return folder_of(self.id)

    @property
    def upload_key(self) -> str:
        """The blob that holds what was uploaded."""
        return upload_key_of(self.id)

    @property
    def kept_key(self) -> str:
        """The blob that holds the upload of a job that has ended and may be retried."""
        return f"{self.folder}kept"

    @property
    def rows_folder(self) -> str:
        """The blobs with rows that are stored beside the upload have keys that begin with this."""
        return f"{self.folder}rows/"

    @property
    def all_rows_key(self) -> str:
        """The blob with the rows of a batch, as `stored_rows` writes them; it appears whole."""
        return f"{self.rows_folder}all.ndjson"

    def rows_key(self, part: int) -> str:
        """The blob with the rows of a part of a Parquet upload, as `stored_rows` writes them."""
        return f"{self.rows_folder}{part:06d}.ndjson"

    @property
    def manifest_key(self) -> str:
        """The blob that says what the job is."""
        return manifest_key_of(self.id)

    @property
    def part_format(self) -> Literal["csv", "ndjson"]:
        """The format of the result parts.

        For Parquet it is CSV: such a file is made of all parts together, when all are there. The
        results of a small job are always CSV, whatever is made of them.
        """
        return "ndjson" if self.result_format == "ndjson" and self.kind == "bulk" else "csv"

    def batch_key(self, part: int) -> str:
        """The blob that holds the rows of a part as lines of a batch's files."""
        return f"{self.folder}batch/{part:06d}.jsonl"

    def result_key(self, part: int) -> str:
        """The blob that holds the result rows of a part; the same whoever scores it."""
        return f"{self.folder}results/{part:06d}.{self.part_format}"

    @property
    def whole_key(self) -> str:
        """The blob that holds all result rows, of a job whose format is no run of parts."""
        return f"{self.folder}results.{self.result_format}"


class Job(_Frozen):
    """A job as it stood at one moment. Times are seconds since the epoch."""

    spec: Spec
    state: State = State.QUEUED
    created_at: float = Field(description="When its id was made; an upload takes longer.")
    started_at: float | None = None
    finished_at: float | None = None
    error: str | None = None
    callback_state: CallbackState | None = Field(None, description="Of one with a callback_url.")
    callback_attempts: int | None = Field(None, description="Attempts to deliver its callback.")
    callback_error: str | None = Field(None, description="Why the last of them failed.")
    held_up: str | None = Field(None, description="What keeps it from going on at present.")
    total: int | None = Field(None, description="Rows; None until the upload is split.")
    completed: int = Field(0, description="Rows with a score.")
    failed: int = Field(0, description="Rows with an error.")
    parts: int = Field(0, description="Parts cut so far.")
    parts_done: int = 0
    cut_rows: int = Field(0, description="Rows in the parts cut so far.")
    cut_bytes: int = Field(0, description="How far into the upload the cutting is.")

    @property
    def rows_done(self) -> int:
        """Rows that have their answer, a score or an error."""
        return self.completed + self.failed

    @property
    def progress(self) -> float:
        """The share of the rows that is done, 0..1.

        Until the upload is split the number of rows is an estimate: the rows cut so far, scaled by
        the bytes that they took.
        """
        if self.state is State.SUCCEEDED:
            return 1.0
        expected = self.total or self._estimated_rows
        return min(self.rows_done / expected, 1.0) if expected else 0.0

    def rows_per_second(self, now: float) -> float | None:
        """The mean rate since the first worker took the job up; None before."""
        if self.started_at is None or not self.rows_done:
            return None
        return self.rows_done / max((self.finished_at or now) - self.started_at, 1e-3)

    def eta_seconds(self, now: float) -> float | None:
        """Seconds until the end at the mean rate; None before a rate is known, 0 at the end."""
        if self.state in ENDED:
            return 0.0
        rate, expected = self.rows_per_second(now), self.total or self._estimated_rows
        if not rate or not expected:
            return None
        return max(expected - self.rows_done, 0) / rate

    @property
    def _estimated_rows(self) -> float:
        if self.spec.layout.stored_apart:
            # Parquet says it, of a batch it is reckoned; where the rows are in it nobody knows.
            return self.spec.about_rows
        start, size = self.spec.layout.start, self.spec.size
        return self.cut_rows * (size - start) / max(self.cut_bytes - start, 1)
