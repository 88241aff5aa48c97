"""Scores a few rows synchronously: sends a question to the workers and waits for the answer."""

import math
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event, Lock

from api.process.asked import Asked, take_asked
from api.process.long_waits import LongWaits
from api.process.measures import WAITING, counters
from api.process.withdrawals import Withdrawals
from shared.config.settings import Settings
from shared.dispatch import Dispatch
from shared.errors.base import ScorelaneError
from shared.errors.service import NoAnswerInTime
from shared.jobs.job_ids import new_job_id
from shared.jobs.job_store import JobStore, Question
from shared.jobs.usage import Budget
from shared.telemetry import context

#: A question may wait this long, in seconds, while others do; then it needs one of
#: `waiting_questions` slots. So a burst of questions is answered, and a hung worker holds few
#: threads.
PROMPT_SECONDS = 2.0


@dataclass(frozen=True)
class Client:
    """For whom rows are scored."""

    owner: str = ""  #: Empty: the API requires no keys.
    key: str = ""  #: The id of the key.
    budgets: tuple[Budget, ...] = ()  #: From which the rows are taken.
    counted: bool = True  #: Whether usage counts the rows.


#: The client of an API without keys.
NOBODY = Client()


@dataclass
class _Waiter:
    """A waiting thread; it is woken when its result is there, or when it is to listen."""

    result: bytes | None = None
    woken: Event = field(default_factory=Event)


class SyncScorer:
    """Routes the answers of workers to the threads of one API process that asked the questions.

    All threads of a process receive answers at one address. One of the waiting threads listens
    there for all of them; once it has its own answer, the next one listens (the leader/followers
    pattern). So a single answer wakes a single thread, and many answers at once cost one call to
    the job store.
    """

    def __init__(self, settings: Settings, store: JobStore, dispatch: Dispatch) -> None:
        self._settings = settings
        self._store = store
        self._dispatch = dispatch
        self._address = secrets.token_hex(8)
        self._lock = Lock()
        self._waiters: dict[str, _Waiter] = {}
        self._listener: _Waiter | None = None
        self._long_waits = LongWaits(settings.waiting_questions)
        #: Of questions whose requests have an error.
        self.withdrawals = Withdrawals(store)
        counters.add(WAITING, "sentiment", by=0)

    def ask(
        self,
        full_name: str,
        rows: bytes,
        count: int,
        client: Client = NOBODY,
        seconds: float | None = None,
    ) -> bytes:
        """Score a few rows and wait for the result.

        If a worker dies with a question, the question is asked again after a lease. It has to be
        asked again here, as nothing else remembers it.

        Args:
            full_name: the model and its version: `name@version`.
            rows: as `shared.tables.stored_rows.write_rows` writes them.
            count: the number of rows.
            client: for whom they are scored.
            seconds: how long to wait at most; None: the setting `sentiment_timeout`.

        Returns:
            The result rows, as `shared.tables.csv_results.render` writes them.

        Raises:
            shared.errors.service.NoAnswerInTime: no worker answered within these seconds.
            shared.errors.service.QuestionsFull: too many questions wait long already.
            shared.errors.service.BudgetSpent: a budget of the client has too few rows left today.
        """
        timeout = self._settings.sentiment_timeout if seconds is None else seconds
        asked = take_asked()
        if asked and (asked.full_name, asked.question.rows) != (full_name, rows):
            # Another version of the model has come meanwhile, and its columns may be others.
            self.withdrawals.add(asked.full_name, asked.question)
            asked = None
        with ExitStack() as slot:
            if asked:
                slot.enter_context(_counted())
                return self._answer_to(asked, asked.wait, slot, timeout)
            question = self.new_question(full_name, rows, count, client)
            waiter = slot.enter_context(self._waiting(question.id))
            asked = Asked(full_name, question, time.monotonic())
            try:
                self._send(asked)
            except ScorelaneError:
                raise
            except Exception:
                # It was asked, or not.
                self.withdrawals.add(full_name, question)
                raise
            return self._answer_to(asked, partial(self._wait, waiter), slot, timeout)

    def new_question(
        self, full_name: str, rows: bytes, count: int, client: Client, address: str = ""
    ) -> Question:
        """Make a question of what `ask` takes, whose answer is sent to an address of this process.

        Raises:
            shared.errors.service.QuestionsFull: too many questions wait long already.
        """
        self._long_waits.check(full_name)
        return Question(
            new_job_id(),
            rows,
            count,
            address or self._address,
            traceparent=str(context.fields().get("traceparent", "")),
            owner=client.owner,
            key=client.key,
            budgets=client.budgets,
            counted=client.counted,
        )

    @property
    def prompt_seconds(self) -> float:
        """How long the event loop may wait for an answer without a thread."""
        return min(PROMPT_SECONDS, self._settings.lease_seconds, self._settings.sentiment_timeout)

    def _answer_to(
        self,
        asked: Asked,
        wait: Callable[[float], bytes | None],
        slot: ExitStack,
        timeout: float,
    ) -> bytes:
        lease = self._settings.lease_seconds
        began = asked.began
        deadline, lease_end, prompt_end = began + timeout, began + lease, began + PROMPT_SECONDS
        with self._withdrawing(asked):
            while (result := wait(min(deadline, lease_end, prompt_end))) is None:
                now = time.monotonic()
                if now >= deadline:
                    raise NoAnswerInTime(seconds=f"{timeout:g}")
                if now >= prompt_end:
                    prompt_end = math.inf
                    slot.enter_context(self._long_waits.slot(asked.full_name))
                if now >= lease_end:
                    lease_end = now + lease
                    # Not if it still waits in the queue: a second one would only make that longer.
                    if not self._store.is_waiting(asked.full_name, asked.question):
                        asked.question = replace(asked.question, asked=asked.question.asked + 1)
                        self._send(asked)
            return result

    @contextmanager
    def _withdrawing(self, asked: Asked) -> Iterator[None]:
        """Withdraw a question if the block that waits for its answer raises an error."""
        try:
            try:
                yield
            except ScorelaneError:
                self._store.withdraw(asked.full_name, asked.question)
                raise
        except ScorelaneError:
            raise
        except Exception:
            # Redis is not there, or has lost a connection.
            self.withdrawals.add(asked.full_name, asked.question)
            raise

    def _send(self, asked: Asked) -> None:
        full_name, question = asked.full_name, asked.question
        # A message of the last attempt may still wait.
        bell = self._dispatch.doorbell(full_name, f"{question.id}x{question.asked}")
        if self._store.ask(full_name, question, bell):
            self._dispatch.answer(full_name)

    def _wait(self, waiter: _Waiter, until: float) -> bytes | None:
        while waiter.result is None and (left := until - time.monotonic()) > 0:
            if self._listener is waiter:
                for question_id, result in self._store.listen(self._address, left):
                    self._deliver(question_id, result)
            else:
                waiter.woken.wait(left)
                waiter.woken.clear()
        return waiter.result

    @contextmanager
    def _waiting(self, question_id: str) -> Iterator[_Waiter]:
        waiter = _Waiter()
        with self._lock:
            self._waiters[question_id] = waiter
            self._listener = self._listener or waiter
        try:
            with _counted():
                yield waiter
        finally:
            with self._lock:
                del self._waiters[question_id]
                if self._listener is waiter:
                    # A thread that has its result is about to leave and cannot listen.
                    waiting = (one for one in self._waiters.values() if one.result is None)
                    self._listener = next(waiting, None)
                    if self._listener:
                        self._listener.woken.set()

    def _deliver(self, question_id: str, result: bytes) -> None:
        with self._lock:
            # No thread waits any more if a question was asked twice and this is its second answer.
            waiter = self._waiters.get(question_id)
            if waiter:
                waiter.result = result
                waiter.woken.set()


@contextmanager
def _counted() -> Iterator[None]:
    """Count a thread that waits for an answer."""
    counters.add(WAITING, "sentiment")
    try:
        yield
    finally:
        counters.add(WAITING, "sentiment", by=-1)
