"""The call that scores a DataFrame from start to end."""

import io
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack

from scorelane.client.calls.events import EventCalls
from scorelane.client.calls.jobs import JobCalls
from scorelane.client.calls.results import MAX_BYTES_IN_MEMORY, ResultCalls
from scorelane.client.calls.rows import RowCalls
from scorelane.client.calls.submit import SubmitCalls
from scorelane.client.errors import JobNotSucceeded
from scorelane.client.frames import check_frame, with_scores
from scorelane.client.io_steps import Compute, Steps
from scorelane.client.job_state import JobState
from scorelane.client.options import JobOptions
from scorelane.client.request import J
from scorelane.client.sources import upload_of
from scorelane.client.sync_async import call, steps_of

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

#: Up to this many rows, `score` asks for the results in the response to the submission.
FEW_ROWS = 1000

#: The results of a frame without rows. The service refuses a job without rows.
EMPTY_RESULTS = b"ref,Sentiment_Score,error\r\n"


class ScoreCalls(SubmitCalls[J], JobCalls[J], EventCalls[J], ResultCalls[J], RowCalls[J]):
    """Scores DataFrames."""

    @call
    def score(
        self,
        frame: "pd.DataFrame | pl.DataFrame",
        *,
        on_progress: Callable[[JobState], object] | None = None,
        timeout: float | None = None,
        show: bool = False,
        **options: Unpack[JobOptions],
    ) -> Steps[Any]:
        """Score the texts of a DataFrame: submit a job, wait for it, join its results.

        Args:
            frame: of pandas or polars, with a column `text`, or the one that `text_column` names.
            on_progress: called with the job whenever it has changed.
            timeout: seconds to wait for the job at most; None: without limit.
            show: whether to show the progress, in a notebook, on a terminal or in a log.
            options: the options of `submit`.

        Returns:
            A copy of the frame, of the same library, with its index and two more columns:
            `Sentiment_Score` (float64, 0..1) and `error` (string); one of them is missing in each
            row.

        Raises:
            scorelane.client.errors.JobNotSucceeded: the job failed or was cancelled.
            scorelane.client.errors.WaitTimeout: the job has not ended in time; it keeps running.
            scorelane.client.errors.InvalidSource: the frame lacks a column, or already has one of
                the two new ones.
        """
        check_frame(frame)
        if not len(frame):
            upload_of(frame, None, options)  # refuses a frame that lacks a column
            return with_scores(frame, io.BytesIO(EMPTY_RESULTS))
        if len(frame) <= FEW_ROWS and not (on_progress or show or timeout is not None):
            response = yield from self._submit_and_wait(frame, options)
            if response.headers.get("Content-Type", "").startswith("text/csv"):
                # One request instead of three: submit, wait, download.
                return with_scores(frame, io.BytesIO(response.content))
            job: J = self._parse(response, self._job_from)
        else:
            job = yield from steps_of(SubmitCalls[J].submit)(self, frame, **options)
        job = yield from steps_of(JobCalls[J].wait)(
            self, job, on_progress, timeout=timeout, show=show
        )
        if job.state != "succeeded":
            raise JobNotSucceeded(f"Job {job.id} is {job.state}. {job.error or job.detail}")
        with tempfile.SpooledTemporaryFile(MAX_BYTES_IN_MEMORY) as file:
            yield from self._write(job, "csv", file, partial=False)
            file.seek(0)
            return (yield Compute(lambda: with_scores(frame, file)))
