"""Synchronous scoring: many threads ask at the same time, and each gets its own answer."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from support.doubles.dispatch import InMemoryDispatch
from support.doubles.job_store import InMemoryJobStore
from support.waiting import wait_for

from api.process.sync_scorer import Client, SyncScorer
from api.process.withdrawals import Withdrawals
from shared.config.settings import Settings
from shared.errors.service import NoAnswerInTime, QuestionsFull
from shared.jobs.job_store import Answer, Question
from shared.jobs.usage import Budget

MODEL = "fast@0123456789ab"


class Scorer(Thread):
    """A worker that answers each question with the question's rows, but loses the first `loses`."""

    def __init__(self, store: InMemoryJobStore, *, loses: int = 0) -> None:
        super().__init__(daemon=True)
        self.store = store
        self.loses = loses
        self.stopped = Event()
        self.attempts: list[int] = []

    def run(self) -> None:
        while not self.stopped.wait(0.001):
            taken, _ = self.store.take_small(MODEL, 10)
            self.attempts += [job.attempts for job in taken]
            answered, self.loses = taken[self.loses :], max(self.loses - len(taken), 0)
            # In another order than the questions.
            self.store.answer_small(
                [Answer(job.id, job.rows, 1, 0, job.reply_to) for job in reversed(answered)]
            )


@pytest.fixture
def store() -> InMemoryJobStore:
    return InMemoryJobStore(Settings())


def sync_scorer(store: InMemoryJobStore, **settings: float) -> SyncScorer:
    return SyncScorer(Settings(**settings), store, InMemoryDispatch())


def test_each_thread_gets_the_answer_to_its_own_question(store: InMemoryJobStore) -> None:
    """Threads that ask at the same time share one listener, and no answer gets to another one."""
    scorer = Scorer(store)
    scorer.start()
    ask = sync_scorer(store).ask
    with ThreadPoolExecutor(16) as threads:
        texts = [f"row {n}".encode() for n in range(800)]
        answers = list(threads.map(lambda text: ask(MODEL, text, 1), texts))
    scorer.stopped.set()
    assert answers == texts


def test_a_question_that_a_worker_loses_is_asked_again(store: InMemoryJobStore) -> None:
    """If no answer comes within a lease, the question is asked again, as a second attempt."""
    scorer = Scorer(store, loses=1)
    scorer.start()
    assert sync_scorer(store, lease_seconds=0.05).ask(MODEL, b"rows", 1) == b"rows"
    scorer.stopped.set()
    assert scorer.attempts == [1, 2]


def test_a_question_that_only_waits_is_not_asked_twice(store: InMemoryJobStore) -> None:
    """A question that no worker has taken yet is not repeated: that would lengthen the queue."""
    asked, ask = [], store.ask

    def recording_ask(full_name: str, question: Question, bell: str) -> bool:
        asked.append(question)
        return ask(full_name, question, bell)

    store.ask = recording_ask  # type: ignore[method-assign]
    with pytest.raises(NoAnswerInTime):
        sync_scorer(store, lease_seconds=0.01, sentiment_timeout=0.1).ask(MODEL, b"rows", 1)
    assert len(asked) == 1


def test_a_question_without_answer_is_withdrawn(store: InMemoryJobStore) -> None:
    """A thread that times out withdraws its question; other threads still get their answers."""
    impatient, patient = sync_scorer(store, sentiment_timeout=0.05), sync_scorer(store)
    with pytest.raises(NoAnswerInTime):
        impatient.ask(MODEL, b"rows", 1)
    assert store.waiting_small(MODEL) == 0
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(patient.ask, MODEL, b"other rows", 1)
        wait_for(lambda: store.waiting_small(MODEL))
        scorer = Scorer(store)
        scorer.start()
        assert answer.result() == b"other rows"
        scorer.stopped.set()


def test_another_thread_listens_when_the_store_fails(store: InMemoryJobStore) -> None:
    """The thread that was listening gets the store's error; another one takes its place."""
    shared = sync_scorer(store)
    listen, failed = store.listen, Event()

    def failing(address: str, seconds: float) -> list[tuple[str, bytes]]:
        if not failed.is_set():
            wait_for(lambda: store.waiting_small(MODEL) == 2)
            failed.set()
            raise ConnectionError("away")
        return listen(address, seconds)

    store.listen = failing  # type: ignore[method-assign]
    with ThreadPoolExecutor(2) as threads:
        answers = [threads.submit(shared.ask, MODEL, b"rows", 1) for _ in range(2)]
        failed.wait()
        scorer = Scorer(store)
        scorer.start()
        outcomes = [one.exception() or one.result() for one in answers]
        scorer.stopped.set()
    assert sorted(map(type, outcomes), key=str) == [ConnectionError, bytes]


def test_few_questions_wait_long(store: InMemoryJobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond their number a question is refused, and later ones for this model at once.

    A question for another model is asked, and refused only if its answer is not prompt.
    """
    monkeypatch.setattr("api.process.sync_scorer.PROMPT_SECONDS", 0.05)
    shared = sync_scorer(store, waiting_questions=2)
    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(shared.ask, MODEL, b"rows", 1) for _ in range(6)]
        wait_for(lambda: sum(one.done() for one in asked) == 4)
        # Those that were refused do not wait for the worker either.
        assert store.waiting_small(MODEL) == 2
        with pytest.raises(QuestionsFull):
            shared.ask(MODEL, b"rows", 1)
        with pytest.raises(QuestionsFull):
            shared.ask("other@0123456789ab", b"rows", 1)
        assert store.waiting_small("other@0123456789ab") == 0
        scorer = Scorer(store)
        scorer.start()
        outcomes = [one.exception() or one.result() for one in asked]
        assert shared.ask(MODEL, b"rows", 1) == b"rows"
        scorer.stopped.set()
    assert outcomes.count(b"rows") == 2
    assert sum(isinstance(one, QuestionsFull) for one in outcomes) == 4


class Unsteady(InMemoryJobStore):
    """Loses its connection when it listens, and `fails` times when it withdraws."""

    fails = 3

    def listen(self, address: str, seconds: float) -> list[tuple[str, bytes]]:
        raise RedisConnectionError(address, seconds)

    def withdraw(self, full_name: str, question: Question) -> None:
        self.fails -= 1
        if self.fails >= 0:
            raise RedisConnectionError(full_name)
        super().withdraw(full_name, question)


def test_a_question_whose_connection_breaks_is_withdrawn() -> None:
    """Its rows go back to its budgets, as soon as Redis is there again."""
    store = Unsteady(Settings())
    scorer = sync_scorer(store)
    scorer.withdrawals = Withdrawals(store, pause=0.01)
    budgets = (Budget("key:k", 3),)
    with pytest.raises(RedisConnectionError):
        scorer.ask(MODEL, b"rows", 2, Client(budgets=budgets))
    wait_for(lambda: not store.waiting_small(MODEL))
    wait_for(lambda: store.taken(budgets) == [0])


def test_a_question_is_withdrawn_twice(store: InMemoryJobStore) -> None:
    """So one that Redis takes late from a broken connection is not left."""
    withdrawals = Withdrawals(store, pause=0.01)
    late = Question("0" * 32, b"rows", 1, "here")
    withdrawn: list[str] = []

    def withdraw(full_name: str, question: Question) -> None:
        InMemoryJobStore.withdraw(store, full_name, question)
        if not withdrawn:
            store.ask(full_name, question)
        withdrawn.append(question.id)

    store.withdraw = withdraw  # type: ignore[method-assign]
    withdrawals.add(MODEL, late)
    wait_for(lambda: len(withdrawn) == 2)
    assert store.waiting_small(MODEL) == 0
