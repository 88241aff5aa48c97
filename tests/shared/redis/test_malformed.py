"""Whatever stands in Redis that nobody can read hides nothing else, and stops nothing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.in_memory import Service, make_service
from support.stored import MODEL, small

from shared.config.settings import Settings
from shared.errors.service import DataDamaged
from shared.jobs.job_store import Answer
from shared.redis.archiving import ArchivingJobStore
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink
from shared.redis.overview import RedisOverview
from shared.storage.folder_blobs import FolderBlobs

JUNK: list[bytes] = [b"", b"{", b"\xff\xfe", b"null", b"[]", b'{"a": 1}', b"7", b"a b c d\ne"]


@pytest.fixture
def served(redis_settings: Settings, link: RedisLink) -> Service:
    """The service with a real Redis."""
    return make_service(redis_settings.model_copy(update={"default_model": "length"}), link)


@pytest.mark.parametrize("key", ["jobs", "jobs:active", "jobs:ended", "small:ended", "callbacks"])
def test_malformed_ids_in_an_index(served: Service, link: RedisLink, key: str) -> None:
    """Jobs are accepted, scored, listed, moved and expired next to ids that are none."""
    link.client.zadd(link.key(*key.split(":")), dict.fromkeys(JUNK, 1))
    jobs = [served.client.post("/jobs", json={"text": ["good"]}).location]
    csv = {"data": b"text\ngood\n", "content_type": "text/csv"}
    jobs.append(served.client.post("/jobs", **csv).location)
    served.work()
    served.reconcile()
    assert [served.client.get(job).json["state"] for job in jobs] == ["succeeded"] * 2
    listed = [job["links"]["self"] for job in served.client.get("/jobs").json["jobs"]]
    assert sorted(listed) == sorted(jobs)
    served.store.expire(100)
    served.store.archive(100)
    assert served.client.delete(jobs[0]).status_code == 204


@pytest.mark.parametrize(
    "damage",
    [{"spec": "{"}, {"spec": b"\xff"}, {"state": "odd"}, {"total": "many"}, {"done": "x"}],
)
def test_a_damaged_record_hides_no_other(
    served: Service, link: RedisLink, damage: dict[str, Any]
) -> None:
    """It is left out of lists and of upkeep, expires, and is an error by its id."""
    csv = {"data": b"text\ngood\n", "content_type": "text/csv"}
    bad, good = (served.client.post("/jobs", **csv).location for _ in range(2))
    bad_id = bad.rpartition("/")[2]
    served.work()
    link.client.hset(link.key("job", bad_id), mapping=damage)
    link.client.zadd(link.key("jobs", "active"), {bad_id: 0})
    served.reconcile()
    assert served.client.get(good).json["state"] == "succeeded"
    listed = served.client.get("/jobs").json["jobs"]
    assert [job["links"]["self"] for job in listed] == [good]
    with pytest.raises(DataDamaged, match=bad_id):
        served.store.get(bad_id)
    link.client.zadd(link.key("jobs", "ended"), {bad_id: 0})
    served.store.expire(10)
    assert not link.client.zscore(link.key("jobs"), bad_id)


def _in_nodes(link: RedisLink) -> None:
    link.client.sadd(link.key("nodes"), *JUNK)


def _in_models(link: RedisLink) -> None:
    for one in (*JUNK, b"length"):
        link.client.hset(link.key("models"), one, b"{")


def _in_rates(link: RedisLink) -> None:
    for one in JUNK:
        link.client.hset(link.key("rates"), one, one)


def _in_unserved(link: RedisLink) -> None:
    for one in (*JUNK, b"length"):
        link.client.hset(link.key("unserved"), one, one)
        link.client.hset(link.key("replaced"), one, one)


def _in_a_worker(link: RedisLink) -> None:
    for node in link.client.smembers(link.key("nodes")):
        for one in JUNK:
            link.client.hset(link.key("worker", node), one, one)
        link.client.set(link.key("about", node), b"{")
    link.client.sadd(link.key("nodes"), "other")
    link.client.hset(link.key("worker", "other"), "1", b"{")


@pytest.mark.parametrize("damage", [_in_nodes, _in_models, _in_rates, _in_unserved, _in_a_worker])
def test_a_fleet_with_malformed_fields(
    served: Service,
    link: RedisLink,
    redis_settings: Settings,
    damage: Callable[[RedisLink], None],
) -> None:
    """What a live worker serves is known, and its heartbeat goes on."""
    model = served.model.card.full_name
    fleet = RedisFleet(link, redis_settings)
    fleet.announce("here-1", [served.fleet.models()["length"]])
    damage(link)
    fleet = RedisFleet(link, redis_settings)
    assert fleet.serving()[model] >= 1
    assert fleet.models()["length"].card.full_name == model
    assert fleet.processes(model) >= 1
    fleet.workers()
    fleet.rates()
    fleet.forget_unserved(1)
    fleet.forget_removed(["length"])
    assert fleet.replaced_for(model) == 0.0
    for node in link.client.smembers(link.key("nodes")):
        fleet.beat(node, [model])
    assert fleet.serving()[model] >= 1


def test_a_heartbeat_mends_a_malformed_announcement(
    served: Service, link: RedisLink, redis_settings: Settings
) -> None:
    """An announcement that became unreadable is written again, and a field of no process goes."""
    model = served.model.card.full_name
    fleet = RedisFleet(link, redis_settings)
    fleet.announce("mended-1", [served.fleet.models()["length"]])
    fleet.beat("mended-1", [model])
    worker = link.key("worker", "mended-1")
    whole = link.client.hgetall(worker)
    link.client.hset(worker, str(os.getpid()), "{")
    link.client.hset(worker, "abc", "[]")
    assert fleet.beat("mended-1", [model]) == 1
    assert link.client.hgetall(worker) == whole


def test_the_metrics_with_malformed_members(served: Service, link: RedisLink) -> None:
    """What waits and what was done is counted next to names, messages and totals that are none."""
    model = served.model.card.full_name
    served.client.post("/jobs", json={"text": ["good"]})
    link.client.sadd(link.key("small", "models"), *JUNK)
    for one in JUNK:
        link.client.hset(link.key("totals"), one, "1")
        link.client.hset(link.key("totals"), b"completed:" + one, one)
    overview = RedisOverview(link)
    for one in (b"7", b"{", b'{"headers": 7}', b"[]"):
        link.client.delete(f"{link.prefix}bulk2.{model}")
        link.client.rpush(f"{link.prefix}bulk2.{model}", one)
        assert overview.workloads([model])[model].waiting_small == 1
    served.work()
    assert overview.totals().completed[model] == 1


def test_a_move_to_the_archive_with_malformed_names(
    redis_settings: Settings, link: RedisLink, tmp_path: Path
) -> None:
    """Names of no segment and ids of no job are passed over: jobs move, and nothing else goes."""
    (tmp_path / "outside").mkdir()
    blobs = FolderBlobs(tmp_path / "blobs")
    blobs.put("jobs/a/upload", b"rows")
    settings = redis_settings.model_copy(update={"archive_seconds": 0.0})
    store = ArchivingJobStore(link, settings, blobs)
    job_id, _ = small(store, 1)
    store.take_small(MODEL, 10)
    store.answer_small([Answer(job_id, b"1,0.5,\n", 1, 0)])
    names = ("../outside/", "", "jobs/", "ended/", "ended/../jobs/a/", "ended/of-x/")
    link.client.rpush(link.key("archive", "writing"), *names, *JUNK)
    link.client.rpush(link.key("archive", "erase"), "../x", *JUNK)
    assert store.archive(10) == 1
    assert store.small_result(job_id) == b"1,0.5,\n"
    assert (tmp_path / "outside").is_dir()
    assert blobs.read("jobs/a/upload") == b"rows"


def test_folders_of_others_in_the_archive(
    redis_settings: Settings, link: RedisLink, tmp_path: Path
) -> None:
    """A folder that a tool has made hides no archived job."""
    settings = redis_settings.model_copy(update={"archive_seconds": 0.0})
    store = ArchivingJobStore(link, settings, FolderBlobs(tmp_path))
    job_id, _ = small(store, 1)
    store.take_small(MODEL, 10)
    store.answer_small([Answer(job_id, b"1,0.5,\n", 1, 0)])
    assert store.archive(10) == 1
    for folder in [tmp_path, *(one for one in tmp_path.rglob("*") if one.is_dir())]:
        for name in ("odd", "a-b-c", "of-other", "0" * 7):
            (folder / name).mkdir(exist_ok=True)
    assert [job.spec.id for job in store.list_jobs(10)] == [job_id]
    assert store.get(job_id).spec.id == job_id
    store.expire(10)
    store.delete(job_id)
    assert store.list_jobs(10) == []
