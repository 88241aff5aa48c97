"""Usage is counted once, in bounded lines, and is kept when its job is gone."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from support.stored import MODEL, MakeStore, a_job, parts, question

from shared.config.settings import Settings
from shared.jobs.job import Job
from shared.jobs.job_store import Answer, JobStore, Question
from shared.jobs.state import State
from shared.jobs.usage import (
    MOST_ACCOUNTS,
    MOST_NAMES,
    MOST_OWNERS,
    MOST_VALUES,
    Cost,
    LabelLine,
    Used,
    number_of,
    today,
)
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink

COST = Cost(bytes=20, seconds=0.25)


def job_with(kind: str = "bulk", total: int | None = None, **fields: Any) -> Job:
    """A job of Alice, sent with the key k1, with further fields of its `Spec`."""
    job = a_job(kind, total=total)
    spec = job.spec.model_copy(update={"owner": "alice", "key": "k1"} | fields)
    return job.model_copy(update={"spec": spec})


def bulk(store: JobStore, count: int, **fields: Any) -> str:
    """Record and begin a bulk job of some parts of ten rows."""
    job = job_with(**fields)
    store.create(job)
    assert store.move(job.spec.id, State.RUNNING)
    store.add_parts(job.spec.id, parts(count), known=0, last=True, lanes=count)
    return job.spec.id


def done(store: JobStore, job_id: str, part: int) -> bool:
    """Complete a part of which one row has an error."""
    return store.complete_part(job_id, part, completed=9, failed=1, lanes=9, cost=COST).wanted


def used(store: JobStore) -> Used:
    """The sum of all accounts of today."""
    return sum_of(line.used for line in lines(store)[0])


def sum_of(all_used: Iterable[Used]) -> Used:
    return sum(all_used, start=Used())


def lines(store: JobStore) -> Any:
    # The day may end while the test runs.
    day = today(store.now())
    return store.usage(day - timedelta(days=1), day)


def test_a_part_is_counted_once(store: JobStore) -> None:
    """A part that is completed twice counts once, with what its first completion took."""
    job_id = bulk(store, 2)
    assert done(store, job_id, 0)
    assert done(store, job_id, 0)
    assert used(store) == Used(9, 1, 20, 250_000)
    done(store, job_id, 1)
    [line] = lines(store)[0]
    assert (line.owner, line.key, line.model) == ("alice", "k1", MODEL)
    assert line.used == Used(18, 2, 40, 500_000)
    assert store.usage_by_owner() == {"alice": line.used}


def test_usage_outlives_its_job(store: JobStore) -> None:
    """The usage of a job that was cancelled and deleted stays."""
    job_id = bulk(store, 2)
    done(store, job_id, 0)
    store.move(job_id, State.CANCELLED)
    assert not done(store, job_id, 1)
    store.delete(job_id)
    assert used(store) == Used(9, 1, 20, 250_000)


def test_a_retry_counts_what_was_not_counted(store: JobStore) -> None:
    """A retry completes all parts again; those that an older job has counted do not count."""
    first = bulk(store, 3)
    done(store, first, 0)
    store.move(first, State.CANCELLED)
    second = bulk(store, 3, retry_of=first)
    done(store, second, 1)
    store.move(second, State.CANCELLED)
    third = bulk(store, 3, retry_of=second)
    for part in range(3):
        done(store, third, part)
    assert used(store) == Used(27, 3, 60, 750_000)


def test_a_retry_by_another_version_counts_everything(store: JobStore) -> None:
    """It takes over no result; also if it retries a retry that had not got to what it took over."""
    first = bulk(store, 3)
    done(store, first, 0)
    store.move(first, State.CANCELLED)
    second = bulk(store, 3, retry_of=first)
    store.move(second, State.CANCELLED)
    third = bulk(store, 3, retry_of=second, version="ba9876543210")
    for part in range(3):
        done(store, third, part)
    assert used(store) == Used(36, 4, 80, 1_000_000)


def test_a_small_job_is_counted_once(store: JobStore) -> None:
    """A small job that two workers answer counts once; one that was cancelled does not."""
    jobs = [job_with("small", total=2) for _ in range(2)]
    for job in jobs:
        store.create(job, b"rows")
    store.take_small(MODEL, 10)
    store.move(jobs[1].spec.id, State.CANCELLED)
    for _ in range(2):
        store.answer_small([Answer(one.spec.id, b"", 1, 1, cost=COST) for one in jobs])
    assert used(store) == Used(1, 1, 20, 250_000)


def test_a_question_is_counted_once(store: JobStore) -> None:
    """A question that was asked again, and that two workers answer, counts once."""
    asked = question(2)
    asked = Question(asked.id, asked.rows, 2, "here", owner="alice", key="k1")
    again = Question(asked.id, asked.rows, 2, "here", asked=1, owner="alice", key="k1")
    store.ask(MODEL, asked)
    store.take_small(MODEL, 10)
    store.ask(MODEL, again)
    store.take_small(MODEL, 10)
    for _ in range(2):
        store.answer_small([Answer(asked.id, b"", 2, 0, "here", full_name=MODEL, cost=COST)])
    assert used(store) == Used(2, 0, 20, 250_000)
    assert lines(store)[0][0].key == "k1"


def test_an_answer_that_nobody_wants_is_not_counted(store: JobStore) -> None:
    """A question whose asker has given it up is not counted when a worker answers it later."""
    asked = question(2)
    store.ask(MODEL, asked)
    store.take_small(MODEL, 10)
    store.withdraw(MODEL, asked)
    store.answer_small([Answer(asked.id, b"", 2, 0, "here", full_name=MODEL, cost=COST)])
    assert used(store) == Used()


def test_labels(store: JobStore) -> None:
    """A job is counted under each of its labels; a value may have any character."""
    job_id = bulk(store, 1, labels={"team": "growth", "run": 'a "b" c\n\u00e9'})
    done(store, job_id, 0)
    expected = Used(9, 1, 20, 250_000)
    found = lines(store)[1]
    day = found[0].day
    assert sorted(found, key=lambda one: one.name) == [
        LabelLine(day, "alice", "run", 'a "b" c\n\u00e9', expected),
        LabelLine(day, "alice", "team", "growth", expected),
    ]


def test_days_outside_are_not_answered(store: JobStore) -> None:
    """Only the days that were asked for are answered."""
    done(store, bulk(store, 1), 0)
    assert store.usage(date(2020, 1, 1), date(2020, 3, 1)) == ([], [])


@pytest.fixture
def on_redis(link: RedisLink, redis_settings: Settings) -> RedisJobStore:
    return RedisJobStore(link, redis_settings)


def count_small(store: RedisJobStore, jobs: list[Job]) -> None:
    """Score small jobs of one row each."""
    for job in jobs:
        store.create(job, b"rows")
        store.take_small(MODEL, 1)
    store.answer_small([Answer(job.spec.id, b"", 1, 0) for job in jobs])


def test_many_values_of_a_label_are_counted_as_others(on_redis: RedisJobStore) -> None:
    """An owner's first values of a label have lines, and all others one together."""
    more = 5
    labels = [{"team": "a", "run": f"{at}"} for at in range(MOST_VALUES + more)]
    for one in labels:
        count_small(on_redis, [job_with("small", total=1, labels=one)])
    found = {(one.name, one.value): one.used.completed for one in lines(on_redis)[1]}
    assert found.pop(("team", "a")) == MOST_VALUES + more
    assert found.pop(("run", None)) == more
    assert found == {("run", f"{at}"): 1 for at in range(MOST_VALUES)}


def test_many_labels_are_counted_as_others(on_redis: RedisJobStore) -> None:
    """An owner's first labels have lines, and all others one together; so for each owner."""
    for owner in ("alice", "bob"):
        for at in range(MOST_NAMES + 2):
            job = job_with("small", total=1, labels={f"label-{at}": "x"}, owner=owner)
            count_small(on_redis, [job])
    for owner in ("alice", "bob"):
        found = {one.name: one.used.completed for one in lines(on_redis)[1] if one.owner == owner}
        assert found.pop(None) == 2
        assert found == {f"label-{at}": 1 for at in range(MOST_NAMES)}


def test_a_full_day_loses_no_row(on_redis: RedisJobStore, link: RedisLink) -> None:
    """A day with too many lines counts further accounts under their owner, and then together."""
    day = link.key("usage", str(number_of(today(on_redis.now()))))
    count_small(on_redis, [job_with("small", total=1)])
    known = link.client.hgetall(day)
    for size, owner in ((MOST_ACCOUNTS, "alice"), (2 * MOST_ACCOUNTS, None)):
        have = link.client.hlen(day)
        filler = {f"a x k{at} m": "0 0 0 0" for at in range(have, size)}
        link.client.hset(day, mapping=filler)
        count_small(on_redis, [job_with("small", total=1, key="new") for _ in range(3)])
        count_small(on_redis, [job_with("small", total=1)])
        others = [one for one in lines(on_redis)[0] if one.model is None and one.owner == owner]
        assert [one.used.completed for one in others] == [3]
    assert known.keys() <= link.client.hgetall(day).keys()
    assert used(on_redis).completed == 9


def test_many_owners(on_redis: RedisJobStore, link: RedisLink) -> None:
    """The first owners have a total of their own, and all others one together."""
    fill = {f"o owner-{at}": "1 0 0 0" for at in range(MOST_OWNERS)}
    link.client.hset(link.key("usage", "owners"), mapping=fill)
    count_small(on_redis, [job_with("small", total=1), job_with("small", total=1, owner="bob")])
    found = on_redis.usage_by_owner()
    assert found[None] == Used(2)
    assert len(found) == MOST_OWNERS + 1


def test_a_day_is_kept_for_a_time(make_store: MakeStore, link: RedisLink) -> None:
    """The usage of a day is removed after the days that the setting names."""
    store = make_store(usage_days=3)
    if not isinstance(store, RedisJobStore):
        pytest.skip("the double forgets nothing")
    done(store, bulk(store, 1), 0)
    day = link.key("usage", str(number_of(today(store.now()))))
    assert 2 * 86400 < link.client.ttl(day) <= 3 * 86400


def test_a_batch_of_many_small_jobs(on_redis: RedisJobStore) -> None:
    """More lines at a time than Lua can unpack are counted."""
    jobs = [
        job_with("small", total=1, key=f"k{at}", labels={f"n{name}": f"{at}" for name in range(9)})
        for at in range(900)
    ]
    count_small(on_redis, jobs)
    assert used(on_redis).completed == len(jobs)
    by_name: dict[str, int] = {}
    for one in lines(on_redis)[1]:
        by_name[one.name] = by_name.get(one.name, 0) + one.used.completed
    assert by_name == {f"n{name}": len(jobs) for name in range(9)}


def test_a_record_of_an_older_release_is_not_counted(
    on_redis: RedisJobStore, link: RedisLink
) -> None:
    """A job that was recorded before usage was counted goes on without it."""
    job_id = bulk(on_redis, 1)
    link.client.hdel(link.key("job", job_id), "account")
    assert done(on_redis, job_id, 0)
    assert used(on_redis) == Used()
