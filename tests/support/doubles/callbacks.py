"""Callbacks in memory."""

import time

from support.doubles.base import InMemoryBase
from typing_extensions import override

from shared.jobs.state import CallbackState, State


class InMemoryCallbacks(InMemoryBase):
    """Callbacks, kept in the records."""

    @override
    def take_callbacks(self, limit: int, seconds: float) -> list[tuple[str, int]]:
        taken: list[tuple[str, int]] = []
        # The sender's threads come here too.
        for job_id, record in list(self._records.items()):
            job, now = record.job, time.time()
            is_due = job.callback_state is CallbackState.PENDING and record.callback_due <= now
            if is_due and job.state is not State.EXPIRED and len(taken) < limit:
                record.callback_due = now + seconds
                record.update(callback_attempts=(job.callback_attempts or 0) + 1)
                taken.append((job_id, record.job.callback_attempts or 0))
        return taken

    @override
    def return_callback(self, job_id: str, seconds: float) -> None:
        record = self._records.get(job_id)
        if record and record.job.callback_state is CallbackState.PENDING:
            record.callback_due = time.time() + seconds
            record.update(callback_attempts=max((record.job.callback_attempts or 0) - 1, 0))

    @override
    def note_callback(
        self, job_id: str, state: CallbackState, *, error: str = "", again_in: float = 0.0
    ) -> None:
        record = self._records.get(job_id)
        if record and record.job.callback_state is CallbackState.PENDING:
            record.callback_due = time.time() + again_in
            record.update(callback_state=state, callback_error=error or None)
