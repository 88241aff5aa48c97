"""Questions of an event loop, on a real Redis."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from redis.exceptions import ResponseError
from support.event_loop import SelectorLoop
from support.redis_commands import commands_during
from support.stored import MODEL, a_job, question, small

from shared.config.settings import Settings
from shared.dispatch import small_queue
from shared.errors.service import JobNotFound
from shared.jobs.job_store import Answer, Question
from shared.jobs.new_job import NewJob
from shared.jobs.question_line import QuestionLine
from shared.jobs.usage import NO_CLAIM, Budget
from shared.no_waiting import WouldWait, no_waiting
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.redis.loop_questions import MOST_AT_ONCE


class Asker:
    """An event loop that asks questions, and notes what becomes of them."""

    def __init__(self, store: RedisJobStore) -> None:
        self.loop = SelectorLoop()
        self.line: QuestionLine = store.question_line()
        self.outcomes: list[Any] = []
        self.answers: dict[str, bytes] = {}
        self.lost: list[Exception] = []
        self.line.start(self.loop, self.answers.__setitem__, self.lost.append)
        self.loop.run_until(self.line.is_ready)

    def ask(self, count: int) -> list[Question]:
        asked = [question(reply_to=self.line.address) for _ in range(count)]
        for one in asked:
            self.line.ask(MODEL, one, f"bell {one.id}".format, self.outcomes.append)
        return asked

    def run_until(self, is_true: Any) -> None:
        self.loop.run_until(is_true, lambda: self.line.flush(is_waiting=True))


@pytest.fixture
def store(link: RedisLink, redis_settings: Settings) -> RedisJobStore:
    return RedisJobStore(link, redis_settings)


@contextmanager
def asking(store: RedisJobStore) -> Iterator[Asker]:
    asker = Asker(store)
    try:
        yield asker
    finally:
        asker.line.close()


@pytest.fixture
def asker(store: RedisJobStore) -> Iterator[Asker]:
    with asking(store) as made:
        yield made


def answer_all(store: RedisJobStore) -> None:
    taken, _ = store.take_small(MODEL, 100)
    store.answer_small([Answer(one.id, f"x{one.id}".encode(), 1, 0, one.reply_to) for one in taken])


def bells(link: RedisLink) -> list[str]:
    """The messages that wait, the oldest first."""
    return link.client.lrange(link.key(small_queue(MODEL)), 0, -1)[::-1]


def test_each_question_gets_its_answer(asker: Asker, store: RedisJobStore, link: RedisLink) -> None:
    """Questions that are asked together ring the doorbell once, and each gets its own answer."""
    asked = asker.ask(20)
    asker.run_until(lambda: len(asker.outcomes) == 20)
    assert asker.outcomes == 20 * [True]
    assert bells(link) == [f"bell {asked[0].id}"]
    answer_all(store)
    asker.run_until(lambda: len(asker.answers) == 20)
    assert asker.answers == {one.id: f"x{one.id}".encode() for one in asked}


def test_questions_that_are_asked_together_cost_little(
    asker: Asker, store: RedisJobStore, link: RedisLink
) -> None:
    """To ask, take and answer hundreds takes as many commands as for some, or a few more."""

    def ask_and_answer(count: int) -> None:
        asked = asker.ask(count)
        asker.run_until(lambda: len(asker.outcomes) == count)
        taken, _ = store.take_small(MODEL, count)
        assert [one.id for one in taken] == [one.id for one in asked]
        store.answer_small([Answer(one.id, b"x", 1, 0, one.reply_to) for one in taken])
        asker.outcomes.clear()

    ask_and_answer(1)
    few, many = (
        commands_during(link, partial(ask_and_answer, count)).total()
        for count in (10, 2 * MOST_AT_ONCE)
    )
    assert few < 60
    assert many < 2 * few


def test_models_are_asked_apart(asker: Asker, link: RedisLink) -> None:
    """A list of one model that something else has destroyed is no harm to those of others."""
    link.client.set(link.key("small", "broken@0123456789ab"), "x")
    outcomes: list[Any] = []
    asked = question(reply_to=asker.line.address)
    asker.line.ask("broken@0123456789ab", asked, "bell".format, outcomes.append)
    asker.ask(1)
    asker.run_until(lambda: outcomes and asker.outcomes)
    assert isinstance(outcomes[0], ResponseError)
    assert asker.outcomes == [True]


def test_each_question_has_limits_of_its_own(
    asker: Asker, store: RedisJobStore, link: RedisLink
) -> None:
    """Of those that are asked together, each is refused or not by what was asked before it."""
    budget = (Budget("key:k", 3),)
    asked = [
        replace(question(count, reply_to=asker.line.address), owner=owner, budgets=budget)
        for count, owner in ((2, "one"), (2, "two"), (1, "two"), (1, "one"))
    ]
    for one in asked:
        asker.line.ask(MODEL, one, f"bell {one.id}".format, asker.outcomes.append)
    asker.run_until(lambda: len(asker.outcomes) == 4)
    assert asker.outcomes == [True, False, True, False]
    assert store.taken(budget) == [3]
    taken, _ = store.take_small(MODEL, 10)
    assert [one.id for one in taken] == [asked[0].id, asked[2].id]
    assert bells(link) == [f"bell {asked[0].id}"]
    assert link.client.hget(link.key("held"), "all") == "0"


def test_a_question_that_was_asked_twice_is_withdrawn_once(
    asker: Asker, store: RedisJobStore, link: RedisLink
) -> None:
    """The reply to the first command was lost with its connection, and it was sent again."""
    [one] = asker.ask(1)
    asker.line.ask(MODEL, one, "bell".format, asker.outcomes.append)
    asker.run_until(lambda: len(asker.outcomes) == 2)
    store.withdraw(MODEL, one)
    assert store.waiting_small(MODEL) == 0
    assert not store.waits([MODEL])
    assert link.client.hget(link.key("held"), "all") == "0"


def test_a_script_that_redis_has_lost_is_sent_again(asker: Asker, link: RedisLink) -> None:
    """A Redis that was started again does not know the script: it gets the source."""
    link.client.script_flush()
    asker.ask(2)
    asker.run_until(lambda: len(asker.outcomes) == 2)
    assert asker.outcomes == [True, True]


def test_a_question_for_which_there_is_no_room(link: RedisLink, redis_settings: Settings) -> None:
    """It is refused, and does not wait."""
    few = redis_settings.model_copy(update={"max_waiting_small": 1})
    store = RedisJobStore(link, few)
    with asking(store) as asker:
        asker.ask(3)
        asker.run_until(lambda: len(asker.outcomes) == 3)
    assert asker.outcomes == [True, False, False]
    assert store.waiting_small(MODEL) == 1
    assert len(bells(link)) == 1


def test_each_batch_rings_the_doorbell(link: RedisLink, redis_settings: Settings) -> None:
    """So several processes take what one batch does not hold."""
    store = RedisJobStore(link, redis_settings.model_copy(update={"batch_rows": 3}))
    with asking(store) as asker:
        asked = asker.ask(7)
        asker.run_until(lambda: len(asker.outcomes) == 7)
    assert bells(link) == [f"bell {asked[place].id}" for place in (0, 2, 5)]


def test_a_connection_that_redis_closes(
    asker: Asker, store: RedisJobStore, link: RedisLink
) -> None:
    """Questions are asked, and answers arrive, by new connections."""
    asked = asker.ask(1)
    asker.run_until(lambda: asker.outcomes)
    link.client.client_kill_filter(_type="normal", skipme=True)
    answer_all(store)
    asker.run_until(lambda: asked[0].id in asker.answers)
    again = asker.ask(1)
    asker.run_until(lambda: len(asker.outcomes) == 2)
    answer_all(store)
    asker.run_until(lambda: again[0].id in asker.answers)
    assert not asker.lost


def test_code_that_must_not_wait(link: RedisLink) -> None:
    """A command raises instead of waiting for its reply; afterwards commands are sent as ever."""
    with no_waiting(), pytest.raises(WouldWait):
        link.client.ping()
    assert link.client.ping()


def test_a_job_that_was_read_ahead(asker: Asker, store: RedisJobStore, link: RedisLink) -> None:
    """Code that must not wait gets the job as the store has it; of any other job it cannot."""
    (first, _), (second, _) = small(store, 1), small(store, 1)
    link.client.hset(link.key("job", first), "error", "caf\u00e9".encode() + b"\xff")
    expected = store.get(first)
    looked: list[Any] = []
    asker.line.look(first, looked.append)
    asker.run_until(lambda: looked)
    with looked[0], no_waiting():
        assert store.get(first) == store.get(first) == expected
        with pytest.raises(WouldWait):
            store.get(second)
    with no_waiting(), pytest.raises(WouldWait):
        store.get(first)


def test_a_job_that_cannot_be_read_ahead(asker: Asker, link: RedisLink) -> None:
    """A thread reads a job that is gone or expired, or whose key is something else."""
    gone, expired, odd = ("0" * 31 + place for place in "123")
    link.client.hset(link.key("job", expired), "state", "expired")
    link.client.set(link.key("job", odd), "x")
    looked: list[Any] = []
    for job_id in (gone, expired, odd):
        asker.line.look(job_id, looked.append)
    asker.run_until(lambda: len(looked) == 3)
    assert looked == [None] * 3


def new_jobs(count: int) -> list[NewJob]:
    return [
        NewJob(a_job("small", total=1), b'["1", "text"]\n', NO_CLAIM, f"bell {number}")
        for number in range(count)
    ]


def test_each_job_is_recorded_as_by_the_store(
    asker: Asker, store: RedisJobStore, link: RedisLink
) -> None:
    """Jobs that are made together ring the doorbell once; one that is sent twice is one job."""
    new = new_jobs(5)
    for one in [*new, *new]:
        asker.line.create(one, asker.outcomes.append)
    asker.run_until(lambda: len(asker.outcomes) == 10)
    assert asker.outcomes == 10 * [True]
    assert bells(link)[0] == "bell 0"
    assert store.waiting_small(MODEL) == 5
    assert [store.get(one.job.spec.id) for one in new] == [one.job for one in new]
    assert store.small_rows(new[0].job.spec.id) == new[0].rows
    own = a_job("small", total=1)
    store.create(own, new[0].rows, bell="bell")
    fields = [
        link.client.hkeys(link.key("job", job_id)) for job_id in (own.spec.id, new[0].job.spec.id)
    ]
    assert sorted(fields[0]) == sorted(fields[1])


def test_a_job_for_which_there_is_no_room(link: RedisLink, redis_settings: Settings) -> None:
    """It is refused, and there is no record of it."""
    store = RedisJobStore(link, redis_settings.model_copy(update={"max_waiting_small": 1}))
    link.client.script_flush()
    with asking(store) as asker:
        new = new_jobs(2)
        for one in new:
            asker.line.create(one, asker.outcomes.append)
        asker.run_until(lambda: len(asker.outcomes) == 2)
    assert asker.outcomes == [True, False]
    with pytest.raises(JobNotFound):
        store.get(new[1].job.spec.id)


def test_jobs_are_created_once_it_is_known_that_there_are_no_replicas(asker: Asker) -> None:
    """A thread creates them otherwise, and waits for a replica."""
    assert not asker.line.can_create()
    asker.line.refresh()
    assert asker.line.can_create()
