"""The contract of the job store: whose turn it is, among owners and among the jobs of an owner."""

from collections import Counter

import pytest
from support.stored import MODEL, MakeStore, a_job, complete, parts

from shared.config.settings import Settings
from shared.jobs.job import Job
from shared.jobs.job_store import SPLIT, JobStore, Step
from shared.jobs.state import State
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink


def owned(owner: str, **more: object) -> Job:
    job = a_job()
    spec = job.spec.model_copy(update={"owner": owner, **more})
    return job.model_copy(update={"spec": spec})


def split(store: JobStore, owner: str, count: int, rows: int = 10, **more: object) -> str:
    """A job that is split into parts while no lane is free; its id."""
    job = owned(owner, **more)
    store.create(job)
    store.move(job.spec.id, State.RUNNING)
    store.add_parts(job.spec.id, parts(count, rows), known=0, last=True, lanes=0)
    return job.spec.id


def in_turn(store: JobStore, most: int) -> list[str]:
    """Hand out and complete one step after another; the ids of the jobs, in the order of turns."""
    order: list[str] = []
    steps = store.hand_out(MODEL, lanes=1)
    while steps and len(order) < most:
        [step] = steps
        order.append(step.job_id)
        lanes = 1 if len(order) < most else 0
        steps = complete(store, step.job_id, step.part, lanes=lanes).dispatch
    return order


def test_owners_take_turns_however_many_jobs_they_have(store: JobStore) -> None:
    """One job of an owner gets every second turn next to ten jobs of another owner."""
    flood = [split(store, "many", 30) for _ in range(10)]
    one = split(store, "one", 10)
    order = in_turn(store, 20)
    assert order.count(one) in (9, 10)
    assert set(order) - {one} <= set(flood)


def test_owners_have_weights(make_store: MakeStore) -> None:
    """The setting gives an owner a multiple of the turns of one that it does not name."""
    store = make_store(owner_weights="paying=3, trial=0.5")
    jobs = {name: split(store, name, 100) for name in ("paying", "usual", "trial")}
    order = Counter(in_turn(store, 90))
    assert order[jobs["paying"]] == pytest.approx(60, abs=2)
    assert order[jobs["usual"]] == pytest.approx(20, abs=2)
    assert order[jobs["trial"]] == pytest.approx(10, abs=2)


def test_the_jobs_of_an_owner_take_turns(store: JobStore) -> None:
    """Jobs of one owner, and those of a service without keys, get the same number of turns."""
    jobs = [split(store, "", 30) for _ in range(4)]
    assert Counter(in_turn(store, 40)) == dict.fromkeys(jobs, 10)


def test_priorities_share_the_turns_of_their_owner(store: JobStore) -> None:
    """A high job gets four times as many turns as a normal one, and a low one still a quarter."""
    jobs = {name: split(store, "one", 300, priority=name) for name in ("low", "normal", "high")}
    split(store, "other", 300)
    order = Counter(in_turn(store, 168))
    assert order[jobs["low"]] == pytest.approx(4, abs=1)
    assert order[jobs["normal"]] == pytest.approx(16, abs=2)
    assert order[jobs["high"]] == pytest.approx(64, abs=3)


def test_turns_are_counted_in_rows(store: JobStore) -> None:
    """An owner of parts with a tenth of the rows gets ten times as many turns."""
    large, small = split(store, "large", 30, rows=1000), split(store, "small", 300, rows=100)
    order = Counter(in_turn(store, 110))
    assert order[large] == pytest.approx(10, abs=1)
    assert order[small] == pytest.approx(100, abs=1)


def test_a_part_costs_more_than_its_rows(store: JobStore) -> None:
    """What each part takes besides its rows is counted, so tiny parts gain nothing by that."""
    large = split(store, "large", 30, rows=1000, fixed_rows=1000)
    tiny = split(store, "tiny", 300, rows=1, fixed_rows=1000)
    order = Counter(in_turn(store, 30))
    assert order[large] == pytest.approx(10, abs=1)
    assert order[tiny] == pytest.approx(20, abs=1)


def test_a_newcomer_waits_for_no_more_than_one_turn_of_each(store: JobStore) -> None:
    """However long others had the service for themselves, they owe a newcomer nothing, and it them.

    So neither is starved afterwards.
    """
    first = split(store, "first", 200)
    in_turn(store, 50)
    second = split(store, "second", 200)
    order = in_turn(store, 21)
    assert second in order[:3]
    assert order.count(first) == pytest.approx(order.count(second), abs=2)


def test_a_job_whose_parts_come_one_by_one_starves_nobody(store: JobStore) -> None:
    """A job that leaves the turns after each part, because its split is slow, gets its share."""
    steady = split(store, "steady", 100)
    slow = owned("slow")
    store.create(slow)
    store.move(slow.spec.id, State.RUNNING)
    order: list[str] = []
    known = 0
    while len(order) < 40:
        if known == order.count(slow.spec.id):
            one = parts(1, first=known)
            store.add_parts(slow.spec.id, one, known=known, last=False, lanes=0)
            known += 1
        [step] = store.hand_out(MODEL, lanes=1)
        order.append(step.job_id)
        complete(store, step.job_id, step.part, lanes=0)
    assert order.count(steady) == pytest.approx(20, abs=2)


def test_splits_take_turns_too(store: JobStore) -> None:
    """The split of a new job waits for lanes, and for no splits of another owner's flood."""
    flood = [owned("many") for _ in range(10)]
    for job in flood:
        store.create(job)
    one = owned("one")
    store.create(one)
    handed_out = store.hand_out(MODEL, lanes=4)
    assert len(handed_out) == 4
    assert {step.part for step in handed_out} == {SPLIT}
    assert one.spec.id in [step.job_id for step in handed_out]
    assert store.hand_out(MODEL, lanes=4) == []


def test_all_jobs_share_the_lanes_of_their_model(store: JobStore) -> None:
    """No more than `lanes` parts of all jobs are under way; another model has lanes of its own."""
    first, second = split(store, "a", 9), split(store, "b", 9)
    assert len(store.hand_out(MODEL, lanes=3)) == 3
    assert store.hand_out(MODEL, lanes=3) == []
    assert len(complete(store, first, 0, lanes=3).dispatch) == 1
    other = owned("a", model="other")
    store.create(other)
    assert store.hand_out(other.spec.full_name, lanes=3) == [Step(other.spec.id, SPLIT)]
    assert store.get(second).parts == 9


@pytest.mark.parametrize("end", [State.CANCELLED, State.FAILED, None])
def test_the_lanes_of_an_ended_job_are_free(store: JobStore, end: State | None) -> None:
    """When a job is cancelled, fails or is deleted, the next call fills its lanes with others."""
    first = split(store, "a", 9)
    assert len(store.hand_out(MODEL, lanes=3)) == 3
    second = split(store, "b", 9)
    if end:
        store.move(first, end)
    else:
        store.delete(first)
    assert store.hand_out(MODEL, lanes=3) == [Step(second, part) for part in range(3)]


def test_a_held_up_part_takes_no_lane(store: JobStore) -> None:
    """A job that is held up hands out as many parts as there are lanes, and the others go on."""
    held_up, other = split(store, "a", 9), split(store, "b", 3)
    done: list[int] = []
    for _ in range(12):
        for step in store.hand_out(MODEL, lanes=2):
            if step.job_id == held_up:
                store.hold_up(held_up, step.part, "the disk is full")
            else:
                done.append(step.part)
                complete(store, other, step.part, lanes=0)
    assert done == [0, 1, 2]
    assert complete(store, held_up, 0, lanes=2).dispatch == [Step(held_up, 2)]


def test_nothing_stands_still_if_a_turn_is_lost(store: JobStore) -> None:
    """A job that has no turn although it has parts left gets one when the reconciler looks."""
    job_id = split(store, "a", 3)
    if not hasattr(store, "_link"):
        store._turns.clear()  # type: ignore[attr-defined]
    else:
        keys = store._link.client.keys(f"{store._link.prefix}turns:*")
        store._link.client.delete(*keys)
    assert store.hand_out(MODEL, lanes=1) == []
    store.overdue([MODEL])
    assert store.hand_out(MODEL, lanes=1) == [Step(job_id, 0)]


def test_a_split_by_an_older_worker_keeps_no_lane(
    redis_settings: Settings, link: RedisLink
) -> None:
    """A worker that knows no lanes frees none: the reconciler does once the job has parts."""
    store = RedisJobStore(link, redis_settings)
    job = owned("")
    store.create(job)
    assert store.hand_out(MODEL, lanes=1) == [Step(job.spec.id, SPLIT)]
    store.move(job.spec.id, State.RUNNING)
    assert store.hand_out(MODEL, lanes=1, check=True) == []
    store.add_parts(job.spec.id, parts(3), known=0, last=True, lanes=0)
    link.client.sadd(link.key("lanes", MODEL), f"{job.spec.id} {SPLIT}")
    assert store.hand_out(MODEL, lanes=1) == []
    assert store.hand_out(MODEL, lanes=1, check=True) == [Step(job.spec.id, 0)]
