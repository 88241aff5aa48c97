"""Whatever stands in Redis that nobody can read hides nothing else, and stops nothing."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from support.in_memory import Service, make_service

from shared.config.settings import Settings
from shared.errors.service import DataDamaged
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink

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
