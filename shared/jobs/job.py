"""A job at one moment: its specification, its state, and its progress."""

from pydantic import BaseModel, ConfigDict, Field

from shared.jobs.spec import Spec
from shared.jobs.state import ENDED, CallbackState, State


class Job(BaseModel):
    """A job at one moment. Times are seconds since the epoch."""

    model_config = ConfigDict(frozen=True)

    spec: Spec
    state: State = State.QUEUED
    created_at: float = Field(description="When its id was made; the upload ends later.")
    started_at: float | None = None
    finished_at: float | None = None
    error: str | None = None
    callback_state: CallbackState | None = Field(
        None, description="The state of its callback, if it has a callback_url."
    )
    callback_attempts: int | None = Field(None, description="Attempts to deliver its callback.")
    callback_error: str | None = Field(None, description="Why the last attempt failed.")
    held_up: str | None = Field(None, description="What keeps the job from going on at present.")
    lost: int | None = Field(
        None, description="Rows of results that were found damaged on the disk; None: no row."
    )
    result_sha256: str | None = Field(
        None, description="The digest of its results in their own format; None: not known."
    )
    result_bytes: int | None = Field(None, description="The length of that file, in bytes.")
    downloaded_at: float | None = Field(
        None, description="When all results of a job that keeps none had been sent."
    )
    cleared_at: float | None = Field(
        None, description="When its rows and results were deleted, as it keeps none."
    )
    model_files: str | None = Field(
        None, description="The SHA-256 of each file of its model, as JSON; None: not known."
    )
    libraries: str | None = Field(
        None,
        description="The versions of the libraries that scored it: a JSON object on a line for "
        "each set of versions. None: not known.",
    )
    total: int | None = Field(
        None, description="The number of rows; None until the upload is split."
    )
    completed: int = Field(0, description="Rows with a score.")
    failed: int = Field(0, description="Rows with an error.")
    parts: int = Field(0, description="Parts cut so far.")
    parts_done: int = 0
    cut_rows: int = Field(0, description="Rows in the parts cut so far.")
    cut_bytes: int = Field(
        0, description="The end of the last part cut so far, in bytes of the upload."
    )

    recent_at: float | None = Field(
        None, description="From when on the rate of a running job counts; None: from its start."
    )
    recent_rows: int = Field(0, description="Rows that were done by then.")

    @property
    def rows_done(self) -> int:
        """The number of rows with a score or an error."""
        return self.completed + self.failed

    @property
    def progress(self) -> float:
        """The share of the rows that are done, 0..1.

        Until the upload is split the number of rows is estimated: the rows cut so far, scaled up by
        their share of the bytes.
        """
        if self.state is State.SUCCEEDED:
            return 1.0
        expected = self.total or self._estimated_rows
        return min(self.rows_done / expected, 1.0) if expected else 0.0

    def rows_per_second(self, now: float) -> float | None:
        """The rate of the last parts, of an ended job its mean; None before the first row is done.

        The mean since a worker began a running job would still tell, much later, of a slow start or
        of processes that have come or gone since.

        Args:
            now: seconds since the epoch.
        """
        if self.started_at is None or not self.rows_done:
            return None
        if self.finished_at is not None or self.recent_at is None:
            return self.rows_done / max((self.finished_at or now) - self.started_at, 1e-3)
        return (self.rows_done - self.recent_rows) / max(now - self.recent_at, 1e-3)

    def eta_seconds(self, now: float) -> float | None:
        """The estimated seconds until the end, at the present rate; 0.0 once the job has ended.

        None before a rate or the number of rows is known.

        Args:
            now: seconds since the epoch.
        """
        if self.state in ENDED:
            return 0.0
        rate, expected = self.rows_per_second(now), self.total or self._estimated_rows
        if not rate or not expected:
            return None
        return max(expected - self.rows_done, 0) / rate

    @property
    def _estimated_rows(self) -> float:
        if self.spec.layout.stored_apart:
            # A Parquet file names its number of rows, and for a batch it was estimated; the bytes
            # that the parts cut so far took of the upload are not known.
            return self.spec.about_rows
        start, size = self.spec.layout.start, self.spec.size
        return self.cut_rows * (size - start) / max(self.cut_bytes - start, 1)
