"""The section of the job store for what was counted of rows; see `shared.drift.counts`."""

from typing import Protocol

#: What "the last day" is: the present hour and the 24 before it.
HOURS = 25


class WatchStore(Protocol):
    """What was counted of the rows of small jobs, and of all rows of a model in the last day.

    The rows of a bulk job are counted when it ends, those of small jobs and questions when they are
    answered. What was counted of a bulk job is in its `Summary`.
    """

    def small_watched(self, job_id: str) -> dict[str, tuple[int, ...]]:
        """What was counted of the rows of a small job; empty: nothing."""

    def watched_in_day(self, full_name: str) -> dict[str, tuple[int, ...]]:
        """What was counted of the rows of a model version in the last day; empty: nothing."""
