"""What the turns cost in Redis, and what workers of an older release leave in it."""

from functools import partial

from support.redis_commands import commands_during
from support.stored import MODEL, a_job, complete, parts

from shared.config.settings import Settings
from shared.jobs.job_store import Step
from shared.jobs.state import State
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink


def running_of(store: RedisJobStore, owner: str, count: int) -> str:
    job = a_job()
    spec = job.spec.model_copy(update={"owner": owner})
    store.create(job.model_copy(update={"spec": spec}))
    store.move(spec.id, State.RUNNING)
    store.add_parts(spec.id, parts(count), known=0, last=True, lanes=0)
    return spec.id


def test_a_turn_costs_the_same_with_many_jobs(link: RedisLink, redis_settings: Settings) -> None:
    """A completed part takes as many commands with 300 jobs of 30 owners as with 3 of 3."""
    settings = redis_settings.model_copy(update={"max_waiting_jobs": 0})
    store = RedisJobStore(link, settings)
    used: list[int] = []
    for count in (3, 297):
        for number in range(count):
            running_of(store, f"owner-{number % 30}", 5)
        [step] = store.hand_out(MODEL, lanes=1)
        complete_one = partial(complete, store, step.job_id, step.part, lanes=1)
        used.append(commands_during(link, complete_one).total())
        store.hand_out(MODEL, lanes=0, check=True)
        link.client.delete(link.key("lanes", MODEL))
    assert used[1] <= used[0] + 3


def test_lanes_that_an_older_release_has_left_are_found(
    link: RedisLink, redis_settings: Settings
) -> None:
    """Steps that a worker without turns has done, or whose job is gone, free their lanes."""
    store = RedisJobStore(link, redis_settings)
    job_id = running_of(store, "a", 9)
    assert len(store.hand_out(MODEL, lanes=3)) == 3
    link.client.setbit(link.key("job", job_id, "done"), 0, 1)
    link.client.srem(link.key("lanes", MODEL), f"{job_id} 1")
    link.client.hset(link.key("job", job_id), "done", 2)
    link.client.sadd(link.key("lanes", MODEL), f"{'0' * 32} 7", f"{'0' * 32} -2")
    assert store.hand_out(MODEL, lanes=3) == []
    assert store.hand_out(MODEL, lanes=3, check=True) == [Step(job_id, 3), Step(job_id, 4)]


def test_a_job_of_an_older_release_goes_on(link: RedisLink, redis_settings: Settings) -> None:
    """A job whose parts were handed out without turns gets one with its next part, or is found."""
    store = RedisJobStore(link, redis_settings)
    job_id = running_of(store, "a", 9)
    link.client.delete(*link.client.keys(link.key("turns", "*")))
    link.client.hset(link.key("job", job_id), "dispatched", 2)
    walk = complete(store, job_id, 0, lanes=2)
    assert walk.dispatch == [Step(job_id, 2)]
