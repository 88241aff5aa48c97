"""Asks the workers a question and waits for the answer, for many threads at a time."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event, Lock

from api.process.measures import WAITING, counters
from shared.config.settings import Settings
from shared.dispatch import Dispatch
from shared.errors.service import NoAnswerInTime
from shared.jobs.job import new_job_id
from shared.jobs.job_store import JobStore, Question
from shared.telemetry import context


@dataclass
class _Waiter:
    """A thread that waits; it is woken when it has a result, or when it is to listen now."""

    result: bytes | None = None
    woken: Event = field(default_factory=Event)


class SyncScorer:
    """Questions and answers of one process of the API.

    All its threads have one address. One of those that wait listens there for all of them, and
    hands this on when it has its own answer (leader and followers): so an answer that comes alone
    wakes no second thread, and many that come together cost one call to the job store.
    """

    def __init__(self, settings: Settings, store: JobStore, dispatch: Dispatch) -> None:
        self._settings = settings
        self._store = store
        self._dispatch = dispatch
        self._address = secrets.token_hex(8)
        self._lock = Lock()
        self._waiters: dict[str, _Waiter] = {}
        self._listener: _Waiter | None = None
        counters.add(WAITING, "sentiment", by=0)

    def ask(self, full_name: str, rows: bytes, count: int) -> bytes:
        """Have a few rows scored at once.

        A question that a dying worker took with it is asked again after a lease: who asks is the
        only one that knows of it.

        Args:
            full_name: the model and its version.
            rows: as `shared.tables.stored_rows.write_rows` writes them.
            count: how many they are.

        Returns:
            The result rows, as `shared.tables.csv_results.render` writes them.

        Raises:
            shared.errors.service.NoAnswerInTime: no worker answered.
        """
        traceparent = str(context.fields().get("traceparent", ""))
        question = Question(new_job_id(), rows, count, self._address, traceparent=traceparent)
        patience, lease = self._settings.sentiment_timeout, self._settings.lease_seconds
        deadline = time.monotonic() + patience
        with self._waiting(question.id) as waiter:
            self._send(full_name, question)
            while (result := self._wait(waiter, min(deadline, time.monotonic() + lease))) is None:
                if time.monotonic() >= deadline:
                    self._store.withdraw(full_name, question)
                    raise NoAnswerInTime(seconds=f"{patience:g}")
                # While it waits in the queue, a second one would only make the queue longer.
                if not self._store.is_waiting(full_name, question):
                    question = replace(question, asked=question.asked + 1)
                    self._send(full_name, question)
            return result

    def _send(self, full_name: str, question: Question) -> None:
        if self._store.ask(full_name, question):
            self._dispatch.answer(full_name)

    def _wait(self, waiter: _Waiter, until: float) -> bytes | None:
        while waiter.result is None and (left := until - time.monotonic()) > 0:
            if self._listener is waiter:
                for question_id, result in self._store.listen(self._address, left):
                    self._hand_over(question_id, result)
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
        counters.add(WAITING, "sentiment")
        try:
            yield waiter
        finally:
            counters.add(WAITING, "sentiment", by=-1)
            with self._lock:
                del self._waiters[question_id]
                if self._listener is waiter:
                    # Those that have their answer are on their way out.
                    waiting = (one for one in self._waiters.values() if one.result is None)
                    self._listener = next(waiting, None)
                    if self._listener:
                        self._listener.woken.set()

    def _hand_over(self, question_id: str, result: bytes) -> None:
        with self._lock:
            # Nobody waits where a question was asked twice and answered twice.
            waiter = self._waiters.get(question_id)
            if waiter:
                waiter.result = result
                waiter.woken.set()
