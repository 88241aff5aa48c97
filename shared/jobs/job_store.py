"""The contract of the job store, and the values that its methods take and return."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from shared.jobs.job import Binding, CallbackState, Job, State
from shared.jobs.outcome import Outcome, Summary
from shared.tables.parts import Part

#: Stands for a part's number: the finish of a job whose results are put together at its end. The
#: finish has a lease like that of a part; `renew_part` renews it, and `hold_up` gives it back.
FINISH = -1


#: The summary of a part whose scores were not summed up.
NOTHING = Summary()


@dataclass(frozen=True)
class Begun:
    """A part that this process has begun."""

    part: Part
    attempts: int  #: How often the part was begun, this time included.
    note: str = ""  #: The last note that `JobStore.note` was given for the part.
    perhaps_done: bool = (
        False  #: Its result may exist: the part was begun before, or the job restored.
    )


@dataclass(frozen=True)
class Walk:
    """The next steps of a job after some of its parts were recorded or completed."""

    wanted: bool = False  #: The job is running, and the caller's work has counted.
    all_done: bool = False  #: Every part is done and no more will come: finish the job.
    dispatch: list[int] = field(default_factory=list)  #: The numbers of the parts to dispatch now.
    failed: bool = False  #: The job has just failed: too many of its rows have an error.


@dataclass(frozen=True)
class BadRow:
    """A row with an error."""

    row: int  #: Its number in the job, from 0.
    description: str  #: For an error message: `row 17 (ref '4711'): the text is empty`.


@dataclass(frozen=True)
class SmallJob:
    """A small job, or a question, that a worker has taken."""

    id: str
    attempts: int  #: How often it was taken, this time included.
    rows: bytes  #: The rows in the form of `shared.tables.stored_rows.write_rows`.
    reply_to: str = ""  #: The address for the answer to a question; empty: this is a recorded job.
    note: str = ""  #: The last note that `JobStore.note` was given for the job's part 0.
    traceparent: str = ""  #: The traceparent of the request, if it had one.


@dataclass(frozen=True)
class Question:
    """Rows whose scores a request waits for.

    A question is not recorded: if it is lost, the asker asks again.
    """

    id: str  #: An id in the form of a job's id.
    rows: bytes  #: The rows in the form of `shared.tables.stored_rows.write_rows`.
    count: int  #: The number of rows.
    reply_to: str  #: The address at which the asker listens for the answer.
    asked: int = 0  #: How often it was asked before without an answer.
    traceparent: str = ""  #: The traceparent of the request, if it has one.


@dataclass(frozen=True)
class Answer:
    """The result of a small job or a question."""

    id: str
    result: bytes  #: The result rows in the form of `shared.tables.csv_results.render`.
    completed: int  #: Rows with a score.
    failed: int  #: Rows with an error.
    reply_to: str = ""  #: The address for the answer to a question.
    bad: BadRow | None = None  #: The first row with an error.


@dataclass(frozen=True)
class Spent:
    """The requests of one owner in the present window of time."""

    count: int  #: The number of requests, this one included.
    seconds_left: float  #: Until the next window begins.


@dataclass(frozen=True)
class Held:
    """The current holder of an idempotency key: another request, or the job that it has made."""

    binding: Binding | None  #: The binding of the job; None: the request has made no job yet.
    seconds_left: float  #: Until the key is free.


@dataclass(frozen=True)
class Load:
    """The bulk jobs that have not ended and their open rows, of all owners and of one."""

    jobs: int
    rows: int
    owner_jobs: int  #: The jobs of the owner.
    owner_rows: int  #: The rows of these jobs that are not done.


@dataclass(frozen=True)
class Overdue:
    """What a queued or running bulk job waits for although the lease of it is over."""

    job: Job
    split: bool  #: The split is not complete, and no process has gone on with it for a lease.
    finish: bool  #: All parts are done, and no process is closing the job.
    parts: list[int]  #: The parts that were dispatched, are not done, and whose lease is over.


class JobStore(Protocol):
    """The record of every job. Every call is atomic, and may be repeated after a crash."""

    def now(self) -> float:
        """Seconds since the epoch, by the clock of all times in the records."""

    def new_time(self) -> float:
        """The time for the id of a new job. The store remembers every job from this time on."""

    def create(self, job: Job, rows: bytes = b"") -> bool:
        """Record a new job, and put a small job into the waiting list of its model.

        Args:
            job: the job.
            rows: the rows of a small job.

        Returns:
            Whether the doorbell must be rung: the waiting list was empty, or has grown by another
            batch.

        Raises:
            shared.errors.service.ServiceFull: too many small jobs wait for the model.
            shared.errors.service.IdempotencyKeyInUse: another request has taken the job's key.
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

    def known(self, job_ids: list[str]) -> dict[str, State]:
        """The states of these jobs; jobs that are not recorded are left out."""

    def since(self) -> float:
        """The time since which the store remembers every job; 0.0 if it is empty.

        The first job, the first new id, or the first `due` sets it.
        """

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

    def move(self, job_id: str, to: State, error: str = "") -> bool:
        """Move a job to a state, if `shared.jobs.job.MOVES` allows that move.

        The end of a job, by this or by another call, rings its bell and makes its callback due.

        Args:
            job_id: the job.
            to: the new state.
            error: why the job has failed.

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

    # -- bulk jobs -------------------------------------------------------------------------

    def last_part(self, job_id: str) -> tuple[int, Part | None]:
        """The number of recorded parts, and the last of them."""

    def parts(self, job_id: str, begin: int, end: int) -> list[Part]:
        """The recorded parts with the numbers from `begin` to `end` - 1."""

    def add_parts(
        self, job_id: str, parts: list[Part], *, known: int, last: bool, lanes: int
    ) -> Walk:
        """Record parts that a split has cut.

        Args:
            job_id: the job.
            parts: the parts, in their order.
            known: the number of parts before these. If another number is recorded, nothing happens
                and `wanted` is false: another split of the job goes on, and this one must stop.
            last: whether there are no more parts.
            lanes: the most parts that may be under way.
        """

    def begin_part(self, job_id: str, part: int) -> Begun | None:
        """Begin a part that was handed out, and take its lease; None if there is nothing to do."""

    def note(self, job_id: str, part: int, note: str) -> None:
        """Leave a note for the next attempt at a part; does nothing if the job is not running."""

    def renew_part(self, job_id: str, part: int) -> None:
        """Renew the lease of a part that is under way."""

    def hold_up(self, job_id: str, part: int, reason: str) -> None:
        """Give back a part that could not be done for a reason outside of its rows (a full disk).

        The attempt does not count. The part is overdue after its lease. The job shows the reason
        until a part is done.
        """

    def complete_part(
        self,
        job_id: str,
        part: int,
        *,
        completed: int,
        failed: int,
        lanes: int,
        bad: BadRow | None = None,
        summary: Summary = NOTHING,
    ) -> Walk:
        """Mark a part done, and count its rows; further calls for the same part change nothing.

        If the share of rows with an error is sure to be over `Spec.tolerance`, the job moves to
        `failed`. The last call of `add_parts`, which makes the number of rows known, does that too.

        Args:
            job_id: the job.
            part: the number of the part.
            completed: its rows with a score.
            failed: its rows with an error.
            lanes: the most parts that may be under way.
            bad: the first of its rows with an error, for a job with a tolerance below 1.
            summary: the summary of its rows, which is added to the job's.
        """

    def outcome(self, job_id: str) -> Outcome:
        """The parts of a bulk job that are done, and the summary of their rows.

        The cost hardly depends on the number of parts. Whatever an earlier `get` has counted is
        included.
        """

    def begin_finish(self, job_id: str) -> bool:
        """Take the lease of the finish of a job, under the part number `FINISH`.

        Returns:
            Whether the caller has it. False if a part is not done, the job is not running, or
            another process has the lease.
        """

    # -- small jobs ------------------------------------------------------------------------

    def ask(self, full_name: str, question: Question) -> bool:
        """Put a question into a model's waiting list.

        Returns:
            Whether the doorbell must be rung.

        Raises:
            shared.errors.service.ServiceFull: too many small jobs and questions wait for it.
        """

    def is_waiting(self, full_name: str, question: Question) -> bool:
        """Whether no worker has taken the question yet."""

    def withdraw(self, full_name: str, question: Question) -> None:
        """Remove a question from the waiting list, because nobody wants the answer any more."""

    def listen(self, address: str, seconds: float) -> list[tuple[str, bytes]]:
        """Wait up to `seconds` for answers to the questions with this address.

        Returns:
            Pairs of a question's id and its result rows; empty if no answer came in time.
        """

    def take_small(self, full_name: str, rows: int) -> tuple[list[SmallJob], int]:
        """Take waiting small jobs and questions of a model, up to `rows` rows.

        Jobs are taken for one lease. A job or question that was attempted before is taken alone: it
        may be what killed its worker.

        Returns:
            The jobs and questions, and the number of those that still wait.
        """

    def renew_small(self, job_ids: list[str]) -> None:
        """Renew the leases of small jobs that were taken."""

    def answer_small(self, answers: list[Answer]) -> None:
        """Close small jobs, and send the answers to questions.

        A job ends as `failed` if the share of its rows with an error is over `Spec.tolerance`.
        """

    def small_result(self, job_id: str) -> bytes:
        """The result rows of a small job as CSV; empty if there are none."""

    def small_rows(self, job_id: str) -> bytes:
        """The rows of a small job; empty once it has succeeded, or a day after another end."""

    def return_small(self) -> list[str]:
        """Put small jobs back into their waiting lists that were not answered within their lease.

        Returns:
            The models whose doorbell must be rung.
        """

    def waiting_small(self, full_name: str) -> int:
        """The number of small jobs and questions that wait for a model."""

    # -- callbacks -------------------------------------------------------------------------

    def take_callbacks(self, most: int, seconds: float) -> list[tuple[str, int]]:
        """Take up to `most` callbacks that are due.

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

    def expire(self, limit: int) -> list[Job]:
        """Move up to `limit` jobs to `expired` whose retention is over.

        Returns:
            These jobs, as they were before.
        """
