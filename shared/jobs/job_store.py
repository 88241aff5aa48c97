"""What both programs know of jobs: the contract of the job store."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from shared.jobs.job import Binding, CallbackState, Job, State
from shared.jobs.outcome import Outcome, Summary
from shared.tables.parts import Part

#: In the place of a part's number: the finish of a job that takes its time. It has a lease as a
#: part has, which `renew_part` renews, and `hold_up` gives back.
FINISH = -1


#: Of a part whose scores nobody has added up.
NOTHING = Summary()


@dataclass(frozen=True)
class Begun:
    """A part that was taken up."""

    part: Part
    attempts: int  #: How often it was taken up, this time included.
    note: str = ""  #: What `JobStore.note` was given for it last.
    perhaps_done: bool = False  #: Its result may be there: it, or its job, has a past.


@dataclass(frozen=True)
class Walk:
    """What to do after parts were recorded or marked done."""

    wanted: bool = False  #: The job still runs, and this caller's work counted for it.
    all_done: bool = False  #: Every part is done and no more will come: finish the job.
    dispatch: list[int] = field(default_factory=list)  #: Parts to dispatch now.
    failed: bool = False  #: The job has failed at this: too many of its rows have an error.


@dataclass(frozen=True)
class BadRow:
    """A row with an error."""

    row: int  #: Its number in the job, from 0.
    said: str  #: Which one it is, and what is wrong with it: `row 17 (ref '4711'): ...`.


@dataclass(frozen=True)
class SmallJob:
    """A small job that a worker has taken."""

    id: str
    attempts: int  #: How often it was taken, this time included.
    rows: bytes  #: As `shared.tables.stored_rows.write_rows` wrote them.
    reply_to: str = ""  #: Of a question: where its answer goes. Empty: this is a recorded job.
    note: str = ""  #: What `JobStore.note` was given for it last, as part 0.
    traceparent: str = ""  #: Of the request that brought it, if it had one.


@dataclass(frozen=True)
class Question:
    """Rows whose scores somebody waits for: nothing is recorded, and who asks must ask again."""

    id: str  #: As of a job.
    rows: bytes  #: As `shared.tables.stored_rows.write_rows` writes them.
    count: int  #: Rows.
    reply_to: str  #: The address at which the asker listens.
    asked: int = 0  #: How often it was asked before, in vain.
    traceparent: str = ""  #: Of the request that asks it, if it has one.


@dataclass(frozen=True)
class Answer:
    """What became of a small job or a question."""

    id: str
    result: bytes  #: The result rows, as `shared.tables.csv_results.render` writes them.
    completed: int  #: Rows with a score.
    failed: int  #: Rows with an error.
    reply_to: str = ""
    bad: BadRow | None = None  #: The first row with an error.


@dataclass(frozen=True)
class Spent:
    """What somebody has asked for in the present window."""

    count: int  #: Requests, this one included.
    seconds_left: float  #: Until the next window begins.


@dataclass(frozen=True)
class Held:
    """A key that another request holds, or that a job was made with."""

    binding: Binding | None  #: Of the job; None: it is not made yet.
    seconds_left: float  #: Until the key is free.


@dataclass(frozen=True)
class Load:
    """Bulk jobs that have not ended, and the rows of them that are not done."""

    jobs: int
    rows: int
    owner_jobs: int  #: Of one owner.
    owner_rows: int


@dataclass(frozen=True)
class Overdue:
    """What a running or queued bulk job waits for, and should not have to."""

    job: Job
    split: bool  #: Its splitting is not complete, and nobody has gone on with it for a lease.
    finish: bool  #: All is done, and the job was not closed.
    parts: list[int]  #: Dispatched, not done, and over their lease.


class JobStore(Protocol):
    """The record of every job. Each call is atomic; any may be repeated after a crash."""

    def now(self) -> float:
        """Seconds since the epoch, by the one clock of all times in the records."""

    def new_time(self) -> float:
        """The time for the id of a job that is recorded later; from it on `since` counts."""

    def create(self, job: Job, rows: bytes = b"") -> bool:
        """Record a new job; the rows of a small one with it, in its model's waiting list.

        Returns:
            Whether the doorbell must be rung: the waiting list was empty, or has grown by another
            batch.

        Raises:
            shared.errors.service.ServiceFull: it is a small one, and too many wait for its model.
            shared.errors.service.IdempotencyKeyInUse: it has a key that another request has by now.
        """

    def hold_key(self, key: str, token: str, seconds: float) -> Held | None:
        """Hold a key for a request, so long; None where it does. Else who has it.

        The key of a job that is gone is free, and a request that has the key has it anew.
        """

    def renew_key(self, key: str, token: str, seconds: float) -> None:
        """Hold a key from now on for so long, if the request still holds it."""

    def release_key(self, key: str, token: str) -> None:
        """Let a key go, if the request has it, and has made no job with it."""

    def load(self, owner: str) -> Load:
        """What waits, in all and of one owner; counted anew each time, so that it never drifts."""

    def spend(self, owner: str, seconds: int) -> Spent:
        """Count a request of an owner, in a window of so many seconds."""

    def restore(self, job: Job, parts: list[Part], outcome: Outcome | None = None) -> bool:
        """Record a bulk job again that the store has lost, unless it is recorded.

        Args:
            job: as it was accepted, or as it ended.
            parts: of one that has ended.
            outcome: of one that has ended; None: every part is done, and no more is known.

        Returns:
            Whether it is recorded. It is not where another request has its key, and the store
            remembers everything since it was made: so nobody was ever told that it was accepted.
        """

    def known(self, job_ids: list[str]) -> dict[str, State]:
        """The states of those of these jobs that are recorded."""

    def since(self) -> float:
        """From when on it remembers everything: its first job or id, or first `due`; else 0."""

    def get(self, job_id: str) -> Job:
        """The job as it stands.

        Raises:
            shared.errors.service.JobNotFound: there is no such job.
            shared.errors.service.JobExpired: there was one; its data is deleted.
        """

    def list_jobs(
        self, limit: int, before: str | None = None, owner: str | None = None
    ) -> list[Job]:
        """The newest jobs first; with `before`, those older than the job with that id.

        Of one owner, or of all.
        """

    def move(self, job_id: str, to: State, error: str = "") -> bool:
        """Move a job to a state, if `shared.jobs.job.MOVES` has that move; say whether it moved.

        A move to an end rings the job's bell, and makes its callback due if it has one; so does
        every other end.
        """

    def delete(self, job_id: str) -> None:
        """Forget a job and everything recorded with it."""

    def wait(self, job_id: str, seconds: float) -> bool:
        """Block until the job's bell rings; say whether it did in time. Any number may wait."""

    # -- bulk jobs -------------------------------------------------------------------------

    def last_part(self, job_id: str) -> tuple[int, Part | None]:
        """How many parts are recorded, and the last of them."""

    def parts(self, job_id: str, begin: int, end: int) -> list[Part]:
        """The parts with numbers from `begin` to `end` - 1, as far as they are recorded."""

    def add_parts(
        self, job_id: str, parts: list[Part], *, known: int, last: bool, lanes: int
    ) -> Walk:
        """Record parts that were cut, behind the `known` ones; `last`: there are no more.

        Unless exactly `known` parts are recorded nothing happens, and `wanted` is false: another
        split of the job goes on, and this one must stop.
        """

    def begin_part(self, job_id: str, part: int) -> Begun | None:
        """Take up a part that was handed out, for one lease; None where there is nothing to do."""

    def note(self, job_id: str, part: int, note: str) -> None:
        """Leave a note for whoever takes the part up next; nothing, where the job does not run."""

    def renew_part(self, job_id: str, part: int) -> None:
        """Renew the lease of a part, if it is under way."""

    def hold_up(self, job_id: str, part: int, reason: str) -> None:
        """Give a part back that could not be done, for a reason that lies in none of its rows.

        The attempt does not count. The part is overdue after its lease; until one is done the job
        says the reason.
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
        """Mark a part done that was handed out, and count its rows, the first time only.

        A job of which more rows than `Spec.tolerance` are sure to have an error moves to `failed`
        with this; so it does at the last of `add_parts`, which says how many rows there are.

        Args:
            job_id: the job.
            part: its number.
            completed: its rows with a score.
            failed: its rows with an error.
            lanes: as many parts may be under way.
            bad: the first of its rows with an error, for a job that does not bear any number.
            summary: of its rows, to be added to the job's.
        """

    def outcome(self, job_id: str) -> Outcome:
        """Which parts of a bulk job are done, and what their scores come to.

        It costs about the same for a job of ten parts and of ten thousand. What `get` has counted
        before is in it.
        """

    def begin_finish(self, job_id: str) -> bool:
        """Take up what is left to do when all parts are done, for one lease, as the part `FINISH`.

        Returns:
            Whether it was had: not where a part is not done, the job does not run, or another
            process is at it.
        """

    # -- small jobs ------------------------------------------------------------------------

    def ask(self, full_name: str, question: Question) -> bool:
        """Put a question into a model's waiting list; whether the doorbell must be rung.

        Raises:
            shared.errors.service.ServiceFull: too many wait for this model.
        """

    def is_waiting(self, full_name: str, question: Question) -> bool:
        """Whether no worker has taken the question yet."""

    def withdraw(self, full_name: str, question: Question) -> None:
        """Take back a question, if it still waits: nobody wants the answer any more."""

    def listen(self, address: str, seconds: float) -> list[tuple[str, bytes]]:
        """Wait for answers to questions with this address, at most so many seconds.

        Returns:
            Pairs of a question's id and its result rows; none where none came in time.
        """

    def take_small(self, full_name: str, rows: int) -> tuple[list[SmallJob], int]:
        """Take the small jobs and questions that wait for a model, up to `rows` rows.

        Jobs are taken for one lease. One that was taken or asked before, in vain, is taken alone:
        it may be what killed its worker.

        Returns:
            What was taken, and how many still wait.
        """

    def renew_small(self, job_ids: list[str]) -> None:
        """Renew the leases of small jobs that are taken."""

    def answer_small(self, answers: list[Answer]) -> None:
        """Close small jobs, and send the answers to questions.

        A job of which more rows than `Spec.tolerance` have an error ends as `failed`.
        """

    def small_result(self, job_id: str) -> bytes:
        """The result CSV of a small job; empty if there is none."""

    def small_rows(self, job_id: str) -> bytes:
        """The rows of a small job, until it succeeds, or for a day after another end; else none."""

    def return_small(self) -> list[str]:
        """Put back what was taken and not answered within its lease; the models to ring for."""

    def waiting_small(self, full_name: str) -> int:
        """How many small jobs wait for a model."""

    # -- callbacks -------------------------------------------------------------------------

    def take_callbacks(self, most: int, seconds: float) -> list[tuple[str, int]]:
        """Take callbacks that are due, for so many seconds: who does not come back loses none.

        Returns:
            Ids of jobs, and how often the callback of each was taken, this time included.
        """

    def return_callback(self, job_id: str, seconds: float) -> None:
        """Give a callback back that was taken: the attempt does not count, and it is due later."""

    def note_callback(
        self, job_id: str, state: CallbackState, *, error: str = "", again_in: float = 0.0
    ) -> None:
        """Note what became of an attempt to deliver a callback.

        Args:
            job_id: the job.
            state: pending, where it is to be tried again.
            error: what went wrong.
            again_in: seconds until then.
        """

    # -- what a worker and its reconciler ask ----------------------------------------------

    def waits(self, full_names: Collection[str]) -> bool:
        """Whether any message or small job waits for a worker that serves these models."""

    def reconciling(self, seconds: float) -> AbstractContextManager[bool]:
        """Hold the reconciler's lock for at most so many seconds; gives whether it was had."""

    def due(self, what: str, seconds: float) -> bool:
        """Whether a thing is to be done that is done every so many seconds; once it is said, no.

        A store that has lost its data says so at once.
        """

    def waited_for(self) -> set[str]:
        """The model versions for which bulk or small jobs wait."""

    def abandon(self, full_name: str, reason: str) -> int:
        """Move every job of a model version that has not ended to `failed`; how many."""

    def overdue(self, full_names: Collection[str]) -> list[Overdue]:
        """The bulk jobs of these models that wait for what was dispatched and got lost.

        Their leases are renewed, so that the next call does not name them again at once.
        """

    def expire(self, limit: int) -> list[Job]:
        """Move jobs that ended longer than the retention ago to `expired`; at most `limit`."""
