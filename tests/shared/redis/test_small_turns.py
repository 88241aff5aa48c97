"""Whose turn it is among the owners of small jobs and questions, on Redis."""

from dataclasses import replace
from functools import partial

import pytest
from support.redis_commands import commands_during
from support.stored import MODEL, MakeStore, a_job, question

from shared.config.settings import Settings
from shared.errors.service import OwnerFull, ServiceFull
from shared.jobs.job_store import JobStore
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink


@pytest.fixture
def make_store(redis_settings: Settings, link: RedisLink) -> MakeStore:
    """Only on Redis: in the double all wait in one line."""
    return lambda **changes: RedisJobStore(link, redis_settings.model_copy(update=changes))


def job_of(store: JobStore, owner: str, rows: int = 1, **more: object) -> str:
    job = a_job("small", total=rows)
    spec = job.spec.model_copy(update={"owner": owner, **more})
    store.create(job.model_copy(update={"spec": spec}), b'["1", "text"]\n' * rows)
    return spec.id


def asked_by(store: JobStore, owner: str, rows: int = 1) -> str:
    one = replace(question(rows), owner=owner)
    store.ask(MODEL, one)
    return one.id


def taken(store: JobStore, rows: int) -> list[str]:
    return [job.id for job in store.take_small(MODEL, rows)[0]]


def test_a_question_waits_for_no_flood_of_another_owner(store: JobStore) -> None:
    """Whoever comes after a hundred jobs of another owner is among the next that are taken."""
    flood = [job_of(store, "many") for _ in range(100)]
    mine, also_mine = asked_by(store, "one"), job_of(store, "one")
    assert set(taken(store, 6)) == {*flood[:4], mine, also_mine}
    assert store.waiting_small(MODEL) == 96
    assert taken(store, 3) == flood[4:7]


def test_turns_are_counted_in_rows(store: JobStore) -> None:
    """An owner of jobs with many rows gets fewer turns, and as many rows."""
    large = [job_of(store, "large", 96) for _ in range(10)]
    small = [job_of(store, "small", 6) for _ in range(200)]
    order = [taken(store, 1)[0] for _ in range(55)]
    assert sum(one in large for one in order) == pytest.approx(5, abs=1)
    assert [one for one in order if one in small] == small[: len([o for o in order if o in small])]


def test_owners_have_weights(make_store: MakeStore) -> None:
    """The weights of owners hold for small jobs as for bulk jobs."""
    store = make_store(owner_weights="paying=3")
    paying = [job_of(store, "paying") for _ in range(40)]
    for _ in range(40):
        job_of(store, "usual")
    order = [taken(store, 1)[0] for _ in range(40)]
    assert sum(one in paying for one in order) == pytest.approx(30, abs=1)


def test_priorities_share_the_turns_of_their_owner(store: JobStore) -> None:
    """Among the small jobs of an owner a high one comes before those that wait; a low one moves."""
    normal = [job_of(store, "one") for _ in range(60)]
    low, high = (
        [job_of(store, "one", priority=name) for _ in range(60)] for name in ("low", "high")
    )
    order = [taken(store, 1)[0] for _ in range(63)]
    assert sum(one in low for one in order) == pytest.approx(3, abs=1)
    assert sum(one in normal for one in order) == pytest.approx(12, abs=1)
    assert sum(one in high for one in order) == pytest.approx(48, abs=2)


def test_a_flood_leaves_room_for_others(make_store: MakeStore) -> None:
    """An owner may take half of the room that the others leave, so nobody fills it alone."""
    store = make_store(max_waiting_small=8)
    for _ in range(4):
        job_of(store, "many")
    with pytest.raises(OwnerFull):
        job_of(store, "many")
    with pytest.raises(OwnerFull):
        asked_by(store, "many")
    for _ in range(2):
        asked_by(store, "one")
    with pytest.raises(OwnerFull):
        asked_by(store, "one")
    for _ in range(2):
        job_of(store, "")
    with pytest.raises(ServiceFull):
        job_of(store, "")


def test_a_question_is_found_among_those_of_its_owner(store: JobStore) -> None:
    """A question waits until it is withdrawn or taken; then its owner has no turn any more."""
    one = replace(question(), owner="one")
    store.ask(MODEL, one)
    assert store.is_waiting(MODEL, one)
    assert store.waits([MODEL])
    store.withdraw(MODEL, one)
    assert not store.is_waiting(MODEL, one)
    assert not store.waits([MODEL])
    asked_by(store, "one")
    assert len(taken(store, 1)) == 1
    assert not store.waits([MODEL])


def test_jobs_of_an_older_release_are_taken(store: JobStore, link: RedisLink) -> None:
    """What such a release has put into its one list takes turns with the others."""
    older = [job_of(store, "") for _ in range(3)]
    link.client.delete(link.key("waiting", MODEL), link.key("waiting", MODEL, ""))
    newer = [job_of(store, "one") for _ in range(3)]
    assert store.waiting_small(MODEL) == 6
    first = [taken(store, 1)[0] for _ in range(4)]
    assert sum(one in older for one in first) == 2
    assert {*first, *taken(store, 10)} == {*older, *newer}


def test_abandoned_jobs_of_all_owners_fail(store: JobStore) -> None:
    """When nobody serves a model any more, the jobs of every owner fail, and nothing waits."""
    for owner in ("", "one", "many"):
        job_of(store, owner)
        asked_by(store, owner)
    assert store.abandon(MODEL, "gone") == 3
    assert store.waiting_small(MODEL) == 0
    assert not store.waits([MODEL])


def test_jobs_of_an_older_release_wait_for_no_other_priority(
    store: JobStore, link: RedisLink
) -> None:
    """They take turns although only jobs of another priority of no owner had any."""
    job_of(store, "", priority="high")
    older = job_of(store, "")
    link.client.zrem(link.key("waiting", MODEL, ""), "1")
    for _ in range(20):
        job_of(store, "", priority="high")
    assert older in [taken(store, 1)[0] for _ in range(10)]


def test_nothing_waits_once_an_older_release_has_taken_it(store: JobStore, link: RedisLink) -> None:
    """A worker that knows no turns leaves one; a worker must not seem stalled because of it."""
    job_of(store, "")
    assert link.client.rpop(link.key("small", MODEL))
    assert not store.waits([MODEL])


def test_a_question_costs_the_same_beside_many_owners(store: JobStore, link: RedisLink) -> None:
    """To count what waits takes as many commands with 300 owners as with 3."""
    used: list[int] = []
    for count in (3, 300):
        for number in range(count):
            asked_by(store, f"owner-{number}")
        used.append(commands_during(link, partial(asked_by, store, "owner-1")).total())
    assert used[0] == used[1]


def test_what_waits_is_counted(store: JobStore, link: RedisLink) -> None:
    """However something comes to wait and is taken, the number is that of what is left."""
    one = replace(question(), owner="one")
    store.ask(MODEL, one)
    asked_by(store, "")
    for owner in ("", "one", "many"):
        job_of(store, owner, priority="high")
        job_of(store, owner)
    assert store.waiting_small(MODEL) == 8
    store.withdraw(MODEL, one)
    assert store.waiting_small(MODEL) == 7
    assert [store.take_small(MODEL, 2)[1] for _ in range(4)] == [5, 3, 1, 0]
    assert not link.client.exists(link.key("waits"))
    job_of(store, "many")
    assert store.waiting_small(MODEL) == 1
    store.abandon(MODEL, "gone")
    assert store.waiting_small(MODEL) == 0
    assert not link.client.keys(link.key("wait*"))
