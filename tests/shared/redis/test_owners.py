"""The contract of the job store: jobs, load and requests by owner."""

import pytest
from support.stored import MODEL, MakeStore, a_job, complete, parts, question, small
from support.waiting import wait_for

from shared.errors.service import JobNotFound, OwnerFull, ServiceFull
from shared.jobs.job import Job
from shared.jobs.job_store import JobStore, Load
from shared.jobs.state import State


def owned(store: JobStore, owner: str, about_rows: int = 40) -> Job:
    job = a_job()
    spec = job.spec.model_copy(update={"owner": owner, "about_rows": about_rows})
    job = job.model_copy(update={"spec": spec})
    store.create(job)
    return job


def test_jobs_are_listed_by_owner(store: JobStore) -> None:
    """Jobs are listed by owner, or all of them; a deleted job leaves the list, a restored one
    returns.
    """
    one, other, nobodys = owned(store, "one"), owned(store, "other"), owned(store, "")

    def listed(owner: str | None) -> set[str]:
        return {job.spec.id for job in store.list_jobs(10, owner=owner)}

    assert listed("one") == {one.spec.id}
    assert listed(None) == {one.spec.id, other.spec.id, nobodys.spec.id}
    store.delete(one.spec.id)
    assert listed("one") == set()
    store.restore(one, [])
    assert listed("one") == {one.spec.id}


def test_load_is_counted_from_the_jobs(store: JobStore) -> None:
    """Open rows are estimated until they are counted; done rows and ended jobs do not count."""
    assert store.load("one") == Load(0, 0, 0, 0)
    job, other = owned(store, "one"), owned(store, "other", 7)
    assert store.load("one") == Load(2, 47, 1, 40)
    store.move(job.spec.id, State.RUNNING)
    store.add_parts(job.spec.id, parts(3), known=0, last=True, lanes=2)
    assert store.load("one") == Load(2, 37, 1, 30)
    complete(store, job.spec.id, 0)
    assert store.load("one") == Load(2, 27, 1, 20)
    store.move(job.spec.id, State.CANCELLED)
    assert store.load("one") == Load(1, 7, 0, 0)
    store.delete(other.spec.id)
    assert store.load("other") == Load(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("limits", "owners", "error"),
    [
        ({"max_waiting_jobs": 2}, ["one", "other", "third"], ServiceFull),
        ({"max_waiting_rows": 90}, ["", "one", "other"], ServiceFull),
        ({"owner_waiting_jobs": 2}, ["one", "one", "one"], OwnerFull),
        ({"owner_waiting_rows": 90}, ["one", "one", "one"], OwnerFull),
    ],
)
def test_a_job_over_a_limit_is_not_recorded(
    make_store: MakeStore, limits: dict[str, int], owners: list[str], error: type[Exception]
) -> None:
    """The limits are checked while the job is recorded, so that no two take the same room."""
    store = make_store(**limits)
    first, second = (owned(store, owner) for owner in owners[:2])
    with pytest.raises(error, match="2 jobs of 80 rows"):
        owned(store, owners[2])
    assert {job.spec.id for job in store.list_jobs(10)} == {first.spec.id, second.spec.id}
    store.move(first.spec.id, State.CANCELLED)
    owned(store, owners[2])
    # What was accepted before is restored whatever waits.
    store.delete(second.spec.id)
    owned(store, owners[1])
    assert store.restore(second, [])


def test_nobody_has_no_limits_of_an_owner(make_store: MakeStore) -> None:
    """Jobs of a service without keys belong to nobody."""
    store = make_store(owner_waiting_jobs=1, owner_waiting_rows=1)
    assert len({owned(store, "").spec.id for _ in range(3)}) == 3


def test_requests_are_counted_in_a_window(store: JobStore) -> None:
    """Each owner's requests are counted by themselves; the next window begins at 1."""
    assert [store.spend("one", 60).count for _ in range(3)] == [1, 2, 3]
    spent = store.spend("other", 60)
    assert spent.count == 1
    assert 50 < spent.seconds_left <= 60
    assert store.spend("short", 1).count == 1
    wait_for(lambda: store.spend("short", 1).count == 1)


def test_a_full_waiting_list_takes_no_more(make_store: MakeStore) -> None:
    """A full waiting list refuses jobs and questions and keeps no trace of them."""
    store = make_store(max_waiting_small=2)
    small(store, 1)
    store.ask(MODEL, question())
    job = a_job("small", total=1)
    with pytest.raises(ServiceFull, match="2 small jobs"):
        store.create(job, b'["1", "text"]\n')
    with pytest.raises(JobNotFound):
        store.get(job.spec.id)
    with pytest.raises(ServiceFull):
        store.ask(MODEL, question())
    taken, left = store.take_small(MODEL, 10)
    assert (len(taken), left) == (2, 0)
