"""The memory that jobs take in Redis is limited, for an owner and in all."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr
from support.doubles.blobs import InMemoryBlobs
from support.in_memory import Service, make_service
from support.problems import problem
from support.stored import MODEL, a_job, parts, question

from api.security.keys import new_key
from shared.config.settings import Settings
from shared.errors.service import OwnerFull, ServiceFull
from shared.jobs.binding import Binding
from shared.jobs.job import Job
from shared.jobs.job_store import Answer
from shared.jobs.state import State
from shared.jobs.summary import Summary
from shared.redis.archiving import ArchivingJobStore
from shared.redis.held_bytes import RECORD_BYTES
from shared.redis.link import RedisLink
from shared.signature import SENTIMENT, Output, Signature

ROW = b'["1", "text"]\n'

Make = Callable[..., ArchivingJobStore]


@pytest.fixture
def make(link: RedisLink, redis_settings: Settings) -> Any:
    """A function that makes a store with other settings."""
    blobs = InMemoryBlobs()

    def make(**changes: Any) -> ArchivingJobStore:
        settings = redis_settings.model_copy(update={"archive_seconds": 0.0} | changes)
        return ArchivingJobStore(link, settings, blobs)

    return make


def job_of(owner: str, kind: str = "small") -> Job:
    job = a_job(kind, total=1 if kind == "small" else None)
    return job.model_copy(update={"spec": job.spec.model_copy(update={"owner": owner})})


def added(store: ArchivingJobStore, owner: str, kind: str = "small", rows: bytes = ROW) -> Job:
    job = job_of(owner, kind)
    store.create(job, rows if kind == "small" else b"")
    return job


def answer_all(store: ArchivingJobStore) -> None:
    taken, _ = store.take_small(MODEL, 100)
    store.answer_small([Answer(one.id, b"1,0.5,\n", 1, 0, one.reply_to) for one in taken])


def held(link: RedisLink) -> dict[str, str]:
    return dict(link.client.hgetall(link.key("held")))


def test_an_owner_has_a_limit(make: Make) -> None:
    """Jobs of either kind over the limit of their owner are refused; another owner's are not."""
    store = make(owner_waiting_bytes=2 * RECORD_BYTES + 500)
    added(store, "me")
    added(store, "me", "bulk")
    for kind in ("small", "bulk"):
        with pytest.raises(OwnerFull, match="6,500 bytes of memory"):
            added(store, "me", kind)
    added(store, "you")
    assert len(store.list_jobs(10)) == 3


def test_all_together_have_a_limit(make: Make) -> None:
    """Jobs of either kind, and questions, over the limit of the service are refused."""
    store = make(max_waiting_bytes=2 * RECORD_BYTES + 500)
    added(store, "me")
    added(store, "you")
    for kind in ("small", "bulk"):
        with pytest.raises(ServiceFull, match="6,500 bytes of memory"):
            added(store, "she", kind)
    with pytest.raises(ServiceFull):
        store.ask(MODEL, question(100))
    assert store.waiting_small(MODEL) == 2


def test_without_keys_only_the_limit_in_all_counts(make: Make) -> None:
    """Jobs of nobody have no limit of an owner."""
    store = make(owner_waiting_bytes=1)
    added(store, "")


@pytest.mark.parametrize("how", ["moved", "deleted", "deleted before", "expired"])
def test_a_job_that_leaves_redis_takes_nothing(make: Make, link: RedisLink, how: str) -> None:
    """When a job moves, is deleted or expires, all that was counted of it is released, once."""
    store = make(retention_seconds=1e-6 if how == "expired" else 1000.0)
    jobs = [added(store, "me"), added(store, "me", rows=ROW * 50), added(store, "me", "bulk")]
    assert int(held(link)["of:me"]) == int(held(link)["all"]) > 3 * RECORD_BYTES + 51 * len(ROW)
    if how != "deleted before":
        answer_all(store)
        store.move(jobs[2].spec.id, State.CANCELLED)
    if how == "moved":
        store.archive(10)
        store.archive(10)
        assert int(held(link)["all"]) == RECORD_BYTES
        store.delete(jobs[2].spec.id)
    while how == "expired" and store.expire(10):
        pass
    if how.startswith("deleted"):
        for job in jobs * 2:
            store.delete(job.spec.id)
    assert held(link) == {"all": "0"}


def test_a_question_takes_memory_while_it_waits(make: Make, link: RedisLink) -> None:
    """A question is counted until it is taken, withdrawn or given up."""
    store = make()
    taken, withdrawn, abandoned = question(5), question(7), question(9)
    for one in (taken, withdrawn):
        store.ask(MODEL, one)
    assert int(held(link)["all"]) > 12 * len(ROW)
    for _ in range(2):
        store.withdraw(MODEL, withdrawn)
    answer_all(store)
    assert held(link) == {"all": "0"}
    store.ask(MODEL, abandoned)
    store.abandon(MODEL, "no worker")
    assert held(link) == {"all": "0"}


def test_a_job_is_counted_once(make: Make, link: RedisLink) -> None:
    """If the answer to a recording is lost, and it is sent again, the job waits and counts once."""
    store, job = make(), job_of("me")
    assert store.create(job, ROW)
    before = held(link)
    assert store.create(job, ROW)
    assert (held(link), store.waiting_small(MODEL)) == (before, 1)


def test_jobs_move_at_once_when_much_is_held(make: Make) -> None:
    """Over half of the limit, ended jobs move without delay."""
    for most, moved in ((20 * RECORD_BYTES, 0), (RECORD_BYTES, 1)):
        store = make(archive_seconds=1000.0, max_waiting_bytes=20 * RECORD_BYTES)
        added(store, "me")
        answer_all(store)
        store._much = most // 2
        assert store.archive(1) == moved


def test_the_api_refuses_clearly(redis_settings: Settings, link: RedisLink) -> None:
    """The owner gets a 429, and all others a 503, both with Retry-After; deleting makes room."""
    key, line = new_key("alice", "submit,read")
    changes = {"api_keys": SecretStr(line), "default_model": "length", "archive_seconds": 1000.0}
    headers = {"Authorization": f"Bearer {key}"}

    def submit(service: Service) -> Any:
        return service.client.post("/jobs", json={"text": ["good"]}, headers=headers)

    for name, status, code in (
        ("owner_waiting_bytes", 429, "owner-full"),
        ("max_waiting_bytes", 503, "service-full"),
    ):
        limit = {name: 2 * RECORD_BYTES}
        service = make_service(redis_settings.model_copy(update=changes | limit), link)
        first = submit(service)
        assert first.status_code == 202
        refused = submit(service)
        assert "6,000 bytes of memory" in problem(refused, status, code)
        assert refused.headers["Retry-After"] == "10"
        assert service.client.delete(first.location, headers=headers).status_code == 204
        again = submit(service)
        assert again.status_code == 202
        service.client.delete(again.location, headers=headers)


def test_an_upload_is_refused_before_it_is_read(
    redis_settings: Settings, link: RedisLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CSV is refused at its first bytes when jobs take all the memory that they may."""
    changes = {"max_waiting_bytes": RECORD_BYTES + 100, "default_model": "length"}
    service = make_service(redis_settings.model_copy(update=changes), link)
    csv = {"data": b"text\ngood\n", "content_type": "text/csv"}
    assert service.client.post("/jobs", **csv).status_code == 202
    link.client.hset(link.key("held"), "all", RECORD_BYTES + 100)

    def write(*_: object) -> None:
        pytest.fail("the upload was stored")

    monkeypatch.setattr(service.blobs, "writing", write)
    problem(service.client.post("/jobs", **csv), 503, "service-full")


def keyed(store: ArchivingJobStore, key: str, owner: str = "me") -> Job:
    store.hold_key(key, key[:16], 60)
    job = job_of(owner)
    binding = Binding(key=key, token=key[:16], fingerprint="f")
    job = job.model_copy(update={"spec": job.spec.model_copy(update={"binding": binding})})
    store.create(job, ROW)
    return job


def test_keys_of_jobs_that_have_moved_have_a_limit(make: Make, link: RedisLink) -> None:
    """Keys that outlive their jobs in Redis count, for an owner and in all, until they go."""
    store = make(owner_waiting_bytes=2 * RECORD_BYTES)
    jobs = []
    while store.load("me").owner_held + RECORD_BYTES + 100 < 2 * RECORD_BYTES:
        jobs.append(keyed(store, f"{len(jobs):064x}"))
        answer_all(store)
        store.archive(10)
    assert len(jobs) > 3
    assert held(link) == {"all": "0"}
    with pytest.raises(OwnerFull, match="idempotency keys"):
        keyed(store, "f" * 64)
    with pytest.raises(ServiceFull):
        keyed(make(max_waiting_bytes=2 * RECORD_BYTES), "e" * 64, owner="you")
    keyed(store, "d" * 64, owner="you")
    size = link.client.memory_usage(link.key("key", "0" * 64), samples=0)
    assert 200 < size < 450
    for job in jobs:
        store.delete(job.spec.id)
    assert store.load("me").owner_held == 0
    keyed(store, "f" * 64)


def test_expired_keys_do_not_count(make: Make, link: RedisLink) -> None:
    """A key is counted once, until the hour in which it expires is over."""
    store = make()
    job = keyed(store, "a" * 64)
    before = store.load("me")
    store.create(job, ROW)
    assert store.load("me") == before
    for whose in ("all", "of:me"):
        counts = link.client.hgetall(link.key("keys", whose))
        assert list(counts.values()) == ["1"]
        link.client.delete(link.key("keys", whose))
        link.client.hset(link.key("keys", whose), "7", 1000)
    assert before.held - store.load("me").held == 400
    keyed(store, "b" * 64)
    assert link.client.hlen(link.key("keys", "of:me")) == 1
    assert link.client.ttl(link.key("keys", "of:me")) > 3600


@pytest.mark.parametrize("how", ["deleted", "expired"])
def test_a_key_goes_with_its_job(make: Make, link: RedisLink, how: str) -> None:
    """The key of a job that is deleted or has expired takes no memory; a later job's key stays."""
    store, keys = make(retention_seconds=1e-6), ["a" * 64, "b" * 64]
    for key in keys:
        store.hold_key(key, key[:16], 60)
        binding = Binding(key=key, token=key[:16], fingerprint="f")
        job = job_of("me")
        spec = job.spec.model_copy(update={"binding": binding})
        store.create(job.model_copy(update={"spec": spec}), ROW)
    link.client.hset(link.key("key", keys[1]), "job", "0" * 32)
    answer_all(store)
    if how == "deleted":
        for one in store.list_jobs(10):
            store.delete(one.spec.id)
    else:
        store.expire(10)
    assert [link.client.exists(link.key("key", key)) for key in keys] == [0, 1]


@pytest.mark.parametrize("sketches", [1, 12])
def test_the_summary_of_many_outputs_counts(link: RedisLink, make: Make, sketches: int) -> None:
    """What a full sketch takes in Redis is little more or less than what its job is counted for."""
    signature = Signature(
        inputs=SENTIMENT.inputs,
        outputs=tuple(Output(name=f"prediction_{at}") for at in range(sketches)),
    )
    job = a_job(total=10_000)
    changes = {"signature": signature, "rows_per_part": 10_000}
    job = job.model_copy(update={"spec": job.spec.model_copy(update=changes)})
    store = make()
    store.create(job)
    assert store.move(job.spec.id, State.RUNNING)
    store.add_parts(job.spec.id, parts(1), known=0, last=True, lanes=1)
    wide = [(-1) ** at * 1.003**at for at in range(10_000)]
    summary = Summary.of(signature.outputs, [wide] * sketches, [None] * len(wide))
    store.complete_part(job.spec.id, 0, completed=10, failed=0, lanes=1, summary=summary)
    keys = link.client.keys(link.key("job", job.spec.id) + "*")
    taken = sum(link.client.memory_usage(key, samples=0) for key in keys)
    # Joining buckets halves the blocks.
    assert 0.4 * int(held(link)["all"]) < taken < 1.2 * int(held(link)["all"])
