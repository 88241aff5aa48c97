"""The call that scores a DataFrame from start to end."""

import io
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack

from scorelane.client.calls.events import EventCalls
from scorelane.client.calls.few_rows import FewRowsCalls
from scorelane.client.calls.jobs import JobCalls
from scorelane.client.calls.results import MAX_BYTES_IN_MEMORY, ResultCalls
from scorelane.client.calls.rows import RowCalls
from scorelane.client.calls.submit import SubmitCalls
from scorelane.client.errors import JobNotSucceeded
from scorelane.client.frame_results import check_frame, empty_results, with_results
from scorelane.client.io_steps import Compute, Steps
from scorelane.client.job_state import JobState
from scorelane.client.options import (
    JobOptions,
    chosen_outputs,
    explained_columns,
    first_model,
)
from scorelane.client.request import J
from scorelane.client.sources import has_plain_texts, upload_of
from scorelane.client.sync_async import call, steps_of

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

#: Up to this many rows, `score` asks for the results in the response to the submission.
FEW_ROWS = 1000


class ScoreCalls(
    SubmitCalls[J], FewRowsCalls[J], JobCalls[J], EventCalls[J], ResultCalls[J], RowCalls[J]
):
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
        """Score the rows of a DataFrame: submit a job, wait for it, join its results.

        Args:
            frame: of pandas or polars, with the columns that the model takes: `text`, or the one
                that `text_column` names; for a model of a table those that `models` lists, or that
                `rename` maps to them.
            on_progress: called with the job whenever it has changed.
            timeout: seconds to wait for the job at most; None: without limit.
            show: whether to show the progress, in a notebook, on a terminal or in a log.
            options: the options of `submit`.

        Returns:
            A copy of the frame, of the same library, with its index and more columns: the outputs
            of the model, such as `Sentiment_Score` (float64, 0..1) or `label`, and `error`
            (string). A row has either outputs or an error. Types are those of `Job.as_frame`.

        Raises:
            scorelane.client.errors.JobNotSucceeded: the job failed or was cancelled.
            scorelane.client.errors.WaitTimeout: the job has not ended in time; it keeps running.
            scorelane.client.errors.InvalidSource: the frame lacks a column, or already has one of
                the new ones.
        """
        check_frame(frame)
        signature = yield from self._signature_for(options, has_texts=has_plain_texts(frame))
        if not len(frame):
            # The service refuses a job without rows.
            upload_of(frame, None, options, signature)  # refuses a frame that lacks a column
            signature = yield from self.signature_of(first_model(options))
        outputs = signature.chosen_outputs(chosen_outputs(options))
        outputs += explained_columns(options)
        check_frame(frame, [one.name for one in outputs])
        if not len(frame):
            return with_results(frame, io.BytesIO(empty_results(outputs)), outputs)
        if len(frame) <= FEW_ROWS and not (on_progress or show or timeout is not None):
            response = yield from self._submit_and_wait(frame, options)
            if response.headers.get("Content-Type", "").startswith("text/csv"):
                # One request instead of three: submit, wait, download.
                content = io.BytesIO(response.content)
                job_id = response.headers.get("Location", "").rpartition("/")[2]
                found = yield from self._outputs_in(content, job_id)
                return with_results(frame, content, found)
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
            found = yield from self._outputs_in(file, job)
            return (yield Compute(lambda: with_results(frame, file, found)))
