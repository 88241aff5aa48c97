"""The contract of the job store, and the values that its methods take and return.

Sections of it are in `bulk_store`, `small_store`, `usage` and `watch_store`; import the names of
the first two from here.
"""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Protocol

from shared.jobs.bulk_store import (
    FINISH,
    NOTHING,
    SPLIT,
    BadRow,
    Begun,
    BulkStore,
    Step,
    Walk,
)
from shared.jobs.clearing import ClearingStore
from shared.jobs.job import Job
from shared.jobs.outcome import Outcome
from shared.jobs.question_line import QuestionLine
from shared.jobs.small_store import Answer, Question, SmallJob, SmallStore
from shared.jobs.state import CallbackState, State
from shared.jobs.store_values import Held, Load, Overdue, Spent
from shared.jobs.usage import NO_CLAIM, Claim, UsageStore
from shared.jobs.watch_store import WatchStore
from shared.tables.parts import Part

__all__ = [
    "FINISH",
    "NOTHING",
    "REMEMBERED_SECONDS",
    "SPLIT",
    "Answer",
    "BadRow",
    "Begun",
    "Held",
    "JobStore",
    "Load",
    "Overdue",
    "Question",
    "SmallJob",
    "Spent",
    "Step",
    "Walk",
]

#: How long the id of an expired job is remembered, so that it answers 410 instead of 404.
REMEMBERED_SECONDS = 86400

#: A move that records no further fields.
NO_FACTS: Mapping[str, str | int] = MappingProxyType({})


class JobStore(BulkStore, SmallStore, UsageStore, WatchStore, ClearingStore, Protocol):
    """The record of every job. Every call is atomic, and may be repeated after a crash."""

    def now(self) -> float:
        """Seconds since the epoch, by the clock of all times in the records."""

    def new_time(self) -> float:
        """The time for the id of a new job. The store remembers every job from this time on."""

    def question_line(self) -> QuestionLine | None:
        """Make what an event loop asks questions by; None: only threads can ask."""
        return None

    def create(self, job: Job, rows: bytes = b"", claim: Claim = NO_CLAIM, bell: str = "") -> bool:
        """Record a new job, and put a small job into the waiting list of its model.

        Args:
            job: the job.
            rows: the rows of a small job.
            claim: what it takes from budgets. When its rows are counted, and when it ends, it gives
                back what it does not need.
            bell: the message that rings the doorbell for a small job, `Dispatch.doorbell`; empty:
                the caller rings it.

        Returns:
            Whether the caller must ring the doorbell: the waiting list was empty, or has grown by
            another batch.

        Raises:
            shared.errors.service.ServiceFull: too many small jobs wait for the model, or too many
                bulk jobs or rows in all.
            shared.errors.service.OwnerFull: too many bulk jobs or rows of the owner wait.
            shared.errors.service.IdempotencyKeyInUse: another request has taken the job's key.
            shared.errors.service.BudgetSpent: a budget has too few rows left today.
            shared.errors.service.NothingToRetry: the job that it retries is gone.
        """

    def hold_key(self, key: str, token: str, seconds: float) -> Held | None:
        """Try to take an idempotency key for a request.

        A key whose job is gone is free. A request that already holds the key takes it again.

        Args:
            key: the hash of the key.
            token: the token of the request.
            seconds: for how long.

        Returns:
            None on success, otherwise the current holder.
        """

    def renew_key(self, key: str, token: str, seconds: float) -> None:
        """Hold a key for `seconds` from now on, if the request with this token still holds it."""

    def release_key(self, key: str, token: str) -> None:
        """Release a key, if the request with this token holds it and has made no job."""

    def load(self, owner: str) -> Load:
        """Count the jobs and rows that wait, of all owners and of one.

        Each call counts the records, so the numbers cannot drift.
        """

    def spend(self, owner: str, seconds: int) -> Spent:
        """Count a request of an owner in a window of this many seconds."""

    def link_secret(self) -> bytes:
        """A secret for signatures, of 32 bytes: the same for all programs, made at its first use.

        It changes only where the store loses its data.
        """

    def restore(self, job: Job, parts: list[Part], outcome: Outcome | None = None) -> bool:
        """Record a bulk job again that the store has lost; do nothing if the job is recorded.

        Args:
            job: the job as it was accepted, or as it ended.
            parts: the parts of a job that has ended.
            outcome: the outcome of a job that has ended; None: every part is done.

        Returns:
            Whether the job is recorded. It is not if another request has its key although the store
            remembers everything since the job was made: then the job was never accepted.
        """

    def recall(self, job: Job, parts: list[Part], outcome: Outcome | None) -> None:
        """Record the end of a bulk job of which the store knows only what was before.

        The arguments are those of `restore`.
        """

    def known(self, job_ids: list[str]) -> dict[str, State]:
        """The states of these jobs; jobs that are not recorded are left out."""

    def since(self) -> float:
        """The time since which the store remembers every job; 0.0 if it is empty.

        The first job, the first new id, or the first `due` sets it.
        """

    def may_have_lost(self, job_id: str) -> bool:
        """Whether an id is older than `since`, or of shortly before the last `notice_restart`."""

    def get(self, job_id: str) -> Job:
        """The present state of a job.

        Raises:
            shared.errors.service.JobNotFound: there is no such job.
            shared.errors.service.JobExpired: the job has expired, and its data is deleted.
        """

    def list_jobs(
        self, limit: int, before: str | None = None, owner: str | None = None
    ) -> list[Job]:
        """List jobs, the newest first.

        Args:
            limit: the most jobs.
            before: list jobs older than the one with this id.
            owner: list the jobs of this owner; None: of all owners.
        """

    def move(
        self, job_id: str, to: State, error: str = "", facts: Mapping[str, str | int] = NO_FACTS
    ) -> bool:
        """Move a job to a state, if `shared.jobs.state.MOVES` allows that move.

        The end of a job, by this or by another call, rings its bell and makes its callback due.

        Args:
            job_id: the job.
            to: the new state.
            error: why the job has failed.
            facts: values of further fields of the job, which are recorded if it moves.

        Returns:
            Whether the job moved.
        """

    def delete(self, job_id: str) -> None:
        """Delete the record of a job and everything that belongs to it."""

    def wait(self, job_id: str, seconds: float) -> bool:
        """Block until the job's bell rings; any number of callers may wait.

        Returns:
            Whether it rang within `seconds`.
        """

    # -- callbacks -------------------------------------------------------------------------

    def take_callbacks(self, limit: int, seconds: float) -> list[tuple[str, int]]:
        """Take up to `limit` callbacks that are due.

        They are due again after `seconds`, so that a sender that dies loses none.

        Returns:
            Pairs of a job's id and the number of attempts at its callback, this one included.
        """

    def return_callback(self, job_id: str, seconds: float) -> None:
        """Give back a callback: the attempt does not count, and it is due in `seconds`."""

    def note_callback(
        self, job_id: str, state: CallbackState, *, error: str = "", again_in: float = 0.0
    ) -> None:
        """Record the outcome of an attempt to deliver a callback.

        Args:
            job_id: the job.
            state: the new state; `pending` if the callback is to be tried again.
            error: what went wrong.
            again_in: seconds until the next attempt.
        """

    # -- for workers and their reconciler --------------------------------------------------

    def waits(self, full_names: Collection[str]) -> bool:
        """Whether a message or a small job waits for a worker that serves these models."""

    def reconciling(self, seconds: float) -> AbstractContextManager[bool]:
        """Try to take the reconciler's lock for the block, for at most `seconds`.

        Yields:
            Whether the caller has the lock.
        """

    def due(self, what: str, seconds: float) -> bool:
        """Whether a periodic task is due; only one caller per period gets True.

        Args:
            what: the name of the task.
            seconds: its period. In a store that has lost its data the task is due at once.
        """

    def notice_restart(self) -> bool:
        """Whether the store was restarted, and may lack what was written last, since this call."""

    def needs(self, full_name: str) -> bool:
        """Whether a job that has not ended needs a model, also as its second one, or work waits."""

    def waited_for(self) -> set[str]:
        """The model versions for which bulk jobs or small jobs wait."""

    def abandon(self, full_name: str, reason: str) -> int:
        """Fail every job of a model version that has not ended.

        Returns:
            The number of jobs that failed by this.
        """

    def overdue(self, full_names: Collection[str]) -> list[Overdue]:
        """The bulk jobs of these models that wait for a message that was lost.

        Renews the leases of what it returns, so that the next call does not return the same at
        once.
        """

    def archive(self, limit: int) -> int:
        """Move up to `limit` ended small jobs to where they cost no memory, if it is time.

        Nothing else changes for callers: the jobs are found as before.

        Returns:
            The number of jobs that were moved.
        """

    def expire(self, limit: int) -> list[Job]:
        """Move up to `limit` jobs to `expired` whose retention is over.

        Returns:
            These jobs, as they were before.
        """
