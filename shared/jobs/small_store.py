"""The section of the job store for small jobs and questions, which the doorbell is rung for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.drift.counts import Counts
from shared.jobs.bulk_store import BadRow
from shared.jobs.usage import NO_COST, Budget, Cost


@dataclass(frozen=True)
class SmallJob:
    """A small job, or a question, that a worker has taken."""

    id: str
    attempts: int  #: How often it was taken, this time included.
    rows: bytes  #: In the form of `shared.tables.stored_rows.write_rows`; empty: they were damaged.
    reply_to: str = ""  #: The address for the answer to a question; empty: this is a recorded job.
    note: str = ""  #: The last note that `JobStore.note` was given for the job's part 0.
    traceparent: str = ""  #: The traceparent of the request, if it had one.
    count: int = 0  #: The number of rows that were sent.


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
    owner: str = ""  #: Whose rows these are; empty: the API requires no keys.
    key: str = ""  #: The id of the key with which they were sent.
    budgets: tuple[Budget, ...] = ()  #: From which the rows are taken.
    counted: bool = True  #: Whether usage counts the rows; if not, another question has them.


@dataclass(frozen=True)
class Answer:
    """The result of a small job or a question."""

    id: str
    result: bytes  #: The result rows in the form of `shared.tables.csv_results.render`.
    completed: int  #: Rows with a score.
    failed: int  #: Rows with an error.
    reply_to: str = ""  #: The address for the answer to a question.
    bad: BadRow | None = None  #: The first row with an error.
    full_name: str = ""  #: The full name of its model.
    cost: Cost = NO_COST  #: Its share of what the rows took that were scored together.
    #: What was counted of its rows; see `shared.drift.counts`.
    watched: Counts = field(default_factory=dict)


class SmallStore(Protocol):
    """Small jobs and questions. Every call is atomic, and may be repeated after a crash."""

    def ask(self, full_name: str, question: Question, bell: str = "") -> bool:
        """Put a question into a model's waiting list, and take its rows from its budgets.

        Args:
            full_name: the model.
            question: the question.
            bell: the message that rings the doorbell, `Dispatch.doorbell`; empty: the caller does.

        Returns:
            Whether the caller must ring the doorbell.

        Raises:
            shared.errors.service.ServiceFull: too many small jobs and questions wait for it.
            shared.errors.service.BudgetSpent: a budget has too few rows left today.
        """

    def is_waiting(self, full_name: str, question: Question) -> bool:
        """Whether no worker has taken the question yet."""

    def withdraw(self, full_name: str, question: Question) -> None:
        """Remove a question from the waiting list, because nobody wants the answer any more.

        If it has no answer yet, its rows are never counted, and its budgets get them back.
        """

    def listen(self, address: str, seconds: float) -> list[tuple[str, bytes]]:
        """Wait up to `seconds` for answers to the questions with this address.

        Returns:
            Pairs of a question's id and its result rows; empty if no answer came in time.
        """

    def take_small(
        self, full_name: str, rows: int, beside_bulk: int | None = None
    ) -> tuple[list[SmallJob], int]:
        """Take waiting small jobs and questions of a model.

        Jobs are taken for one lease. A job or question that was attempted before is taken alone: it
        may be what killed its worker.

        Args:
            full_name: the model.
            rows: the most rows; a first job with more is taken alone.
            beside_bulk: the most rows while a step of a bulk job waits for the model; None: as many
                as otherwise.

        Returns:
            The jobs and questions, and the number of those that still wait.
        """

    def renew_small(self, job_ids: list[str]) -> None:
        """Renew the leases of small jobs that were taken."""

    def answer_small(
        self,
        answers: list[Answer],
        libraries: str = "",
        watched: Mapping[str, Counts] | None = None,
    ) -> None:
        """Close small jobs, and send the answers to questions; count the usage of each once.

        A job ends as `failed` if the share of its rows with an error is over `Spec.tolerance`.

        Args:
            answers: the results.
            libraries: the versions of the libraries that scored them, as `Job.libraries` has them;
                empty: they are not known.
            watched: what was counted of all their rows, by the full name of the model: the sums of
                what the answers have. It is added to the counts of this hour, without that of jobs
                that do not run any more, and of questions that were answered or withdrawn before.
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
