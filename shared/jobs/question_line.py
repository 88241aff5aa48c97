"""The contract by which an event loop asks questions: nothing in it waits."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from shared.jobs.new_job import NewJob
from shared.jobs.small_store import Question


class Loop(Protocol):
    """What is needed of an event loop."""

    def watch(self, sock: Any, events: int, on_event: Callable[[], None]) -> None:
        """Call a function at events of a socket (`selectors.EVENT_READ`); 0: no longer."""

    def defer(self, call: Callable[[], None]) -> None:
        """Call a function soon; this may be called in any thread."""


class QuestionLine(Protocol):
    """Asks questions, records small jobs and looks at jobs; one event loop alone calls the methods.

    Attributes:
        address: where the answers to its questions are sent: `Question.reply_to`.
    """

    address: str

    def start(
        self,
        loop: Loop,
        on_answer: Callable[[str, bytes], None],
        on_lost: Callable[[Exception], None],
    ) -> None:
        """Begin, in a process that will not fork.

        Args:
            loop: the event loop.
            on_answer: called with the id of a question and its result rows.
            on_lost: called when answers can no longer be received.
        """

    def is_ready(self) -> bool:
        """Whether a question can be asked now; if not, perhaps soon."""

    def ask(
        self,
        full_name: str,
        question: Question,
        bell: Callable[[], str],
        on_outcome: Callable[[bool | Exception], None],
    ) -> None:
        """Ask a question with the next `flush`, and ring the doorbell if need be.

        Both are one step: see `SmallStore.ask` for the question.

        Args:
            full_name: the model.
            question: the question, with the address of this line.
            bell: makes the message that rings the doorbell, `Dispatch.doorbell`, with the id of the
                question as its tag; not empty. It is called for the first question to a model since
                the last `flush`; a message for another one has the id of that in its place.
            on_outcome: called with whether the question was asked, which may be refused; or with an
                error after which it may have been asked or not.
        """

    def can_create(self) -> bool:
        """Whether `create` keeps a job as well as `JobStore.create` does; if not, a thread must.

        It does not if that was not found out yet; see `refresh`.
        """

    def refresh(self) -> None:
        """Find out what `can_create` tells. This waits, so call it in a thread, every 10 s."""

    def create(self, new: NewJob, on_outcome: Callable[[bool | Exception], None]) -> None:
        """Record a small job with the next `flush`, and ring the doorbell if need be.

        Both are one step: see `JobStore.create`.

        Args:
            new: the job; its `bell` is not empty.
            on_outcome: called with whether it was recorded, which may be refused; or with an error
                after which it may have been recorded or not.
        """

    def look(
        self, job_id: str, on_record: Callable[[AbstractContextManager[None] | None], None]
    ) -> None:
        """Read the record of a job with the next `flush`.

        Args:
            job_id: the job.
            on_record: called with a block in which `JobStore.get` of the job needs not wait; or
                with None if there is no such record, or it cannot be read.
        """

    def flush(self, *, is_waiting: bool) -> None:
        """Send what was asked, and listen if questions wait for an answer."""

    def check(self, now: float) -> None:
        """Give up what takes too long; `now` is `time.monotonic`. Call this every second."""

    def close(self) -> None:
        """Close the connections; what was asked gets no answer."""
