"""The call that does all of it: a DataFrame in, a DataFrame out."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Unpack

from scorelane.client.calls.events import EventCalls
from scorelane.client.calls.jobs import JobCalls
from scorelane.client.calls.results import ResultCalls
from scorelane.client.calls.rows import RowCalls
from scorelane.client.calls.submit import SubmitCalls
from scorelane.client.errors import JobNotSucceeded
from scorelane.client.frames import check_free, joined, read_results
from scorelane.client.io_steps import Steps
from scorelane.client.job_state import JobState
from scorelane.client.options import JobOptions
from scorelane.client.request import J
from scorelane.client.sync_async import call, steps_of

if TYPE_CHECKING:
    import pandas as pd

#: A frame of so many rows is scored before long.
FEW_ROWS = 1000


class ScoreCalls(SubmitCalls[J], JobCalls[J], EventCalls[J], ResultCalls[J], RowCalls[J]):
    """Scores DataFrames."""

    @call
    def score(
        self,
        frame: "pd.DataFrame",
        *,
        on_progress: Callable[[JobState], object] | None = None,
        timeout: float | None = None,
        show: bool = False,
        **options: Unpack[JobOptions],
    ) -> "Steps[pd.DataFrame]":
        """Score the texts of a DataFrame of pandas': a job, from its submission to its results.

        Args:
            frame: with a column `text`, or the one that `text_column` names.
            on_progress: told of the job at every look.
            timeout: seconds to wait for the job at most; None: for ever.
            show: whether to show the progress, in a notebook, on a terminal or in a log.
            options: those of `submit`.

        Returns:
            The frame, index and all, with two columns more: `Sentiment_Score` (0..1) and `error`.

        Raises:
            scorelane.client.errors.JobNotSucceeded: the job failed, or somebody cancelled it.
            scorelane.client.errors.WaitTimeout: it has not ended by then; it goes on.
            ValueError: the frame lacks a column, or has one of those two already.
        """
        check_free(frame)
        if len(frame) <= FEW_ROWS and not (on_progress or show or timeout is not None):
            answer = yield from self.submit_and_stay(frame, options)
            if answer.headers.get("Content-Type", "").startswith("text/csv"):
                # Submitted, waited for and fetched in one request instead of three.
                return joined(frame, read_results(io.BytesIO(answer.content)))
            job: J = self._read(answer, self._made)
        else:
            job = yield from steps_of(SubmitCalls[J].submit)(self, frame, **options)
        job = yield from steps_of(JobCalls[J].wait)(
            self, job, on_progress, timeout=timeout, show=show
        )
        if job.state != "succeeded":
            raise JobNotSucceeded(f"Job {job.id} is {job.state}. {job.error or job.detail}")
        return joined(frame, (yield from steps_of(ResultCalls[J].as_frame)(self, job)))
