"""The contract of the job store: jobs that are held up, restored or abandoned."""

import pytest
from support.stored import MODEL, MakeStore, a_job, complete, parts, running, small
from support.waiting import wait_for

from shared.config.settings import Settings
from shared.errors.service import JobNotFound
from shared.jobs.job_ids import made_at, new_job_id
from shared.jobs.job_store import SPLIT, JobStore, Step
from shared.jobs.second_model import SecondModel
from shared.jobs.state import State
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.signature import SENTIMENT


def test_a_job_is_restored_from_its_beginning(store: JobStore) -> None:
    """A restored job is split again at once; who begins its parts learns that they may be done."""
    job = a_job()
    store.restore(job, [])
    assert store.get(job.spec.id).state is State.QUEUED
    assert store.overdue([MODEL]) == []
    assert store.hand_out(MODEL, lanes=1) == [Step(job.spec.id, SPLIT)]
    store.move(job.spec.id, State.RUNNING)
    store.add_parts(job.spec.id, parts(1), known=0, last=True, lanes=1)
    begun = store.begin_part(job.spec.id, 0)
    assert begun
    assert (begun.attempts, begun.perhaps_done) == (1, True)


def test_recorded_jobs_are_not_restored(store: JobStore) -> None:
    """A recorded job is not restored, and is not recorded twice."""
    job_id, _ = running(store, 3, lanes=2)
    complete(store, job_id, 0)
    before = store.get(job_id)
    store.restore(before.model_copy(update={"state": State.QUEUED}), [])
    store.create(before)
    assert store.get(job_id) == before


def test_an_ended_job_is_restored_with_its_end(make_store: MakeStore) -> None:
    """An ended job comes back with its counts, times and parts, and expires in its time."""
    store = make_store(retention_seconds=1000)
    now = store.now()
    job = a_job().model_copy(
        update={
            "state": State.SUCCEEDED,
            "started_at": now - 20,
            "finished_at": now - 10,
            "total": 30,
            "completed": 27,
            "failed": 3,
        }
    )
    store.restore(job, parts(3))
    found = store.get(job.spec.id)
    assert (found.state, found.completed, found.failed, found.total) == (State.SUCCEEDED, 27, 3, 30)
    assert (found.parts, found.parts_done) == (3, 3)
    assert found.finished_at == pytest.approx(now - 10)
    assert store.parts(job.spec.id, 0, 9) == parts(3)
    assert store.expire(10) == []
    assert store.overdue([MODEL]) == []
    old = a_job().model_copy(update={"state": State.FAILED, "finished_at": now - 2000})
    store.restore(old, [])
    assert [one.spec.id for one in store.expire(10)] == [old.spec.id]


def test_known_gives_the_states_of_recorded_jobs(store: JobStore) -> None:
    """`known` leaves out jobs that are not recorded."""
    job_id, _ = running(store, 1, lanes=1)
    assert store.known([job_id, "0" * 32]) == {job_id: State.RUNNING}
    assert store.known([]) == {}


def test_a_part_that_is_held_up_costs_no_attempt(make_store: MakeStore) -> None:
    """A held-up part comes back after its lease; the job shows the reason until a part is done."""
    store = make_store(lease_seconds=0.2)
    job_id, _ = running(store, 2, lanes=2)
    for _ in range(3):
        begun = store.begin_part(job_id, 1)
        assert begun
        assert begun.attempts == 1
        store.hold_up(job_id, 1, "the disk is full")
    assert store.get(job_id).held_up == "the disk is full"
    late: set[int] = set()

    def both() -> bool:
        late.update(part for one in store.overdue([MODEL]) for part in one.parts)
        return late == {0, 1}

    assert wait_for(both)
    complete(store, job_id, 0)
    assert store.get(job_id).held_up is None


def test_a_lease_that_is_renewed_does_not_run_out(make_store: MakeStore) -> None:
    """Of two begun parts only the one without renewals is overdue; a done part has no lease."""
    store = make_store(lease_seconds=2.0)
    job_id, _ = running(store, 3, lanes=3)
    complete(store, job_id, 2, lanes=0)

    def overdue() -> list[int]:
        store.renew_part(job_id, 0)
        store.renew_part(job_id, 2)
        return [part for one in store.overdue([MODEL]) for part in one.parts]

    assert wait_for(overdue) == [1]


def test_a_renewed_small_job_is_not_put_back(make_store: MakeStore) -> None:
    """Of two small jobs that were taken only the one without renewals is put back."""
    store = make_store(lease_seconds=2.0)
    renewed, _ = small(store, 1)
    other, _ = small(store, 1)
    store.take_small(MODEL, 10)

    def put_back() -> list[str]:
        store.renew_small([renewed])
        return store.return_small()

    assert wait_for(put_back) == [MODEL]
    taken, _ = store.take_small(MODEL, 10)
    assert [one.id for one in taken] == [other]


def test_the_next_attempt_gets_the_note_of_a_small_job(make_store: MakeStore) -> None:
    """The next attempt at a small job gets the note of the last one."""
    store = make_store(lease_seconds=0.0)
    job_id, _ = small(store, 1)
    [first], _ = store.take_small(MODEL, 10)
    assert first.note == ""
    store.note(job_id, 0, "look at row 3")
    wait_for(store.return_small)
    [second], _ = store.take_small(MODEL, 10)
    assert (second.attempts, second.note) == (2, "look at row 3")


def test_a_task_is_due_once_a_period(store: JobStore) -> None:
    """Each task has its own period; the first call sets the time that `since` returns."""
    assert store.since() == 0
    assert store.due("this", 60)
    assert not store.due("this", 60)
    assert store.due("that", 0.05)
    wait_for(lambda: store.due("that", 0.05))
    assert store.since() == pytest.approx(store.now(), abs=30)


def test_a_store_remembers_everything_from_its_first_job_on(store: JobStore) -> None:
    """The first recorded job sets the time that `since` returns; later calls keep it."""
    first, _ = running(store, 1, lanes=1)
    small(store, 1)
    store.due("this", 60)
    assert store.since() == pytest.approx(made_at(first), abs=1e-4)


def test_a_store_remembers_everything_from_its_first_id_on(store: JobStore) -> None:
    """The first new id sets that time too, before its job is recorded; later ids keep it."""
    job_id = new_job_id(store.new_time())
    store.due("this", 60)
    assert store.since() <= made_at(job_id)
    assert store.since() == pytest.approx(made_at(job_id), abs=1e-4)
    store.new_time()
    assert store.since() <= made_at(job_id), "the first counts"


def test_the_jobs_of_a_version_are_abandoned_together(store: JobStore) -> None:
    """All jobs of a version that have not ended fail with the reason; other jobs do not."""
    bulk, _ = running(store, 1, lanes=1)
    waits, _ = small(store, 1)
    ended, _ = running(store, 1, lanes=1)
    store.move(ended, State.SUCCEEDED)
    assert store.waited_for() == {MODEL}
    assert store.needs(MODEL)
    assert store.abandon("other@000000000000", "") == 0
    assert store.abandon(MODEL, "it was replaced") == 2
    for job_id in (bulk, waits):
        job = store.get(job_id)
        assert (job.state, job.error) == (State.FAILED, "it was replaced")
    assert store.get(ended).state is State.SUCCEEDED
    assert store.waited_for() == set()
    assert not store.needs(MODEL)
    with pytest.raises(JobNotFound):
        store.get("0" * 32)


def test_a_job_needs_both_of_its_models(store: JobStore) -> None:
    """It is not abandoned with its second one, whose columns it can do without."""
    job = a_job()
    second = SecondModel(name="other", version="00000000000b", suffix="@b", signature=SENTIMENT)
    spec = job.spec.model_copy(update={"second": second})
    store.create(job.model_copy(update={"spec": spec}))
    assert store.needs(MODEL)
    assert store.needs(second.full_name)
    assert not store.needs("other@00000000000c")
    assert store.waited_for() == {MODEL}
    assert store.abandon(second.full_name, "gone") == 0
    assert store.abandon(MODEL, "gone") == 1
    assert not store.needs(second.full_name)


def test_an_end_that_was_lost_is_recalled(store: JobStore) -> None:
    """A job that the store has as running gets the end that the manifest has."""
    job_id, _ = running(store, 3, lanes=2)
    complete(store, job_id, 0)
    before = store.get(job_id)
    end = {"state": State.SUCCEEDED, "finished_at": store.now(), "completed": 30, "total": 30}
    store.recall(before.model_copy(update=end), parts(3), None)
    found = store.get(job_id)
    assert (found.state, found.completed, found.parts_done) == (State.SUCCEEDED, 30, 3)
    assert store.begin_part(job_id, 1) is None
    assert store.overdue([MODEL]) == []
    assert [one.spec.id for one in store.list_jobs(9)] == [job_id]


def test_another_server_is_noticed_once(link: RedisLink, redis_settings: Settings) -> None:
    """A job of the time before may be lost: its id is known as such, and it keeps its place."""
    store = RedisJobStore(link, redis_settings)
    assert not store.notice_restart()
    store.due("sweep", 60)
    before, seen = new_job_id(store.now() - 1000), new_job_id(store.new_time())
    link.client.set(link.key("since"), store.now() - 2000)
    assert not store.notice_restart()
    assert not store.may_have_lost(seen)
    link.client.hset(link.key("server"), "id", "that of another process")
    assert store.notice_restart()
    assert not store.notice_restart()
    assert store.may_have_lost(seen)
    assert not store.may_have_lost(before)
    assert not store.may_have_lost(new_job_id(store.now() + 1))
