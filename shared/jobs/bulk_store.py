"""The section of the job store for bulk jobs: how their parts are cut, scored and finished."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.jobs.outcome import Outcome
from shared.jobs.summary import Summary
from shared.jobs.usage import NO_COST, Cost
from shared.tables.parts import Part

#: In place of a part's number: the finish of a job whose parts are joined into one file. It has a
#: lease like that of a part; `renew_part` renews it, and `hold_up` gives it back.
FINISH = -1


#: In place of a part's number: the split of a job.
SPLIT = -2

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
class Step:
    """A step of a job that was handed out, and must be dispatched now."""

    job_id: str
    part: int  #: The number of the part to score, or `SPLIT`.
    #: The fields of the request that made the job, for the message.
    carried: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Walk:
    """The next steps of a model's jobs after some parts of a job were recorded or completed."""

    wanted: bool = False  #: The job is running, and the caller's work has counted.
    all_done: bool = False  #: Every part is done and no more will come: finish the job.
    dispatch: list[Step] = field(default_factory=list)  #: The steps to dispatch now, of any job.
    failed: bool = False  #: The job has just failed: too many of its rows have an error.


@dataclass(frozen=True)
class BadRow:
    """A row with an error."""

    row: int  #: Its number in the job, from 0.
    description: str  #: For an error message: `row 17 (ref '4711'): the text is empty`.


class BulkStore(Protocol):
    """The parts of bulk jobs. Every call is atomic, and may be repeated after a crash."""

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
            lanes: the most steps of the model's jobs that may be under way.
        """

    def hand_out(self, full_name: str, *, lanes: int, check: bool = False) -> list[Step]:
        """Hand out steps of the jobs of a model, in turns, until all lanes are taken.

        A split or a part is under way from here on until it is done or held up, or its job ends.
        Turns go by owner, and among the jobs of an owner by job. Each owner gets the same time of
        the processes, or a multiple of it by its weight. A job has at most `lanes` parts that
        were handed out and are not done, so one that is held up does not hand out all of its parts.

        `add_parts` and `complete_part` hand out steps, too.

        Args:
            full_name: the model.
            lanes: the most steps of its jobs that may be under way.
            check: also free the lanes of parts that are done, and of jobs that have ended.
        """

    def begin_part(self, job_id: str, part: int) -> Begun | None:
        """Begin a part that was handed out, and take its lease; None if there is nothing to do."""

    def note(self, job_id: str, part: int, note: str) -> None:
        """Leave a note for the next attempt at a part; does nothing if the job is not running."""

    def renew_part(self, job_id: str, part: int) -> None:
        """Renew the lease of a part that is under way."""

    def hold_up(self, job_id: str, part: int, reason: str) -> None:
        """Give back a part that could not be done for a reason outside of its rows (a full disk).

        The attempt does not count. The part is overdue after its lease, and takes no lane until
        then. The job shows the reason until a part is done.
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
        cost: Cost = NO_COST,
        libraries: str = "",
    ) -> Walk:
        """Mark a part done, and count its rows; further calls for the same part change nothing.

        If the share of rows with an error is sure to be over `Spec.tolerance`, the job moves to
        `failed`. The last call of `add_parts`, which makes the number of rows known, does that too.

        Args:
            job_id: the job.
            part: the number of the part.
            completed: its rows with a score.
            failed: its rows with an error.
            lanes: the most steps of the model's jobs that may be under way.
            bad: the first of its rows with an error, for a job with a tolerance below 1.
            summary: the summary of its rows, which is added to the job's.
            cost: what this attempt at the part took; its usage is counted with its rows, unless
                the job that this one retries has counted them.
            libraries: the versions of the libraries that scored it, as `Job.libraries` has them;
                empty: they are not known.
        """

    def report_lost(self, job_id: str, part: int, rows: int) -> None:
        """Count the rows of a part whose result was found damaged, once; it then has errors."""

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
