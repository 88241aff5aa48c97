"""The workload and the totals, on Redis and in the double alike."""

from collections.abc import Callable

import pytest
from support.doubles.job_store import InMemoryJobStore
from support.doubles.overview import InMemoryOverview
from support.stored import MODEL, a_job, complete, parts, question, running, small

from shared.config.settings import Settings
from shared.dispatch import CeleryDispatch, make_celery
from shared.fleet import Worker
from shared.jobs.job_store import Answer, JobStore
from shared.jobs.state import State
from shared.monitoring.overview import Overview, Totals, Workload
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink
from shared.redis.overview import RedisOverview

Look = Callable[[], Workload]


@pytest.fixture
def overview(store: JobStore, link: RedisLink) -> Overview:
    """An overview of the same kind as the store."""
    return InMemoryOverview(store) if isinstance(store, InMemoryJobStore) else RedisOverview(link)


@pytest.fixture
def look(overview: Overview) -> Look:
    return lambda: overview.workloads([MODEL])[MODEL]


def test_nothing_to_do(look: Look, overview: Overview) -> None:
    """A served model without work has zeros, so that an autoscaler sees them."""
    assert look() == Workload()
    assert overview.workloads([]) == {}
    assert overview.totals() == Totals()


def test_rows_wait_run_and_are_done(store: JobStore, look: Look) -> None:
    """A row is counted in one place: it waits until a process begins its part."""
    job = a_job()
    job = job.model_copy(update={"spec": job.spec.model_copy(update={"about_rows": 40})})
    store.create(job)
    assert (look().queued_jobs, look().waiting_rows) == (1, 40)
    store.move(job.spec.id, State.RUNNING)
    store.add_parts(job.spec.id, parts(3), known=0, last=True, lanes=2)
    assert (look().queued_jobs, look().running_jobs) == (0, 1)
    assert (look().waiting_rows, look().running_rows) == (30, 0)
    store.begin_part(job.spec.id, 0)
    assert (look().waiting_rows, look().running_rows) == (20, 10)
    complete(store, job.spec.id, 0)
    assert (look().waiting_rows, look().running_rows) == (20, 0)
    store.move(job.spec.id, State.CANCELLED)
    assert look() == Workload()


def test_small_jobs_and_questions_wait(store: JobStore, look: Look) -> None:
    """Small jobs and questions wait until they are taken; a job runs until it is answered."""
    first, _ = small(store, 2)
    store.ask(MODEL, question())
    assert look().waiting_small == 2
    assert look().oldest_small_seconds >= 0
    store.take_small(MODEL, 100)
    assert (look().waiting_small, look().running_small) == (0, 1)
    store.answer_small([Answer(first, b"", 2, 0)])
    assert look() == Workload()


def test_everything_is_counted_once(store: JobStore, overview: Overview) -> None:
    """A part that is completed twice and a job that ends twice count once in the totals."""
    job_id, _ = running(store, 2, lanes=2)
    complete(store, job_id, 0)
    complete(store, job_id, 0)
    complete(store, job_id, 1)
    store.move(job_id, State.SUCCEEDED)
    store.move(job_id, State.FAILED, "too late")
    small_id, _ = small(store, 3)
    store.take_small(MODEL, 10)
    for _ in range(2):
        store.answer_small([Answer(small_id, b"", 2, 1)])
    asked = question(reply_to="me")
    store.answer_small([Answer(asked.id, b"", 3, 1, asked.reply_to, full_name=MODEL)])
    cancelled, _ = running(store, 1, lanes=1)
    store.move(cancelled, State.CANCELLED)
    assert overview.totals() == Totals(
        {MODEL: 20}, {MODEL: 3}, {MODEL: 2}, {"succeeded": 2, "cancelled": 1}, {MODEL: 4}
    )
    assert overview.totals().rows() == {MODEL: 27}


def test_the_age_of_the_first_message_is_known(link: RedisLink, redis_settings: Settings) -> None:
    """The age of the first message follows from its time of sending; without one it is 0."""
    ages = iter([30.0, 5.0])
    celery = make_celery(redis_settings)
    dispatch = CeleryDispatch(celery, lambda: link.now() - next(ages))
    overview = RedisOverview(link)
    dispatch.split(MODEL, "0" * 32)
    dispatch.score(MODEL, "0" * 32, 1)
    standing = overview.workloads([MODEL])[MODEL]
    assert standing.waiting_parts == 2
    assert 30 <= standing.oldest_part_seconds < 60
    link.client.delete(link.key(f"bulk2.{MODEL}"))
    link.client.lpush(link.key(f"bulk2.{MODEL}"), "no JSON")
    standing = overview.workloads([MODEL])[MODEL]
    assert (standing.waiting_parts, standing.oldest_part_seconds) == (1, 0)
    celery.close()


def test_a_worker_describes_itself(link: RedisLink, redis_settings: Settings) -> None:
    """A worker is known by its last description, until it leaves."""
    fleet = RedisFleet(link, redis_settings)
    worker = Worker(
        name="here-1",
        host="here",
        release="1",
        libraries={"numpy": "2"},
        models=[MODEL],
        processes=[5, 6],
        memory=20,
        started_at=1.0,
        clock_ahead=0.0,
    )
    assert fleet.workers() == []
    fleet.announce("here-1", [])
    fleet.describe(worker)
    assert fleet.workers() == [worker]
    fleet.leave("here-1")
    assert fleet.workers() == []
