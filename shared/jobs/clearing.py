"""The section of the job store for jobs that keep no rows (`keep=none`).

Their rows and results are deleted `CLEARED_AFTER` seconds after the results had been sent
completely, or `SCORELANE_KEEP_NONE_SECONDS` after their end. Their record and their receipt stay.
"""

from typing import Protocol

from shared.jobs.job import Job

#: How long results are kept after they were sent, in seconds. That the last byte was sent does not
#: say that it was received: a client whose connection breaks then can continue its download.
CLEARED_AFTER = 60.0


class ClearingStore(Protocol):
    """Jobs whose rows are to be deleted. Every call is atomic, and may be repeated."""

    def note_sent(self, job_id: str, begin: int = 0, end: int = 0, size: int = 0) -> None:
        """Note that bytes of a job's results were sent, in the job's own format.

        They are complete when all bytes from the first one on were sent, by one response or by
        several that continue each other. Bytes after a gap count for nothing: a client that reads
        the end of a file first has not downloaded it.

        Args:
            job_id: the job; nothing happens unless it has succeeded, and has its rows.
            begin: the offset of the first byte that was sent.
            end: the offset after the last one.
            size: of the whole file. 0: all results were sent, in whichever format.
        """

    def to_clear(self, limit: int) -> list[Job]:
        """Up to `limit` jobs whose rows are to be deleted now."""

    def clear(self, job_id: str) -> Job | None:
        """Record that the rows of a job are deleted: from now on nobody reads them.

        Returns:
            The job; None if it is gone.
        """

    def forget_cleared(self, job_id: str) -> None:
        """Note that nothing is left to delete of a job."""
